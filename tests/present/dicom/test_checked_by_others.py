"""Objects as other people's validators and readers see them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation

from gliascope.findings import Finding, Verdict
from gliascope.geometry import Grid, to_world
from gliascope.present.dicom.files import write_object
from gliascope.present.dicom.seg import SegType, make_seg
from gliascope.present.dicom.source import origin_of
from gliascope.present.dicom.sr import make_sr
from gliascope.present.dicom.uids import Uids
from tests.dicom_series import drawn_source, finding_of, source_of, write_series
from tests.dicom_tools import SLICER, SLICER_REPORT, complaints, run_tool

SHAPE = (8, 7, 6)
GRID = Grid(SHAPE, np.diag([0.5, 0.75, 3.0, 1.0]))
MASK = np.zeros(SHAPE, dtype=np.bool_)
MASK[2:6, 1:4, 2:4] = True
FALSE = ("Unrecognized defined term <99GLIASCOPE>",)
"""Warnings that say nothing about the object: docs/reference/dicom-conformance.md argues each."""
NOT_KNOWN = "Missing attribute or value that would be needed to build DICOMDIR"
"""Of an object whose patient and study may not be told."""


def written(folder: Path, finding: Finding, *, anonymise: bool = False, kind: SegType = "binary") -> list[Path]:
    """Write a series and every object over it."""
    paths = write_series(folder / "series", np.zeros(SHAPE[::-1], np.uint16), GRID.affine)
    origin = origin_of(*source_of(paths), GRID, anonymise=anonymise)
    uids = Uids(f"{kind} {finding.verdict} {anonymise}")
    seg = make_seg(finding, GRID, origin, uids, kind)
    objects = {"seg.dcm": seg, "sr.dcm": make_sr(finding, origin, uids, seg)}
    for name, made in objects.items():
        if made is not None:
            write_object(made, folder / name)
    return [*paths, *sorted(folder.glob("*.dcm"))]


@pytest.mark.parametrize("anonymise", [False, True], ids=["named", "anonymised"])
@pytest.mark.parametrize("kind", ["binary", "fractional"])
def test_dciodvfy_has_no_errors(tmp_path: Path, kind: SegType, anonymise: bool) -> None:
    paths = written(tmp_path, finding_of(MASK), kind=kind, anonymise=anonymise)
    assert len(paths) == SHAPE[2] + 2
    for path in paths[-3:]:
        done = run_tool("dciodvfy", path)
        lines = [one for one in done.stderr.splitlines() if one.startswith(("Error", "Warning"))]
        allowed = (*FALSE, NOT_KNOWN) if anonymise else FALSE
        assert [one for one in lines if not any(part in one for part in allowed)] == [], path.name


@pytest.mark.parametrize("verdict", ["no tumour", "not assessable"])
def test_a_report_alone_has_no_errors(tmp_path: Path, verdict: Verdict) -> None:
    changes: dict[str, Any] = {"reason": "contrast"} if verdict == "not assessable" else {}
    paths = written(tmp_path, finding_of(MASK, verdict, **changes))
    assert [one.name for one in paths[-1:]] == ["sr.dcm"]
    assert not (tmp_path / "seg.dcm").exists()
    assert complaints(paths[-1]) == []


def test_dcentvfy_finds_series_and_results_consistent(tmp_path: Path) -> None:
    paths = written(tmp_path, finding_of(MASK))
    done = run_tool("dcentvfy", *paths)
    assert [one for one in (done.stdout + done.stderr).splitlines() if one.startswith("Error")] == []


def test_dsrdump_prints_what_was_said(tmp_path: Path) -> None:
    done = run_tool("dsrdump", "--print-long-values", written(tmp_path, finding_of(MASK))[-1])
    assert done.returncode == 0, done.stderr
    for said in ("Imaging Measurement Report", "Called tumour", "Research use only", "Long axis", "milliliter"):
        assert said in done.stdout
    assert "E: " not in done.stderr


def test_dcmdump_reads_every_element(tmp_path: Path) -> None:
    for path in written(tmp_path, finding_of(MASK))[-2:]:
        done = run_tool("dcmdump", path)
        assert done.returncode == 0, done.stderr
        assert "E: " not in done.stderr
        assert "Phantom^Drawn" in done.stdout


@pytest.mark.parametrize("direction", [1, -1], ids=["rising", "falling"])
def test_slicer_s_converter_lays_it_where_it_was(tmp_path: Path, direction: int) -> None:
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", (10, -20, 30), degrees=True).as_matrix() * (0.5, 0.75, 3.0 * direction)
    affine[:3, 3] = (-10, 20, 30)
    source, grid = drawn_source(SHAPE, affine), Grid(SHAPE, affine)
    seg = make_seg(finding_of(MASK), grid, origin_of(*source, grid), Uids("key"))
    assert seg is not None
    write_object(seg, tmp_path / "seg.dcm")
    (tmp_path / "out").mkdir()
    done = run_tool(SLICER, "--inputDICOM", tmp_path / "seg.dcm", "--outputDirectory", tmp_path / "out", "-t", "nii")
    assert done.returncode == 0, done.stdout
    assert "W: " not in done.stdout + done.stderr
    (path,) = (tmp_path / "out").glob("*.nii.gz")
    image = SimpleITK.ReadImage(str(path))
    inside = np.argwhere(SimpleITK.GetArrayFromImage(image))[:, ::-1]
    found = [image.TransformIndexToPhysicalPoint([int(one) for one in index]) for index in inside]
    expected = to_world(affine, np.argwhere(MASK))
    assert len(found) == len(expected)
    assert KDTree(found).query(expected)[0].max() < 1e-3


def test_slicer_s_reader_finds_the_numbers_of_a_report(tmp_path: Path) -> None:
    report = written(tmp_path, finding_of(MASK))[-1]
    done = run_tool(SLICER_REPORT, "--inputDICOM", report, "--outputMetadata", tmp_path / "read.json")
    assert done.returncode == 0, done.stdout
    (group,) = json.loads((tmp_path / "read.json").read_text())["Measurements"]
    found = {one["quantity"]["CodeMeaning"]: float(one["value"]) for one in group["measurementItems"]}
    assert found["Volume"] == pytest.approx(0.0123 * np.count_nonzero(MASK), abs=1e-3)
    assert found["Long axis"] == 12.5
    assert found["Score that the verdict hangs on"] == 0.7
    assert (group["ReferencedSegment"], group["Finding"]["CodeMeaning"]) == (1, "Lesion")
