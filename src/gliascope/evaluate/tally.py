"""The patients' counts as columns: what every figure is computed from."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gliascope.evaluate.reliability import Binned, bins_of
from gliascope.evaluate.score import PatientScore, SliceScore

Count = NDArray[np.int64]
Value = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Tally:
    """Columns of shape (patient,), and of shape (slice,) for what is ranked.

    Attributes
    ----------
    true, predicted, both : ndarray, int64
        Pixels of the outlines.
    dice, iou, hd95, asd, excess : ndarray, float64
        As in `PatientScore`; ``excess`` are the false-positive pixels over the true ones. NaN where not defined.
    hd95_mm, asd_mm, surplus_ml : ndarray, float64
        As in `PatientScore`; ``surplus_ml`` is the volume outlined minus the true one, NaN where both are empty or
        without geometry.
    slices, tumour, empty : ndarray, int64
        All slices, those with a tumour, those without.
    found, alarms : ndarray, int64
        Tumour and tumour-free slices that were called tumour.
    compared, missed, untouched : ndarray, int64
        Slices with both outlines, tumour slices without an outline found, slices with neither outline.
    false_px, false_slices : ndarray, int64
        Pixels outlined on tumour-free slices, and such slices.
    slice_dice : ndarray, float64
        Sum of Dice over the tumour slices.
    owner : ndarray, intp, shape (slice,)
        Patient of each slice, slices being ordered by falling probability.
    label : ndarray, bool, shape (slice,)
        Whether it shows a tumour.
    last : ndarray, intp, shape (probability,)
        Place of the last slice of each probability.
    judged : ndarray, int64
        Slices with a probability.
    binned : dict of str to Binned
        Sums by bins of probability, for each calibration error.
    """

    true: Count
    predicted: Count
    both: Count
    dice: Value
    iou: Value
    hd95: Value
    asd: Value
    excess: Value
    hd95_mm: Value
    asd_mm: Value
    surplus_ml: Value
    slices: Count
    tumour: Count
    empty: Count
    found: Count
    alarms: Count
    compared: Count
    missed: Count
    untouched: Count
    false_px: Count
    false_slices: Count
    slice_dice: Value
    owner: NDArray[np.intp]
    label: NDArray[np.bool_]
    last: NDArray[np.intp]
    judged: Count
    binned: dict[str, Binned]

    def __len__(self) -> int:
        return len(self.slices)


def tabulate(patients: Sequence[PatientScore]) -> Tally:
    """Count each patient's slices and pixels."""

    def counted(value: Callable[[PatientScore], int]) -> Count:
        return np.array([value(one) for one in patients], dtype=np.int64)

    def valued(value: Callable[[PatientScore], float]) -> Value:
        return np.array([value(one) for one in patients], dtype=np.float64)

    def number(kind: Callable[[SliceScore], bool]) -> Count:
        return counted(lambda one: sum(map(kind, one.slices)))

    owner, label, last = _ranked(patients)
    return Tally(
        true=counted(lambda one: one.true_px),
        predicted=counted(lambda one: one.predicted_px),
        both=counted(lambda one: one.both_px),
        dice=valued(lambda one: one.dice),
        iou=valued(lambda one: one.iou),
        hd95=valued(lambda one: one.hd95),
        asd=valued(lambda one: one.asd),
        excess=valued(_excess),
        hd95_mm=valued(lambda one: one.hd95_mm),
        asd_mm=valued(lambda one: one.asd_mm),
        surplus_ml=valued(lambda one: math.nan if math.isnan(one.dice) else one.predicted_ml - one.true_ml),
        slices=counted(lambda one: len(one.slices)),
        tumour=number(lambda s: s.tumour),
        empty=number(lambda s: not s.tumour),
        found=number(lambda s: s.tumour and s.called),
        alarms=number(lambda s: not s.tumour and s.called),
        compared=number(lambda s: s.outlined_twice),
        missed=number(lambda s: s.tumour and not s.predicted_px),
        untouched=number(lambda s: not s.tumour and not s.predicted_px),
        false_px=counted(lambda one: one.false_positive_px),
        false_slices=number(lambda s: not s.tumour and s.predicted_px > 0),
        slice_dice=valued(lambda one: math.fsum(s.dice for s in one.slices if s.tumour)),
        owner=owner,
        label=label,
        last=last,
        judged=number(lambda s: not math.isnan(s.probability)),
        binned=bins_of(patients),
    )


def _excess(one: PatientScore) -> float:
    return (one.predicted_px - one.both_px) / one.true_px if one.true_px else math.nan


def _ranked(patients: Sequence[PatientScore]) -> tuple[NDArray[np.intp], NDArray[np.bool_], NDArray[np.intp]]:
    owner = np.repeat(np.arange(len(patients)), [len(one.slices) for one in patients])
    label = np.array([s.tumour for one in patients for s in one.slices], dtype=np.bool_)
    score = np.array([s.rank_score for one in patients for s in one.slices], dtype=np.float64)
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True)) if len(ranked) else np.empty(0, dtype=np.intp)
    return owner[order], label[order], last
