"""Real volumes through the embedded networks; the full figures are made by docs/measure_volumes.py."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
import SimpleITK

from gliascope.bundle import EMBEDDED, load_bundle
from gliascope.pipeline import Analyser, analyse_into
from gliascope.read import find_cases

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    if not (EMBEDDED / "bundle.json").is_file():
        pytest.skip("this checkout holds no embedded bundle")
    return Analyser(load_bundle(), device="cpu", precision="float32")


def test_a_tumour_is_outlined_where_it_is(external_root: Path, analyser: Analyser, tmp_path: Path) -> None:
    source = external_root / "brats" / "BraTS2021_01476"
    folder = tmp_path / source.name
    folder.mkdir()
    for path in source.glob("*.nii"):  # every third slice, stored with other axes: a third of the time
        image = nibabel.Nifti1Image.from_filename(path).slicer[:, :, 1::3]
        axes = nibabel.orientations.axcodes2ornt(tuple("SAR"))
        turn = nibabel.orientations.ornt_transform(nibabel.orientations.io_orientation(image.affine), axes)
        nibabel.save(image.as_reoriented(turn), folder / path.name)
    (outcome,) = analyse_into(analyser, find_cases(folder), tmp_path / "out", figures=False)
    assert not outcome.has_problems
    truth = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(folder / f"{source.name}_seg.nii"))) > 0
    result = SimpleITK.ReadImage(str(outcome.folder / "mask.nii.gz"))
    flair = SimpleITK.ReadImage(str(folder / f"{source.name}_flair.nii"))
    assert result.GetSize() == flair.GetSize()
    assert np.allclose(result.GetOrigin(), flair.GetOrigin())
    assert np.allclose(result.GetDirection(), flair.GetDirection())
    found = SimpleITK.GetArrayFromImage(result) > 0
    assert 2 * np.count_nonzero(found & truth) / (np.count_nonzero(found) + np.count_nonzero(truth)) >= 0.70
    measured = outcome.record["measurement"]
    assert measured["side"] == "right"
    assert measured["volume_ml"] == pytest.approx(np.count_nonzero(truth) * 3 / 1000, rel=0.2)


def test_sequences_on_their_own_grids_meet(external_root: Path, analyser: Analyser, tmp_path: Path) -> None:
    folder = external_root / "native" / "TCGA-FG-6692"
    (outcome,) = analyse_into(analyser, find_cases(folder), tmp_path / "out", figures=False)
    record = outcome.record
    assert record["problems"] == []
    assert record["verdict"] == "tumour"
    assert [one for one in record["warnings"] if "it was registered, moved by" in one]
    assert record["slices"][0]["sequences"] == ["pre", "flair", "post"]
    result, flair = (
        nibabel.Nifti1Image.from_filename(one) for one in (outcome.folder / "mask.nii.gz", folder / "t2f.nii.gz")
    )
    assert result.shape == flair.shape
    assert np.array_equal(result.affine, flair.affine)
    assert record["measurement"]["side"] == "right"
    assert record["measurement"]["centroid_mm"]["left"] == pytest.approx(-54, abs=6)
    assert record["measurement"]["volume_ml"] == pytest.approx(22, abs=6)
