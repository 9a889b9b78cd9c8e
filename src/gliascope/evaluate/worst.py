"""The patients with the lowest Dice, pictured with the true outlines and the predicted ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.evaluate.assemble import WORST
from gliascope.evaluate.definitions import BY_NAME
from gliascope.evaluate.score import PatientScore, join_patient
from gliascope.findings import Finding, SliceFinding
from gliascope.prepare.head import head_mask
from gliascope.present.disagreement import ComparedSlice, disagreement_figure
from gliascope.present.display import lesion_window, plane, to_grey
from gliascope.scan import Case, Mask

LARGEST: Final = 3
"""Slices of a patient shown for the area of their true outline; as many again for their disagreement."""
BORDER: Final = 0.06
"""Added around the head, as a share of its side."""


@dataclass(frozen=True)
class WorstPicture:
    """A patient and the picture of it."""

    patient: str
    path: Path


class WorstPatients:
    """Keeps, while patients are scored, some slices of those with the lowest Dice so far.

    An instance is called with each folder's images, what was found on them and their score (see
    `gliascope.evaluate.run.OnPatient`); folders of one patient count together and come one after the other. What is in
    memory are at most ``count + 1`` patients with six slices a folder.

    Parameters
    ----------
    count : int
        Patients to keep.
    """

    def __init__(self, count: int = WORST) -> None:
        self.count = count
        self._scores: dict[str, PatientScore] = {}
        self._slices: dict[str, tuple[ComparedSlice, ...]] = {}

    def __call__(self, case: Case, finding: Finding, score: PatientScore) -> None:
        """Look at one more folder."""
        name = score.patient
        if name in self._scores:
            self._scores[name] = join_patient([self._scores[name], score])
        else:
            kept = self._worst()  # only now: another folder may have taken the patient before out of them
            self._slices = {one: slices for one, slices in self._slices.items() if one in kept}
            self._scores[name] = score
        self._slices[name] = (*self._slices.get(name, ()), *compared_slices(case, finding))

    def _worst(self) -> list[str]:
        known = [(one.dice, name) for name, one in self._scores.items() if not math.isnan(one.dice)]
        return [name for _, name in sorted(known)[: self.count]]

    def draw(self, folder: Path, *, stamp: str | None = None) -> list[WorstPicture]:
        """Draw one picture a patient, the worst first.

        Parameters
        ----------
        folder : Path
            Made where it is missing.
        stamp : str or None
            Why the figures are no evidence; stands on every picture.

        Returns
        -------
        list of WorstPicture
            ``01-PATIENT.png`` and so on.
        """
        drawn = []
        for number, name in enumerate(self._worst(), start=1):
            if not self._slices.get(name):
                continue
            path = folder / f"{number:02d}-{name}.png"
            text = summary(self._scores[name])
            disagreement_figure(self._slices[name], path, title=f"{number}. {name}", summary=text, stamp=stamp)
            drawn.append(WorstPicture(name, path))
        return drawn


def summary(score: PatientScore) -> str:
    """A patient's figures in one line."""
    tumour = [one for one in score.slices if one.tumour]
    parts = [
        f"Dice {BY_NAME['dice_mean'].show(score.dice)}",
        _sizes(score),
        f"{sum(one.called for one in tumour)} of {len(tumour)} tumour slices called",
    ]
    return "; ".join(parts)


def _sizes(score: PatientScore) -> str:
    if score.has_geometry:
        ml = BY_NAME["volume_error_ml_mean"]
        return f"true outlines {ml.show(score.true_ml)} ml, predicted {ml.show(score.predicted_ml)} ml"
    return f"true outlines {score.true_px:,} px, predicted {score.predicted_px:,} px, in both {score.both_px:,} px"


def compared_slices(case: Case, finding: Finding) -> tuple[ComparedSlice, ...]:
    """Pick the slices of a case that show most of what went wrong.

    The three with the largest true outline, and the three others with the most pixels in one outline only. They are
    cut to the head and shown in one window, see `lesion_window`.

    Parameters
    ----------
    case : Case
        With a true mask for every slice.
    finding : Finding

    Returns
    -------
    tuple of ComparedSlice
        In the order of the case; slices on which there is nothing in either outline are left out.
    """
    truths = [_pixels(one) for one in case.truths]
    area = [int(np.count_nonzero(one)) for one in truths]
    apart = [int(np.count_nonzero(one.mask ^ true)) for one, true in zip(finding.slices, truths, strict=True)]
    chosen = sorted(range(len(truths)), key=lambda index: (-area[index], index))[:LARGEST]
    others = sorted(set(range(len(truths))) - set(chosen), key=lambda index: (-apart[index], index))[:LARGEST]
    wanted = [index for index in sorted([*chosen, *others]) if area[index] or apart[index]]
    planes = [plane(one, scan.sequences) for scan in case.scans for one in scan.pixels]
    marked = [one.mask | true for one, true in zip(finding.slices, truths, strict=True)]
    window = lesion_window([planes[index] for index in wanted], [marked[index] for index in wanted])
    greys = {index: to_grey(planes[index], window) for index in wanted}
    box = _head_box([greys[index] for index in wanted], [marked[index] for index in wanted])
    return tuple(
        ComparedSlice(greys[index][box], truths[index][box], one.mask[box], _label(one), _note(one, truths[index]))
        for index, one in enumerate(finding.slices)
        if index in greys
    )


def _head_box(greys: Sequence[NDArray[np.uint8]], marked: Sequence[NDArray[np.bool_]]) -> tuple[slice, slice]:
    """Rows and columns that hold the head and all outlines; everything where the slices differ in size."""
    if len({one.shape for one in greys}) != 1:
        return slice(None), slice(None)
    shown = np.any(head_mask(np.stack(greys)) | np.stack(marked), axis=0)
    places = [np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0)]
    side = round((1 + BORDER) * max(int(np.ptp(one)) + 1 for one in places))
    starts = [
        min(max((int(one[0] + one[-1]) - side) // 2, 0), max(size - side, 0))
        for one, size in zip(places, shown.shape, strict=True)
    ]
    return slice(starts[0], starts[0] + side), slice(starts[1], starts[1] + side)


def _pixels(truth: Mask | None) -> NDArray[np.bool_]:
    if truth is None:  # scoring has refused such a case before
        raise TypeError("a slice without a true mask cannot be compared")
    return truth.pixels


def _label(one: SliceFinding) -> str:
    name = "" if one.source.path is None else one.source.path.name
    return name if one.source.pages == 1 else f"{name}, page {one.source.page + 1}"


def _note(one: SliceFinding, truth: NDArray[np.bool_]) -> str:
    said = "not assessable" if math.isnan(one.probability) else f"{one.verdict}, probability {one.probability:.3f}"
    return f"{said}; true {np.count_nonzero(truth):,} px, predicted {one.area_px:,} px"
