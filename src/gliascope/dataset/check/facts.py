"""What a check keeps of a patient's folder once its pixels are forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gliascope.dataset.check.rules import Remark


class Notes:
    """Collects remarks, with paths relative to the data set.

    Parameters
    ----------
    root : Path
        The data set's folder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._remarks: list[Remark] = []

    def __iter__(self) -> Iterator[Remark]:
        return iter(self._remarks)

    def add(self, rule: str, path: Path, received: str) -> None:
        """Note that `path` breaks `rule`."""
        self._remarks.append(Remark(rule, self.place(path), received))

    def place(self, path: Path) -> str:
        """Tell a path as remarks do."""
        try:
            return path.relative_to(self._root).as_posix()
        except ValueError:
            return path.as_posix()


@dataclass(frozen=True)
class Slice:
    """One slice that could be decoded.

    Attributes
    ----------
    path : Path
    page : int
        From 0; above 0 in a file of many pages alone.
    form : tuple of (int, int, int, str)
        Rows, columns, channels, type.
    sha256 : str
        Digest of the pixels.
    blank : bool
        True where every channel has one value throughout.
    """

    path: Path
    page: int
    form: tuple[int, int, int, str]
    sha256: str
    blank: bool

    @property
    def form_text(self) -> str:
        """``256 x 256 x 3 uint8``."""
        rows, columns, channels, kind = self.form
        return f"{rows} x {columns} x {channels} {kind}"


@dataclass(frozen=True, eq=False)
class FolderFacts:
    """One folder that has been read.

    Attributes
    ----------
    name : str
        The folder's name.
    patient : str
        By the folder's name; see `gliascope.dataset.layout.patient_of`.
    path : Path
    slices : tuple of Slice
        In natural order.
    thumbnails : ndarray, uint8, shape (n, side, side)
        FLAIR, cut to the head and reduced, of the slices fit to be compared between patients.
    thumbnail_of : tuple of int
        Which of `slices` each thumbnail shows.
    is_volume : bool
        Whether the slices are those of NIfTI volumes.
    """

    name: str
    patient: str
    path: Path
    slices: tuple[Slice, ...]
    thumbnails: NDArray[np.uint8]
    thumbnail_of: tuple[int, ...]
    is_volume: bool = False


@dataclass(frozen=True, eq=False)
class Page:
    """One decoded slice with its pixels, while its folder is being read.

    Attributes
    ----------
    facts : Slice
    pixels : ndarray, uint8 or uint16, shape (row, column, channel)
    """

    facts: Slice
    pixels: NDArray[Any]
