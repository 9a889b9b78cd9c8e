"""Geometry as a contract: from a file through a fake engine to a file, every voxel stays where it is in the world."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from itertools import permutations, product
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nibabel.affines import apply_affine
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from gliascope.bundle import load_bundle
from gliascope.engine.fake import FakeEngine
from gliascope.errors import GliascopeError, InputError
from gliascope.pipeline import Analyser, analyse_into
from gliascope.present.volumes import write_volume
from gliascope.read import find_cases

BundleFactory = Callable[..., Path]
ORIENTATIONS = ["".join(letters) for axes in permutations(("RL", "AP", "IS")) for letters in product(*axes)]
CLOSE = 1e-3
"""Millimetres."""


@pytest.fixture(scope="module")
def analyser(tiny_bundle: BundleFactory) -> Analyser:
    return Analyser(load_bundle(tiny_bundle()), engine=FakeEngine("shared"))


def marked_head() -> NDArray[np.int16]:
    """A grey head of 40 x 44 x 16 voxels, with a bright box to the left, posterior and superior; stored as LPS."""
    shape = (40, 44, 16)
    grid = np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij")
    values = np.where(np.hypot(grid[0], grid[1]) < 0.9, 300, 0).astype(np.int16)
    values[22:32, 24:34, 8:13] = 900
    return values


def stored(code: str, matrix: NDArray[Any]) -> tuple[NDArray[np.int16], NDArray[Any]]:
    """The head with its axes in another order, and its affine to RAS+ millimetres."""
    affine = np.eye(4)
    affine[:3, :3] = np.diag([-1.0, -1, 1]) @ matrix
    affine[:3, 3] = (31, -27, -12)
    values = marked_head()
    turn = nibabel.orientations.ornt_transform(
        nibabel.orientations.axcodes2ornt(tuple("LPS")), nibabel.orientations.axcodes2ornt(tuple(code))
    )
    turned = nibabel.orientations.apply_orientation(values, turn)
    return turned, affine @ nibabel.orientations.inv_ornt_aff(turn, values.shape)


def analysed(analyser: Analyser, folder: Path, values: NDArray[Any], affine: NDArray[Any], change: Any = None) -> Path:
    source = folder / "case" / "case_flair.nii.gz"
    source.parent.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(values, affine)
    if change is not None:
        change(image.header)
    nibabel.save(image, source)
    (outcome,) = analyse_into(analyser, find_cases(source.parent), folder / "out", figures=False)
    assert outcome.record["problems"] == []
    assert outcome.record["verdict"] == "tumour"
    return outcome.folder / "mask.nii.gz"


def test_a_written_file_that_reads_otherwise_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = nibabel.Nifti1Image(marked_head(), np.eye(4)).header.binaryblock
    mask = marked_head() > 600
    damaged = gzip.compress(header + bytes(4))
    monkeypatch.setattr("gliascope.present.volumes.gzip.compress", lambda _, **__: damaged)
    with pytest.raises((GliascopeError, OSError)):
        write_volume(mask, header, tmp_path / "mask.nii.gz")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InputError, match="bool, uint8 or float32 and 3-D"):
        write_volume(np.zeros((2, 2, 2)), header, tmp_path / "mask.nii.gz")


def places_by_nibabel(path: Path, level: float) -> NDArray[np.float64]:
    image = nibabel.Nifti1Image.from_filename(path)
    return np.asarray(apply_affine(image.affine, np.argwhere(image.get_fdata() > level)))


def places_by_simpleitk(path: Path, level: float) -> NDArray[np.float64]:
    image = SimpleITK.ReadImage(str(path))
    inside = np.argwhere(SimpleITK.GetArrayFromImage(image) > level)[:, ::-1]
    found = [image.TransformIndexToPhysicalPoint([int(one) for one in index]) for index in inside]
    return np.array(found) * [-1, -1, 1]


def ends(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Middle of a set of places, and its farthest points along the axes: what tells two sets apart."""
    return np.concatenate([places.mean(axis=0), places.min(axis=0), places.max(axis=0)])


def check(source: Path, mask: Path, tolerance: float) -> None:
    expected = places_by_nibabel(source, 600)
    assert np.allclose(ends(places_by_nibabel(mask, 0.5)), ends(expected), atol=tolerance)
    assert np.allclose(ends(places_by_simpleitk(mask, 0.5)), ends(expected), atol=tolerance)


@pytest.mark.parametrize("code", ORIENTATIONS)
def test_every_orientation(analyser: Analyser, tmp_path: Path, code: str) -> None:
    mask = analysed(analyser, tmp_path, *stored(code, np.diag([2.0, 2.0, 5.0])))
    check(tmp_path / "case" / "case_flair.nii.gz", mask, CLOSE)


