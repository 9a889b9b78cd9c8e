"""Small DICOM series for the tests of reading."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gliascope.read.dicom.files import Place
from gliascope.read.dicom.header import Instance, read_header
from gliascope.read.dicom.series import Series, make_series
from tests.dicom_series import write_series

STRAIGHT = np.diag([1.5, 1.5, 5.0, 1.0])
"""Axial slices of square pixels."""

WriteFlair = Callable[..., list[Path]]
"""`flair(change=None, affine=STRAIGHT, folder="study/4", **tags)` -> files; `change(place, dataset)` leaves a slice out
by returning False."""


@pytest.fixture(scope="session")
def values() -> NDArray[np.uint16]:
    """Shape (slice, row, column) = (6, 8, 10), every voxel another value."""
    return np.random.default_rng(0).permutation(np.arange(1, 481, dtype=np.uint16)).reshape(6, 8, 10)


@pytest.fixture
def flair(tmp_path: Path, values: NDArray[np.uint16]) -> WriteFlair:
    def write(
        change: Callable[[int, Any], bool | None] | None = None,
        affine: NDArray[np.float64] = STRAIGHT,
        folder: str = "study/4",
        pixels: NDArray[np.uint16] | None = None,
        **tags: Any,
    ) -> list[Path]:
        import pydicom

        written = []
        for place, path in enumerate(
            write_series(tmp_path / folder, values if pixels is None else pixels, affine, **tags)
        ):
            if change is not None:
                data = pydicom.dcmread(path)
                keep = change(place, data)
                path.unlink()
                if keep is False:
                    continue
                data.save_as(path)
            written.append(path)
        return written

    return write


@pytest.fixture
def series_of() -> Callable[[list[Path]], Series]:
    """Make a series of files, in the order given."""

    def make(paths: list[Path]) -> Series:
        found = [read_header(Place(one)) for one in paths]
        return make_series([one for one in found if isinstance(one, Instance)])

    return make


@pytest.fixture
def packed(tmp_path: Path) -> Callable[..., Path]:
    """Pack files into ``study.zip`` under the names given."""

    def pack(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
        path = tmp_path / "study.zip"
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        return path

    return pack
