"""What is read from disk: scans and masks, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.geometry import Grid, Turn, identity_affine

Sequence = Literal["pre", "flair", "post"]

SEQUENCES: Final[tuple[Sequence, ...]] = ("pre", "flair", "post")
"""Channel order of the LGG data set, of the networks and of every three-channel scan."""

SHARED: Final = 0.5
"""A value that a larger share of the voxels at the slices' borders has is the background's."""
WHITE: Final = 0.75
"""From this share of the range on, a value is no background; 0 is half-way where the head alone was normalised."""
DARKEST: Final = 0.1
"""Percentile that is taken for the background where the borders share no value: no lone voxel decides."""


def background_level(values: NDArray[Any]) -> float:
    """Tell the value of what lies around the head, whatever was added to all values.

    Parameters
    ----------
    values : ndarray, shape (..., row, column)
        One sequence, finite; not empty.

    Returns
    -------
    float
        0 where that is the lowest value. Otherwise what the slices' borders share (`SHARED`), unless that is white
        (`WHITE`); otherwise one of the lowest values (`DARKEST`).
    """
    lowest, highest = float(values.min()), float(values.max())
    if lowest == 0:
        return 0.0
    border = np.concatenate([values[..., [0, -1], :].ravel(), values[..., [0, -1]].ravel()])
    levels, counts = np.unique(border, return_counts=True)
    commonest = int(np.argmax(counts))
    if counts[commonest] > SHARED * border.size and levels[commonest] < lowest + WHITE * (highest - lowest):
        return float(levels[commonest])
    return float(np.percentile(values, DARKEST, method="lower"))


@dataclass(frozen=True)
class Source:
    """Where one slice came from.

    Attributes
    ----------
    path : Path or None
        The file; None for a slice given as an array.
    page : int
        Page of a multi-page file, from 0.
    pages : int
        Number of pages of that file.
    sha256 : str
        Digest of the slice's pixels in the input's own type, with shape and type (see
        `gliascope.read.pixel_hash`), so that a copy under another name is recognised.
    series : str
        Series Instance UID of a slice of a DICOM volume; empty for every other.
    """

    path: Path | None
    page: int
    pages: int
    sha256: str
    series: str = ""


@dataclass(frozen=True)
class DicomImage:
    """One image plane as DICOM stores it; `gliascope.read.dicom.open_instance` opens its data set.

    Attributes
    ----------
    path : Path
        The file, or the zip archive that holds it: nothing is unpacked to disk.
    member : str
        Name within the archive; empty for a file of its own.
    frame : int
        Number within a multi-frame instance, from 0; 0 for an instance of one frame.
    instance_uid : str
        SOP Instance UID.
    """

    path: Path
    member: str
    frame: int
    instance_uid: str


@dataclass(frozen=True)
class DicomSource:
    """The DICOM series that a volume was read from.

    Attributes
    ----------
    sequence : str
        What the series was used as.
    study_uid, series_uid, frame_of_reference_uid : str
        Study, Series and Frame of Reference Instance UIDs; the last may be empty.
    images : tuple of DicomImage
        One for each slice of the volume's grid, in the order of its third axis.
    others : tuple of DicomSource
        The series of the other sequences that were used; `images` in the order of their own grid.
    """

    sequence: Sequence
    study_uid: str
    series_uid: str
    frame_of_reference_uid: str
    images: tuple[DicomImage, ...]
    others: tuple[DicomSource, ...] = ()


@dataclass(frozen=True, eq=False)
class Volume:
    """The file that a scan's slices were cut from, and so the grid that an outline must go back to.

    Attributes
    ----------
    path : Path
        The file; of a DICOM series the first instance's, or the archive.
    grid : Grid
        As stored: indices (i, j, k) of the file's array, LPS+; (column, row, slice) of a DICOM series, slices rising
        along the normal: the cross product of the directions of its rows and columns.
    turn : Turn
        From the stored axes to axial slices.
    header : bytes
        The NIfTI header that results are written with: the file's as stored, without extensions; for a DICOM series one
        made from the grid.
    is_resampled : bool
        False where turning alone made the slices; True where they have voxels of their own, because the file's pixels
        are not square or its slices not axial.
    is_oriented : bool
        False where the file does not say where left and right are.
    dicom : DicomSource or None
        Where the volume is a DICOM series.
    """

    path: Path
    grid: Grid
    turn: Turn
    header: bytes
    is_resampled: bool = False
    is_oriented: bool = True
    dicom: DicomSource | None = None


@dataclass(frozen=True, eq=False)
class Scan:
    """Slices of one size, each with the same channels.

    Attributes
    ----------
    pixels : ndarray, uint8 or float32, shape (slice, row, column, channel)
        Intensities as they were in the file; 16-bit values become float32.
    sequences : tuple of str
        The sequence of each channel: some of ``pre``, ``flair``, ``post``, each at most once.
    sources : tuple of Source
        One a slice.
    is_volume : bool
        True where the slices are neighbours of one patient, in order, so that they may be
        normalised together; False where each slice stands alone.
    affine : ndarray, float64, shape (4, 4)
        Voxel index (column, row, slice) to patient millimetres, LPS+.
    has_geometry : bool
        False where the input has no spacing; nothing in millimetres is reported then.
    volume : Volume or None
        The file that the slices were cut from, where it holds a volume (NIfTI, DICOM).
    """

    pixels: NDArray[Any]
    sequences: tuple[Sequence, ...]
    sources: tuple[Source, ...]
    is_volume: bool
    affine: NDArray[np.float64] = field(default_factory=identity_affine)
    has_geometry: bool = False
    volume: Volume | None = None

    def __post_init__(self) -> None:
        if self.pixels.ndim != 4:
            raise InputError(f"a scan must be 4-D (slice, row, column, channel), received shape {self.pixels.shape}")
        if self.pixels.dtype not in (np.uint8, np.float32):
            raise InputError(f"a scan must be uint8 or float32, received {self.pixels.dtype}")
        if self.pixels.shape[3] != len(self.sequences):
            raise InputError(
                f"a scan must have one sequence a channel, received {self.pixels.shape[3]} channels "
                f"and sequences {self.sequences}"
            )
        if len(set(self.sequences)) != len(self.sequences):
            raise InputError(f"each sequence may occur once, received {self.sequences}")
        if self.pixels.shape[0] != len(self.sources):
            raise InputError(
                f"a scan must have one source a slice, received {self.pixels.shape[0]} slices "
                f"and {len(self.sources)} sources"
            )
        if not self.is_volume and len(self) != 1:
            raise InputError(f"a scan that is no volume must have one slice, received {len(self)}")

    def __len__(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def grid(self) -> Grid:
        """Where the voxels are; indices are (column, row, slice)."""
        slices, rows, columns = self.pixels.shape[:3]
        return Grid((columns, rows, slices), self.affine)


@dataclass(frozen=True, eq=False)
class Mask:
    """The true outline of one slice.

    Attributes
    ----------
    pixels : ndarray, bool, shape (row, column)
        True inside the lesion.
    path : Path or None
        The file it was read from.
    """

    pixels: NDArray[np.bool_]
    path: Path | None = None

    def __post_init__(self) -> None:
        if self.pixels.ndim != 2:
            raise InputError(f"mask must be 2-D, received shape {self.pixels.shape}")
        if self.pixels.dtype != np.bool_:
            raise InputError(f"mask must be boolean, received {self.pixels.dtype}")


@dataclass(frozen=True)
class Problem:
    """Something that could not be used: the file and the rule it broke."""

    path: str
    message: str


@dataclass(frozen=True, eq=False)
class Case:
    """One input: one Finding, one folder of results, one status.

    Attributes
    ----------
    name : str
        The folder's name, or the stem of an image that was named on its own.
    scans : tuple of Scan
        One scan where all slices have the same size, channels and depth; otherwise one for each slice, in order.
        Where several files were given of which some have many pages, the rule holds for each file.
    truths : tuple of Mask or None
        One for each slice, over all scans in order; None where no truth exists.
    problems : tuple of Problem
        Files that belong to the case and could not be used.
    warnings : tuple of str
        What was assumed: grey taken as FLAIR, sizes that differ, and the like.
    """

    name: str
    scans: tuple[Scan, ...]
    truths: tuple[Mask | None, ...]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.truths) != len(self):
            raise InputError(
                f"{self.name}: a case must have one truth (or None) a slice, received {len(self)} slices "
                f"and {len(self.truths)} truths"
            )

    def __len__(self) -> int:
        return sum(len(scan) for scan in self.scans)

    @property
    def sources(self) -> tuple[Source, ...]:
        """The source of every slice, over all scans in order."""
        return tuple(source for scan in self.scans for source in scan.sources)
