"""`gliascope analyse --write`, `--seg-type`, `--anonymise`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from tests.dicom_series import write_series

LOUD: dict[str, Any] = {
    "PatientName": "LOUDLY^SHOUTED",
    "PatientID": "LOUDID",
    "PatientBirthDate": "19510711",
    "OtherPatientNames": "LOUD^OTHER",
    "ReferringPhysicianName": "LOUD^DOCTOR",
}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dicom") / "study"
    grid = np.meshgrid(*[np.linspace(-1, 1, n) for n in (8, 48, 48)], indexing="ij")
    values = np.where(np.hypot(grid[1], grid[2]) < 0.9, 300, 0).astype(np.uint16)
    values[3:6, 24:34, 26:36] = 900
    affine = np.diag([2.0, 2.0, 5.0, 1.0])
    write_series(folder, values, affine, **LOUD)
    return folder


def test_neither_console_nor_log_tells_the_patient(
    cli: Callable[..., Any], tiny_bundle: Callable[..., Path], study: Path, tmp_path: Path
) -> None:
    model = tiny_bundle()
    for more in ((), ("--json",), ("--anonymise",)):
        result = cli(
            "analyse", study, "-o", tmp_path, "--model", model, "--write", "seg,sr", "-vv", "--no-figures", *more
        )
        assert result.status == 0, result.err
        for word in ("LOUD", "19510711", "1951-07-11"):
            assert word not in result.out + result.err
    folders = [one for one in tmp_path.iterdir() if one.is_dir()]
    assert len(folders) == 2
    for folder in folders:
        name = str(pydicom.dcmread(folder / "dicom" / "sr.dcm").PatientName)
        assert ("LOUD" in name) != folder.name.startswith("ANON-")
        assert "LOUD" not in (folder / "findings.json").read_text(encoding="utf-8")


def test_fractional_keeps_the_probabilities(
    cli: Callable[..., Any], tiny_bundle: Callable[..., Path], study: Path, tmp_path: Path
) -> None:
    kinds = ("--write", "seg", "--seg-type", "fractional")
    result = cli("analyse", study, "-o", tmp_path, "--model", tiny_bundle(), *kinds, "--no-figures", "-q")
    assert result.status == 0, result.err
    (folder,) = (one for one in tmp_path.iterdir() if one.is_dir())
    assert json.loads((folder / "findings.json").read_text(encoding="utf-8"))["dicom"]["seg"] == "dicom/seg.dcm"
    assert pydicom.dcmread(folder / "dicom" / "seg.dcm").SegmentationType == "FRACTIONAL"
    assert (folder / "probability.nii.gz").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--write", "seg,dcm"), "outputs must be some of nifti, seg, sr, sc, received seg, dcm"),
        (("--write", ""), "outputs must be some of nifti, seg, sr, sc, received none"),
        (("--seg-type", "soft"), "--seg-type must be binary or fractional, received soft"),
        (("--write", "sr", "--seg-type", "fractional"), "--seg-type fractional needs --write seg, received sr"),
        (("--write", "sr,seg"), "--write seg,sr must be given a DICOM study, received none"),
        (("--anonymise",), "--anonymise must be given a DICOM study, received none"),
    ],
)
def test_wrong_choices_are_told_before_anything_is_read(
    cli: Callable[..., Any], bright: Callable[..., Any], tmp_path: Path, options: tuple[str, ...], message: str
) -> None:
    result = cli("analyse", bright(slices=2).save(tmp_path / "case"), "-o", tmp_path / "out", *options)
    assert result.status == 2
    assert message in " ".join(result.err.split())
    assert not (tmp_path / "out").exists()
