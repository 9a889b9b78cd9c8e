"""A patient's scan from a PACS that is not ours, and its results into it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import highdicom
import nibabel
import numpy as np
import pydicom
import pytest
from nibabel.affines import apply_affine
from scipy.spatial import KDTree

from gliascope.geometry import flip_frame, to_index, to_world
from tests.dicom_series import uid
from tests.dicom_tools import complaints, run_tool
from tests.native_study import write_study
from tests.orthanc import Orthanc

pytest.importorskip("dicomweb_client", reason="the extra `pacs` has it")
pytestmark = pytest.mark.realdata

Cli = Callable[..., Any]
STUDY = uid("study", "PHANTOM-1", "1")
MASK = f"{STUDY}/mask.nii.gz"


@dataclass(frozen=True)
class Stored:
    """A native study in a PACS, and what a run gave it.

    Attributes
    ----------
    pacs : Orthanc
    source : Path
        The patient's NIfTI files.
    results : Path
        What the run wrote.
    objects : mapping of str to Path
        The stored objects, fetched back, by their modality.
    """

    pacs: Orthanc
    source: Path
    results: Path
    objects: dict[str, Path]


@pytest.fixture
def stored(orthanc: Orthanc, external_root: Path, tmp_path: Path, cli: Cli) -> Stored:
    """Store the study, find it, analyse it from there, and fetch what came of it."""
    source = external_root / "native" / "TCGA-FG-6692"
    orthanc.fill(write_study(source, tmp_path / "study"))
    where = ("--dicomweb", orthanc.dicomweb)
    assert f"study {STUDY}, 2020-01-02, MR, 3 series, 78 instances" in cli("studies", *where).out
    listed = cli("studies", *where, "--study", STUDY).out
    for used in ("T1 before contrast: series 3", "FLAIR: series 4", "T1 after contrast: series 5"):
        assert used in listed
    words = ("--study", STUDY, "--store", "-o", tmp_path / "out", "--no-figures", "--json")
    run = cli("analyse", *where, *words)
    assert run.status == 0, run.err
    (case,) = json.loads(run.out)["cases"]
    assert case["verdict"] == "tumour"
    assert [one["state"] for one in case["stored"]] == ["stored", "stored"]
    assert f"study {STUDY}, 2020-01-02, MR SEG SR, 5 series, 80 instances" in cli("studies", *where).out
    return Stored(orthanc, source, tmp_path / "out", _fetched(orthanc, tmp_path))


def _fetched(pacs: Orthanc, folder: Path) -> dict[str, Path]:
    found = {}
    for one in pacs.ask("series?expand"):
        kind = one["MainDicomTags"]["Modality"]
        if kind in {"SEG", "SR"}:
            (instance,) = one["Instances"]
            found[kind] = folder / f"{kind}.dcm"
            found[kind].write_bytes(pacs.read(f"instances/{instance}/file"))
    return found


def test_results_of_a_study_lie_in_the_pacs_where_the_nifti_mask_lies(stored: Stored, cli: Cli, tmp_path: Path) -> None:
    volume = highdicom.seg.segread(stored.objects["SEG"]).get_volume(combine_segments=True)
    found = to_world(volume.affine, np.argwhere(volume.array))
    flair = nibabel.Nifti1Image.from_filename(stored.source / "t2f.nii.gz")
    voxels = to_index(flip_frame(flair.affine), found)
    assert np.abs(voxels - np.rint(voxels)).max() * max(flair.header.get_zooms()) < 1e-3
    mask = nibabel.Nifti1Image.from_filename(stored.results / MASK)
    inside = apply_affine(mask.affine, np.argwhere(mask.get_fdata() > 0)) * [-1, -1, 1]
    assert len(inside) == len(found) > 4000
    assert KDTree(found).query(inside)[0].max() < 1e-3
    for path in stored.objects.values():
        assert complaints(path) == []
    named = run_tool("dcentvfy", *sorted((tmp_path / "study").rglob("IM*")), *stored.objects.values())
    assert "Error" not in named.stdout + named.stderr
    report = run_tool("dsrdump", "--print-instance-uid", stored.objects["SR"]).stdout
    assert "Called tumour" in report
    assert str(pydicom.dcmread(stored.objects["SEG"]).SOPInstanceUID) in report

    words = ("--study", STUDY, "--store", "-o", tmp_path / "again", "--no-figures", "--json")
    again = cli("analyse", "--pacs", stored.pacs.pacs, *words)  # the other protocol: the same objects
    assert again.status == 0, again.err
    (case,) = json.loads(again.out)["cases"]
    assert [one["state"] for one in case["stored"]] == ["present", "present"]
    assert stored.pacs.count() == 80
    assert (tmp_path / "again" / MASK).read_bytes() == (stored.results / MASK).read_bytes()


def test_a_sagittal_head_gets_a_report_in_the_pacs_that_says_why(
    orthanc: Orthanc, external_root: Path, tmp_path: Path, cli: Cli
) -> None:
    orthanc.fill(external_root / "dicom" / "head_t1_sagittal_hfs")
    where = ("--dicomweb", orthanc.dicomweb)
    (study,) = json.loads(cli("studies", *where, "--json").out)["studies"]
    words = ("--study", study["study"], "--store", "-o", tmp_path / "out", "--no-figures", "--json")
    run = cli("analyse", *where, *words)
    assert run.status == 0, run.err
    (case,) = json.loads(run.out)["cases"]
    assert (case["verdict"], case["reason"]) == ("not assessable", "no FLAIR")
    assert [one["state"] for one in case["stored"]] == ["stored"]
    found = _fetched(orthanc, tmp_path)
    assert set(found) == {"SR"}
    said = run_tool("dsrdump", "--print-long-values", found["SR"]).stdout
    assert "Not assessable" in said
    assert "no FLAIR: the networks were made for scans with FLAIR" in said
