"""The slices of many patients, prepared once and held in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.dataset.layout import PatientFolder
from gliascope.errors import InputError
from gliascope.prepare import InverseMap, neighbour_places, neighbour_step, prepare, prepare_mask
from gliascope.read import read_case
from gliascope.recipe import Preparation
from gliascope.scan import SEQUENCES, Case


@dataclass(frozen=True, eq=False)
class Patient:
    """One patient's place in a `SliceTable`, and what is needed to score it in its own pixels.

    Attributes
    ----------
    name : str
    rows : slice
        The patient's rows in the table.
    inverse : InverseMap
    truth : ndarray, bool, shape (slice, row, column)
        In the scan's own pixels.
    hashes : tuple of str
        Pixel digest of each slice.
    step : int
        How many slices away a slice's neighbours are (`gliascope.prepare.neighbour_step`).
    """

    name: str
    rows: slice
    inverse: InverseMap
    truth: NDArray[np.bool_]
    hashes: tuple[str, ...]
    step: int = 1


@dataclass(frozen=True, eq=False)
class SliceTable:
    """Prepared slices of many patients.

    Attributes
    ----------
    images : ndarray, float16, shape (slice, size, size, 3)
        As `gliascope.prepare.prepare` gives them; half precision saves memory and is finer than 8-bit grey levels.
    masks : ndarray, uint8, shape (slice, size, size), 0 or 1
    labels : ndarray, bool, shape (slice,)
        True where the true mask in the scan's own pixels is not empty.
    patients : tuple of Patient
    neighbours : ndarray, int, shape (slice, neighbour), or None
        Rows of the slices whose FLAIR the networks see as well (see `gliascope.prepare.neighbour_places`); they are
        put together when they are asked for, so that no slice is held twice. None where the recipe has none.
    """

    images: NDArray[np.float16]
    masks: NDArray[np.uint8]
    labels: NDArray[np.bool_]
    patients: tuple[Patient, ...]
    neighbours: NDArray[np.intp] | None = None

    def none(self) -> SliceTable:
        """Give a table of no slices in the shape of this one, for a side with nobody on it."""
        beside = None if self.neighbours is None else self.neighbours[:0]
        return SliceTable(self.images[:0], self.masks[:0], self.labels[:0], (), beside)

    def inputs(self, rows: NDArray[np.intp] | slice) -> NDArray[np.float16]:
        """Give some slices as the networks see them, with their neighbours.

        Parameters
        ----------
        rows : ndarray of int, or slice

        Returns
        -------
        ndarray, float16, shape (slice, size, size, 3 + neighbour)
        """
        if self.neighbours is None:
            return self.images[rows]
        beside, own = self.neighbours[rows], np.arange(len(self.images))[rows]
        channels = len(SEQUENCES) + beside.shape[1]
        flair = [len(SEQUENCES) * (1 + one) + SEQUENCES.index("flair") for one in range(beside.shape[1])]
        ways = [one for pair in zip((*range(len(SEQUENCES)), *flair), range(channels), strict=True) for one in pair]
        # As whole numbers of the same size, which OpenCV moves several times as fast as NumPy halves.
        bits = self.images.view(np.uint16)
        given = np.empty((len(own), *bits.shape[1:3], channels), dtype=np.uint16)
        for row, others, target in zip(own, beside, given, strict=True):
            cv2.mixChannels([bits[row], *(bits[one] for one in others)], [target], ways)
        return given.view(np.float16)


@dataclass(frozen=True, eq=False)
class Tables:
    """The slices that train a network, and those that choose its best epoch and its thresholds."""

    train: SliceTable
    validation: SliceTable


def load_table(folders: Iterable[PatientFolder], preparation: Preparation) -> SliceTable:
    """Read and prepare the slices of some patients.

    Parameters
    ----------
    folders : iterable of PatientFolder
        As `gliascope.dataset.sides.side_patients` gives them, every slice with its mask. The slices of a folder are
        prepared as one volume, however many of them are on this side.
    preparation : Preparation

    Returns
    -------
    SliceTable

    Raises
    ------
    InputError
        If a file is damaged, a slice has no mask, or a patient's slices differ in size.
    """
    images: list[NDArray[np.float16]] = []
    masks: list[NDArray[np.uint8]] = []
    labels: list[NDArray[np.bool_]] = []
    patients: list[Patient] = []
    neighbours: list[NDArray[np.intp]] = []
    alone = preparation.model_copy(update={"neighbours": 0})
    start = 0
    for folder in folders:
        case = read_case(folder.files)
        truth = _truth(case)
        scan = case.scans[0]
        prepared = prepare(scan, alone)
        rows = slice(start, start + len(scan))
        neighbours.append(start + neighbour_places(scan, preparation))
        start = rows.stop
        images.append(prepared.images.astype(np.float16))
        masks.append(prepare_mask(truth, prepared.inverse).astype(np.uint8))
        labels.append(np.array(truth.any(axis=(1, 2)), dtype=np.bool_, ndmin=1))
        hashes = tuple(one.sha256 for one in scan.sources)
        step = neighbour_step(scan, preparation.neighbour_distance)
        patients.append(Patient(case.name, rows, prepared.inverse, truth, hashes, step))
    if not patients:
        raise InputError("training needs at least one patient, received none")
    return SliceTable(
        np.concatenate(images),
        np.concatenate(masks),
        np.concatenate(labels),
        tuple(patients),
        np.concatenate(neighbours) if preparation.neighbours else None,
    )


def _truth(case: Case) -> NDArray[np.bool_]:
    if case.problems:
        first: Sequence[str] = (case.problems[0].path, case.problems[0].message)
        raise InputError(": ".join(first))
    if len(case.scans) != 1:
        raise InputError(
            f"{case.name}: the slices of a training patient must have one size, received {len(case.scans)}"
        )
    for source, truth in zip(case.sources, case.truths, strict=True):
        if truth is None:
            raise InputError(f"{source.path}: a training slice must have a mask, received none")
    return np.stack([one.pixels for one in case.truths if one is not None])
