"""A folder of NIfTI cases of which most are bad: each ends in a named error or warning, and the others are done."""

from __future__ import annotations

import csv
import gzip
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

from gliascope.phantom import make_phantom, write_phantom_volumes

NAMES = ("脳 スキャン", "мозг", "مخ", "brain🧠")
REASONS = {
    "truncated": "a NIfTI must be readable and undamaged",
    "large": "at most 67108864 voxels, received 20000 x 20000",
    "lies": "all of its voxels, received a file that ends",
    "bomb": "at most 67108864 voxels",
    "singular": "an affine must not be singular",
    "four": "one 3-D volume, received 96 x 96 x 1 x 3",
    "closed": "received Permission denied",
}
WARNINGS = {
    "not-finite": "voxels that are NaN, infinite or beyond single precision are taken as 0",
    "constant": "every voxel has the same value",
    "single": "every voxel has the same value",
    "unsquare": "no axial slices with square pixels; they were made by interpolation",
    "no-spacing": "the header has no voxel spacing: nothing is measured in millimetres",
    "no-orientation": "the header says nothing about orientation",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "in"
    place = write_phantom_volumes(make_phantom(1, slices=3, size=96, lesion_radius_px=9), root)
    good = next(place.glob("*_flair.nii.gz"))
    image = nibabel.Nifti1Image.from_filename(str(good))
    values, affine = np.asanyarray(image.dataobj), np.asarray(image.affine)
    for name in (*REASONS, *WARNINGS, *NAMES):
        (root / name).mkdir()
        (root / name / "a_flair.nii.gz").write_bytes(good.read_bytes())
    (root / "truncated" / "a_flair.nii.gz").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    wild = values.astype(np.float32)
    wild[0, 0, 0], wild[1, 1, 1] = np.nan, -np.inf
    _save(root / "not-finite", wild, affine)
    _save(root / "constant", np.full((64, 64, 3), 7, np.uint8), affine)
    _save(root / "single", np.ones((1, 1, 1), np.uint8), affine)
    _save(root / "unsquare", values, affine @ np.diag([2, 1, 1, 1]))
    _save(root / "four", np.zeros((96, 96, 1, 3), np.uint8), affine)
    changed: dict[str, dict[str, Any]] = {
        "large": {"dim": [3, 20000, 20000, 1, 1, 1, 1, 1]},
        "lies": {"dim": [3, 96, 96, 20, 1, 1, 1, 1]},
        "bomb": {"dim": [3, 30000, 30000, 30, 1, 1, 1, 1]},
        "singular": {"srow_x": [1, 1, 0, 0], "srow_y": [1, 1, 0, 0], "sform_code": 1},
        "no-spacing": {"sform_code": 0, "qform_code": 0, "pixdim": [1, 0, 0, 0, 0, 0, 0, 0]},
        "no-orientation": {"sform_code": 0, "qform_code": 0},
    }
    for name, fields in changed.items():
        _rewrite(root / name / "a_flair.nii.gz", zeros=2**28 if name == "bomb" else 0, **fields)
    (root / "loop").mkdir()
    (root / "loop" / "again").symlink_to(root, target_is_directory=True)
    return root


def _save(folder: Path, values: NDArray[Any], affine: NDArray[Any]) -> None:
    nibabel.save(nibabel.Nifti1Image(values, affine), folder / "a_flair.nii.gz")


def _rewrite(path: Path, *, zeros: int, **fields: Any) -> None:
    """Let the header say something else, and put zeros behind the voxels."""
    content = gzip.decompress(path.read_bytes())
    header = nibabel.Nifti1Header(content[:348], check=False)
    for key, value in fields.items():
        header[key] = value
    with gzip.open(path, "wb", compresslevel=1) as packed:
        packed.write(header.binaryblock + content[348:])
        for _ in range(zeros >> 22):
            packed.write(bytes(2**22))


def test_bad_volumes_are_named_and_the_others_are_done(
    folder: Path, tmp_path: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def refuse(path: Path, *options: Any, **named: Any) -> Any:
        if path.parent.name == "closed" and path.name == "a_flair.nii.gz":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *options, **named)

    monkeypatch.setattr(Path, "open", refuse)
    start, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = cli("analyse", folder, "-o", tmp_path / "out", "--no-figures", "--no-report", "-q")
    assert time.process_time() - start < 60
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**20, "kB: a bad file may not cost a gigabyte"
    assert result.status == 1
    assert "pixdim" not in result.err, "nibabel's own remarks on a header are none of ours"
    with (tmp_path / "out" / "cases.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["case"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"PHANTOM_LS_0001_19000101", *REASONS, *WARNINGS, *NAMES}
    for name, reason in REASONS.items():
        assert reason in rows[name]["warnings"], rows[name]["warnings"]
        assert f"{folder / name}" in rows[name]["warnings"]
        assert rows[name]["verdict"] == "not assessable"
        assert not (tmp_path / "out" / name / "mask.nii.gz").exists()
    for name, warning in WARNINGS.items():
        assert warning in rows[name]["warnings"], rows[name]["warnings"]
        mask = nibabel.Nifti1Image.from_filename(str(tmp_path / "out" / name / "mask.nii.gz"))
        source = nibabel.Nifti1Image.from_filename(str(folder / name / "a_flair.nii.gz"))
        assert mask.shape == source.shape
    for name in ("constant", "single"):
        assert (rows[name]["verdict"], rows[name]["reason"]) == ("not assessable", "blank")
    said = json.loads((tmp_path / "out" / "no-spacing" / "findings.json").read_text(encoding="utf-8"))
    assert (said["measurement"], rows["no-spacing"]["volume_ml"]) == (None, "")
    assert len({rows[name]["score"] for name in NAMES}) == 1
    assert all((tmp_path / "out" / name / "mask.nii.gz").is_file() for name in NAMES)