@given(
    code=st.sampled_from(ORIENTATIONS),
    angles=st.tuples(*[st.floats(-14, 14)] * 3),
    edge=st.floats(0.5, 3),
    thickness=st.floats(0.5, 8),
)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_oblique_and_anisotropic(
    analyser: Analyser,
    tmp_path: Path,
    code: str,
    angles: tuple[float, float, float],
    edge: float,
    thickness: float,
) -> None:
    matrix = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() @ np.diag([edge, edge, thickness])
    mask = analysed(analyser, tmp_path, *stored(code, matrix))
    check(tmp_path / "case" / "case_flair.nii.gz", mask, CLOSE)


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([1.0, 3.0, 5.0]),
        Rotation.from_euler("xz", [38, 12], degrees=True).as_matrix() @ np.diag([2.0, 2.0, 4.0]),
    ],
    ids=["not square", "tilted by 38 degrees"],
)
def test_what_must_be_resampled_comes_back_within_a_voxel(
    analyser: Analyser, tmp_path: Path, matrix: NDArray[Any]
) -> None:
    mask = analysed(analyser, tmp_path, *stored("LPS", matrix))
    source = nibabel.Nifti1Image.from_filename(tmp_path / "case" / "case_flair.nii.gz")
    result = nibabel.Nifti1Image.from_filename(mask)
    assert np.allclose(result.affine, source.affine, atol=1e-5)
    found, real = result.get_fdata() > 0.5, source.get_fdata() > 600
    assert 2 * np.count_nonzero(found & real) / (np.count_nonzero(found) + np.count_nonzero(real)) > 0.8


def test_the_header_is_kept(analyser: Analyser, tmp_path: Path) -> None:
    def change(header: Any) -> None:
        header.set_xyzt_units("mm", "sec")
        header.set_sform(header.get_best_affine(), 4)
        header.set_qform(header.get_best_affine(), 1)
        header.set_slope_inter(2, 7)

    values, affine = stored("PIR", np.diag([1.5, 1.5, 4.0]))
    mask = analysed(analyser, tmp_path, values, affine, change)
    result = nibabel.Nifti1Image.from_filename(mask)
    source = nibabel.Nifti1Image.from_filename(tmp_path / "case" / "case_flair.nii.gz")
    for key in ("qform_code", "sform_code", "xyzt_units", "srow_x", "srow_y", "srow_z", "quatern_b", "qoffset_x"):
        assert np.array_equal(result.header[key], source.header[key]), key
    assert np.array_equal(result.header["pixdim"][:4], source.header["pixdim"][:4])
    assert result.get_data_dtype() == np.uint8
    assert set(np.unique(result.get_fdata())) == {0, 1}


def test_the_same_case_gives_the_same_bytes(analyser: Analyser, tmp_path: Path) -> None:
    first, second = (
        analysed(analyser, tmp_path / name, *stored("RAS", np.diag([2.0, 2.0, 5.0]))).read_bytes() for name in "ab"
    )
    assert first == second


def test_without_spacing_there_are_no_millimetres(analyser: Analyser, tmp_path: Path) -> None:
    path = tmp_path / "case_flair.nii"
    nibabel.save(nibabel.Nifti1Image(marked_head(), np.diag([-1.0, -1, 1, 1])), path)
    content = bytearray(path.read_bytes())
    header = nibabel.Nifti1Header(bytes(content[:348]), check=False)
    header["sform_code"], header["qform_code"] = 0, 0
    header["pixdim"][1:4] = 0
    content[:348] = header.binaryblock
    path.write_bytes(content)
    (outcome,) = analyse_into(analyser, find_cases(path), tmp_path / "out", figures=False)
    assert outcome.record["measurement"] is None
    assert outcome.record["volume"]["spacing_mm"] is None
    assert outcome.record["area_px"] > 0
    rows = (tmp_path / "out" / "cases.csv").read_text(encoding="utf-8").splitlines()
    assert rows[1].endswith(",,,,")


def test_without_flair_the_case_says_so(analyser: Analyser, tmp_path: Path) -> None:
    path = tmp_path / "case" / "case_t1c.nii"
    path.parent.mkdir()
    nibabel.save(nibabel.Nifti1Image(marked_head(), np.diag([-2.0, -2, 5, 1])), path)
    (outcome,) = analyse_into(analyser, find_cases(path), tmp_path / "out", figures=False)
    assert "no FLAIR" in " ".join(outcome.record["warnings"])


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 40, 40), (40, 40, 1), (3, 2, 90), (400, 300, 2)])
@pytest.mark.parametrize("kind", ["noise", "constant"])
def test_odd_shapes_end_well(analyser: Analyser, tmp_path: Path, shape: tuple[int, int, int], kind: str) -> None:
    values = np.random.default_rng(0).integers(0, 900, shape).astype(np.int16) if kind == "noise" else np.ones(shape)
    path = tmp_path / "case_flair.nii"
    nibabel.save(nibabel.Nifti1Image(values.astype(np.int16), np.diag([-1.0, -1, 4, 1])), path)
    (outcome,) = analyse_into(analyser, find_cases(path), tmp_path / "out")
    assert outcome.record["problems"] == []
    assert nibabel.Nifti1Image.from_filename(outcome.folder / "mask.nii.gz").shape == shape
