"""`gliascope studies`, and DICOM through `gliascope analyse`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

from tests.dicom_series import FLAIR, T1, T1_CONTRAST, uid, write_series

Cli = Callable[..., Any]
AFFINE = np.diag([2.0, 2.0, 5.0, 1.0])
NAME = {"PatientName": "Doe^Jane", "PatientBirthDate": "19601224", "PatientID": "MRN-4711"}


@pytest.fixture
def study(tmp_path: Path, bright: Callable[..., Any]) -> Path:
    """FLAIR with a bright block, T1 before and after contrast, a localiser and a CT, of a patient with a name."""
    scan = bright().pixels.astype(np.uint16)
    root = tmp_path / "in"
    write_series(root / "a" / "flair", scan, AFFINE, **NAME)
    write_series(root / "b" / "t1", scan, AFFINE, **T1, **NAME)
    write_series(root / "b" / "t1c", scan, AFFINE, **{**T1_CONTRAST, "SeriesDescription": "T1 +C Doe Jane"}, **NAME)
    write_series(root / "loc", scan[:2], AFFINE, **NAME, SeriesNumber=1, SeriesDescription="loc")
    ct = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "Modality": "CT", "SeriesNumber": 9}
    write_series(root / "ct", scan, AFFINE, **NAME, **ct)
    return root


def test_what_is_listed(cli: Cli, study: Path) -> None:
    result = cli("studies", study)
    assert result.status == 0
    assert "FLAIR: series 4 (AX T2 FLAIR), axial, 6 slices of 96 x 96, 2 x 2 x 5 mm" in result.out
    assert "T1 after contrast: series 5 (T1 +C *** ***)" in result.out
    assert "not used: series 9 (AX T2 FLAIR), axial" in result.out
    assert "an input must be MR images, received CT Image Storage" in result.out
    assert "not used: series 1 (loc), 2 instances\n      a localiser, as the series description says" in result.out


def test_json(cli: Cli, study: Path) -> None:
    result = cli("studies", study, "--json")
    (listed,) = json.loads(result.out)["studies"]
    assert listed["study"] == uid("study", "MRN-4711", "1")
    assert listed["date"] == "2020-01-02"
    assert set(listed["sequences"]) == {"pre", "flair", "post"}
    by_number = {one["number"]: one for one in listed["series"]}
    assert by_number[4]["sequence"] == "flair"
    assert by_number[4]["shape"] == [96, 96, 6]
    assert by_number[4]["spacing_mm"] == [2, 2, 5]
    assert by_number[1]["sequence"] is None


def test_no_name_and_no_date_of_birth_is_shown(
    cli: Cli, study: Path, tiny_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    (study / "a" / "flair" / "0002.dcm").write_bytes((study / "a" / "flair" / "0002.dcm").read_bytes()[:1500])
    (study / "b" / "t1" / "0003.dcm").unlink()
    model = tiny_bundle()
    for words in (["studies", study], ["analyse", study, "-o", tmp_path / "out", "--model", model, "-vv"]):
        result = cli(*words)
        assert result.status == int(words[0] == "analyse")
        for secret in ("Doe", "Jane", "1960", "4711"):
            assert secret not in result.out + result.err
    written = [one for one in (tmp_path / "out").rglob("*") if one.suffix in {".json", ".html", ".csv"}]
    assert {one.name for one in written} >= {"findings.json", "report.html", "index.html", "cases.csv"}
    for path in written:
        assert "Jane" not in path.read_text(encoding="utf-8")


def test_analyse_makes_one_case_of_a_study(
    cli: Cli, study: Path, tiny_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    result = cli("analyse", study, "-o", tmp_path / "out", "--model", tiny_bundle())
    assert result.status == 0, result.err
    folder = tmp_path / "out" / uid("study", "MRN-4711", "1")
    record = json.loads((folder / "findings.json").read_text())
    assert record["verdict"] == "tumour"
    assert [one["file"] for one in record["slices"]] == [f"000{place}.dcm" for place in range(1, 7)]
    assert [one.name for one in sorted((folder / "figures").glob("slice_*.png"))] == [
        "slice_p0003.png",
        "slice_p0004.png",
    ]
    mask = nibabel.Nifti1Image.from_filename(folder / "mask.nii.gz")
    assert mask.shape == (96, 96, 6)
    assert np.allclose(mask.affine, np.diag([-2.0, -2, 5, 1]))
    inside = np.argwhere(np.asarray(mask.dataobj))
    assert set(inside[:, 2]) == {2, 3}
    assert cli("analyse", study, "-o", tmp_path / "out", "--model", tiny_bundle(), "--continue").status == 0


def test_a_named_series_and_one_that_is_not_there(
    cli: Cli, study: Path, tiny_bundle: Callable[..., Path], tmp_path: Path
) -> None:
    other = uid("series", "MRN-4711", "1", 3, "AX T1")
    result = cli("studies", study, "--series", other, "--json")
    assert json.loads(result.out)["studies"][0]["sequences"]["flair"] == other
    result = cli("analyse", study, "-o", tmp_path / "out", "--model", tiny_bundle(), "--series", "flair=1.2.3")
    assert result.status == 2
    assert "received 1.2.3: not found" in result.err


def test_nothing_to_list(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("words")
    result = cli("studies", tmp_path)
    assert (result.status, result.err) == (1, "No DICOM study was found.\n")
    assert cli("studies", tmp_path / "none").status == 2
    assert "received a DICOM study" in _enhanced(cli, tmp_path)


def _enhanced(cli: Cli, tmp_path: Path) -> str:
    write_series(tmp_path / "dicom", np.ones((3, 8, 8), np.uint16), AFFINE, **FLAIR)
    result = cli("enhance", tmp_path / "dicom", "-o", tmp_path / "better")
    assert result.status == 2
    return str(result.err)
