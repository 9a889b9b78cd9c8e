"""Real headers and real voxels as DICOM: right, or refused by a rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from nibabel.affines import apply_affine
from scipy.spatial import KDTree

from gliascope.bundle import EMBEDDED, load_bundle
from gliascope.pipeline import Analyser, analyse_into
from gliascope.read import CaseFiles, find_cases, read_case
from gliascope.read.dicom.plan import Plan
from tests.native_study import write_study

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def analyser() -> Analyser:
    if not (EMBEDDED / "bundle.json").is_file():
        pytest.skip("this checkout holds no embedded bundle")
    return Analyser(load_bundle(), device="cpu", precision="float32")


def places(path: Path) -> Any:
    image = nibabel.Nifti1Image.from_filename(path)
    return apply_affine(image.affine, np.argwhere(np.asarray(image.dataobj) > 0))


def test_a_study_gives_the_mask_of_its_volumes(
    external_root: Path, analyser: Analyser, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    source = external_root / "native" / "TCGA-FG-6692"
    write_study(source, tmp_path / "study")
    listed = cli("studies", tmp_path / "study")
    assert listed.status == 0
    assert "FLAIR: series 4 (AX T2 FLAIR), oblique axial, 26 slices of 256 x 208, 0.898 x 0.898 x 5.5 mm" in listed.out
    (one,) = analyse_into(analyser, find_cases(tmp_path / "study"), tmp_path / "dicom", figures=False)
    (other,) = analyse_into(analyser, find_cases(source), tmp_path / "nifti", figures=False)
    assert one.record["verdict"] == other.record["verdict"] == "tumour"
    assert one.record["measurement"]["side"] == other.record["measurement"]["side"] == "right"
    assert one.record["problems"] == []
    found, expected = places(one.folder / "mask.nii.gz"), places(other.folder / "mask.nii.gz")
    assert len(found) > 4000
    apart, _ = KDTree(expected).query(found)
    shared = np.count_nonzero(apart < 1e-3)
    assert 2 * shared / (len(found) + len(expected)) > 0.999  # registration ends elsewhere by its last digits


def test_the_flair_alone_is_the_same_to_the_voxel(external_root: Path, tmp_path: Path) -> None:
    source = external_root / "native" / "TCGA-FG-6692"
    write_study(source, tmp_path / "study")
    (one,) = read_case(find_cases(tmp_path / "study" / "4_flair")[0]).scans
    (other,) = read_case(find_cases(source / "t2f.nii.gz")[0]).scans
    assert np.array_equal(one.pixels, other.pixels)
    assert one.grid.is_at(other.grid, tolerance=1e-3)


def test_a_sagittal_head_without_flair(external_root: Path, analyser: Analyser, tmp_path: Path) -> None:
    (one,) = analyse_into(
        analyser, find_cases(external_root / "dicom" / "head_t1_sagittal_hfs"), tmp_path, figures=False
    )
    assert one.record["verdict"] == "not assessable"
    assert one.record["reason"] == "no FLAIR"
    assert one.record["problems"] == []
    assert one.record["warnings"][0] == "the study has no FLAIR that can be used: it is not assessable"


RULES = {
    "gantrytilting": "received CT Image Storage; the slices are shifted against each other (sheared by 14.0 degrees",
    "notavolume": "4 volumes in one series",
    "slicecount": "at least 3 slices to be a volume, received 2",
    "sliceincrement/001": "of 10 mm: 1 seems to be missing",
    "sliceincrement/002": "of 1.499 mm: 1 seems to be missing",
    "sliceorientation": "must be parallel, received 2 orientations",
}


@pytest.mark.parametrize("folder", RULES)
def test_refused_by_a_rule_that_is_named(folder: str, external_root: Path) -> None:
    (files,) = find_cases(external_root / "dicom" / "failing" / folder)
    case = read_case(files)
    assert case.scans == ()
    assert RULES[folder] in case.problems[0].message


def test_a_tilted_gantry_is_told(external_root: Path) -> None:
    ((use,),) = (plan_of(files).uses for files in find_cases(external_root / "dicom" / "failing" / "gantrytilting"))
    assert use.series.stack is not None
    assert "sheared by 14.0 degrees" in use.series.stack.notes[0]


def plan_of(files: CaseFiles) -> Plan:
    assert files.study is not None
    return files.study


@pytest.mark.parametrize(
    ("folder", "plane", "slices", "step"),
    [
        ("anatomical/001", "oblique sagittal", 4, 1.0),
        ("anatomical/001_implicit", "oblique sagittal", 4, 1.0),
        ("hitachi/anatomical/001", "oblique sagittal", 4, 4.0),
        ("hitachi/anatomical/001_implicit", "oblique sagittal", 4, 4.0),
        ("siemens_multiframe/anatomical/001", "oblique axial", 8, 0.9),
        ("head_t1_sagittal_hfs", "sagittal", 35, 4.8),
    ],
)
def test_real_headers_of_several_vendors(
    folder: str, plane: str, slices: int, step: float, external_root: Path
) -> None:
    (use,) = plan_of(find_cases(external_root / "dicom" / folder)[0]).uses
    stack = use.series.stack
    assert stack is not None
    assert stack.notes == ()
    assert use.series.plane == plane
    assert stack.grid.shape[2] == slices
    assert np.linalg.norm(stack.grid.affine[:3, 2]) == pytest.approx(step, abs=0.01)


def test_a_multi_frame_image_is_read_when_it_is_named(external_root: Path) -> None:
    folder = external_root / "dicom" / "siemens_multiframe"
    uid = plan_of(find_cases(folder)[0]).uses[0].series.uid
    (files,) = find_cases(folder, [f"t1={uid}"])
    (scan,) = read_case(files).scans
    assert scan.pixels.shape == (8, 256, 256, 1)
    assert scan.volume is not None
    assert scan.volume.dicom is not None
    assert [one.frame for one in scan.volume.dicom.images] == list(range(8))
