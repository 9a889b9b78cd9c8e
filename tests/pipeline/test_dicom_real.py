"""A patient's scan as the scanner sends it, and what goes back to the archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from gliascope.pipeline import Analyser, analyse_into
from gliascope.pipeline.outputs import Outputs, parse_outputs
from gliascope.read import find_cases
from tests.dicom_tools import complaints, run_tool

pytestmark = pytest.mark.realdata
RESULTS = Outputs(parse_outputs(["seg", "sr"]))


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
