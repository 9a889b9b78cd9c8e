"""A folder of cases of which most are bad: each ends in a named error, and the others are done."""

from __future__ import annotations

import csv
import resource
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from gliascope.phantom import make_phantom, write_phantom

NAMES = ("脳 スキャン", "мозг", "مخ", "brain🧠")
REASONS = {
    "truncated": "all of an image's data must be in the file",
    "not-finite": "unsigned values of 8 or 16 bits, received 32 bits",
    "large": "at most 67108864 pixels, received 20000 x 20000",
    "bomb": "at most 67108864 pixels, received more",
    "lies": "all of an image's data must be in the file",
    "closed": "Permission denied",
}


def png_of_zeros(side: int) -> bytes:
    """A grey PNG of few bytes that unpacks to `side` squared."""
    packer = zlib.compressobj(9)
    rows = b"".join([packer.compress(bytes(side + 1)) for _ in range(side)]) + packer.flush()
    parts = ((b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b""))
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "in"
    place = write_phantom(make_phantom(1, slices=2, size=96, lesion_radius_px=9), root)
    good = min(place.glob("*_1.tif"))
    for name in (*REASONS, *NAMES, "constant", "single"):
        (root / name).mkdir()
        (root / name / "a.tif").write_bytes(good.read_bytes())
    (root / "truncated" / "a.tif").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    values = np.full((64, 64), np.nan, np.float32)
    tifffile.imwrite(root / "not-finite" / "a.tif", values)
    tifffile.imwrite(root / "constant" / "a.tif", np.full((64, 64, 3), 7, np.uint8), photometric="rgb")
    tifffile.imwrite(root / "single" / "a.tif", np.full((1, 1), 7, np.uint8))
    tiles = (np.zeros((2000, 2000), np.uint8) for _ in range(100))
    large: dict[str, Any] = {"shape": (20000, 20000), "dtype": np.uint8, "tile": (2000, 2000), "compression": "zlib"}
    tifffile.imwrite(root / "large" / "a.tif", tiles, **large)
    _lie(root / "lies" / "a.tif", 60000)
    (root / "bomb" / "a.tif").unlink()
    (root / "bomb" / "a.png").write_bytes(png_of_zeros(20000))
    (root / "loop").mkdir()
    (root / "loop" / "again").symlink_to(root, target_is_directory=True)
    return root


def _lie(path: Path, rows: int) -> None:
    """Let a header say another height."""
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as file:
        tag = file.pages.first.tags["ImageLength"]
    size = 2 if tag.dtype == 3 else 4
    content[tag.valueoffset : tag.valueoffset + size] = rows.to_bytes(size, "little")
    path.write_bytes(content)


def test_bad_cases_are_named_and_the_others_are_done(
    folder: Path, tmp_path: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def refuse(path: Path, *options: Any, **named: Any) -> Any:
        if path.parent.name == "closed" and path.suffix == ".tif":
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *options, **named)

    monkeypatch.setattr(Path, "open", refuse)
    start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = cli("analyse", folder, "-o", tmp_path / "out", "--no-figures", "--no-report", "-q")
    assert time.monotonic() - start < 60
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**20, "kB: a bad file may not cost a gigabyte"
    assert result.status == 1
    with (tmp_path / "out" / "cases.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["case"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"PHANTOM_LS_0001_19000101", *REASONS, *NAMES, "constant", "single"}
    for name, reason in REASONS.items():
        assert reason in rows[name]["warnings"]
        assert f"{folder / name}" in rows[name]["warnings"]
        assert rows[name]["verdict"] == "not assessable"
    for name in ("constant", "single"):
        assert (rows[name]["verdict"], rows[name]["reason"]) == ("not assessable", "blank")
    assert len({rows[name]["score"] for name in NAMES}) == 1
    assert all(rows[name]["slices"] == "1" and (tmp_path / "out" / name).is_dir() for name in NAMES)
