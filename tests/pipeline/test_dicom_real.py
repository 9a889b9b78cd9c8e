"""A patient's scan as the scanner sends it, and what goes back to the archive."""

from __future__ import annotations

from pathlib import Path

import highdicom
import nibabel
import numpy as np
import pytest
from nibabel.affines import apply_affine
from scipy.spatial import KDTree

from gliascope.geometry import flip_frame, to_index, to_world
from gliascope.pipeline import Analyser, analyse_into
from gliascope.pipeline.outputs import Outputs, parse_outputs
from gliascope.read import find_cases
from tests.dicom_tools import complaints, run_tool
from tests.native_study import write_study

pytestmark = pytest.mark.realdata
RESULTS = Outputs(parse_outputs(["seg", "sr"]))


def test_the_segmentation_lies_on_the_voxels_of_the_nifti_file(external_root: Path, tmp_path: Path) -> None:
    source = external_root / "native" / "TCGA-FG-6692"
    study = write_study(source, tmp_path / "study")
    (outcome,) = analyse_into(Analyser(), find_cases(study), tmp_path / "out", figures=False, outputs=RESULTS)
    assert outcome.record["verdict"] == "tumour"
    assert outcome.record["problems"] == []
    seg, sr = outcome.folder / "dicom" / "seg.dcm", outcome.folder / "dicom" / "sr.dcm"
    volume = highdicom.seg.segread(seg).get_volume(combine_segments=True)
    found = to_world(volume.affine, np.argwhere(volume.array))
    flair = nibabel.Nifti1Image.from_filename(source / "t2f.nii.gz")
    voxels = to_index(flip_frame(flair.affine), found)
    assert np.abs(voxels - np.rint(voxels)).max() * max(flair.header.get_zooms()) < 1e-3
    mask = nibabel.Nifti1Image.from_filename(outcome.folder / "mask.nii.gz")
    inside = apply_affine(mask.affine, np.argwhere(mask.get_fdata() > 0)) * [-1, -1, 1]
    assert len(inside) == len(found)
    assert KDTree(found).query(inside)[0].max() < 1e-3
    for path in (seg, sr):
        assert complaints(path) == []
    named = run_tool("dcentvfy", *sorted(study.rglob("IM*")), seg, sr)
    assert "Error" not in named.stdout + named.stderr


def test_the_sagittal_head_gets_a_report_that_says_why(external_root: Path, tmp_path: Path) -> None:
    source = external_root / "dicom" / "head_t1_sagittal_hfs"
    (outcome,) = analyse_into(Analyser(), find_cases(source), tmp_path / "out", figures=False, outputs=RESULTS)
    assert outcome.record["verdict"] == "not assessable"
    assert outcome.record["dicom"] == {"seg": None, "sr": "dicom/sr.dcm", "sc": [], "anonymised": False}
    report = outcome.folder / "dicom" / "sr.dcm"
    assert complaints(report) == []
    said = run_tool("dsrdump", "--print-long-values", report).stdout
    assert "Not assessable" in said
    assert "no FLAIR: the networks were made for scans with FLAIR" in said
