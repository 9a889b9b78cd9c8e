"""The headline figures of some patients, each with its counts and its bootstrap interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.evaluate.curve import area_under_curve
from gliascope.evaluate.definitions import FIGURES, LOW_DICE, Counted
from gliascope.evaluate.score import PatientScore
from gliascope.measure.overlap import dice_of_counts

RESAMPLES: Final = 2000
"""Bootstrap resamples."""

LEVEL: Final = 0.95
"""Coverage of the intervals."""

NAN: Final = float("nan")


@dataclass(frozen=True)
class Figure:
    """One figure; what is not defined is NaN.

    Attributes
    ----------
    value : float
    low, high : float
        Ends of the interval.
    patients : int
        Patients that it is about.
    slices : int
        Slices of these patients that it is about.
    """

    value: float
    low: float
    high: float
    patients: int
    slices: int


@dataclass(frozen=True, eq=False)
class _Columns:
    """The patients' counts: integers of shape (patient,), and the arrays of each one's slices."""

    dice: NDArray[np.float64]
    both: NDArray[np.int64]
    predicted: NDArray[np.int64]
    true: NDArray[np.int64]
    slices: NDArray[np.int64]
    tumour: NDArray[np.int64]
    found: NDArray[np.int64]
    alarms: NDArray[np.int64]
    false_px: NDArray[np.int64]
    false_slices: NDArray[np.int64]
    labels: tuple[NDArray[np.bool_], ...]
    scores: tuple[NDArray[np.float64], ...]


def headline(patients: Sequence[PatientScore], *, resamples: int = RESAMPLES, seed: int = 0) -> dict[str, Figure]:
    """Compute the headline figures.

    The interval is the percentile bootstrap over patients (Efron & Tibshirani 1993, chapter 13): patients are drawn
    with replacement, each with all its slices, and every figure is taken from the same draws. Draws in which a figure
    is not defined are left out of its interval.

    Parameters
    ----------
    patients : sequence of PatientScore
        At least one.
    resamples : int
        Number of draws; 0 leaves all intervals NaN.
    seed : int

    Returns
    -------
    dict of str to Figure
        The names of `gliascope.evaluate.definitions.FIGURES`, in their order. Intervals are NaN for fewer than two
        patients.

    Raises
    ------
    InputError
        If there is no patient, or `resamples` is negative.
    """
    if not patients:
        raise InputError("figures need at least one patient, received none")
    if resamples < 0:
        raise InputError(f"the number of bootstrap resamples must be 0 or more, received {resamples}")
    columns = _tabulate(patients)
    everyone = np.arange(len(patients))
    values = _compute(columns, everyone)
    draws = np.random.default_rng(seed).integers(len(patients), size=(resamples, len(patients)))
    drawn = [_compute(columns, one) for one in draws] if len(patients) > 1 else []
    counts = _counts(columns)
    return {
        one.name: Figure(values[one.name], *_interval([draw[one.name] for draw in drawn]), *counts[one.counted])
        for one in FIGURES
    }


def _tabulate(patients: Sequence[PatientScore]) -> _Columns:
    def column(values: list[int]) -> NDArray[np.int64]:
        return np.array(values, dtype=np.int64)

    def count(kind: bool, called: bool) -> NDArray[np.int64]:
        return column([sum(s.tumour == kind and s.called == called for s in one.slices) for one in patients])

    empty = [[s for s in one.slices if not s.tumour] for one in patients]
    return _Columns(
        dice=np.array([one.dice for one in patients], dtype=np.float64),
        both=column([one.both_px for one in patients]),
        predicted=column([one.predicted_px for one in patients]),
        true=column([one.true_px for one in patients]),
        slices=column([len(one.slices) for one in patients]),
        tumour=column([sum(s.tumour for s in one.slices) for one in patients]),
        found=count(kind=True, called=True),
        alarms=count(kind=False, called=True),
        false_px=column([one.false_positive_px for one in patients]),
        false_slices=column([sum(s.predicted_px > 0 for s in some) for some in empty]),
        labels=tuple(np.array([s.tumour for s in one.slices], dtype=np.bool_) for one in patients),
        scores=tuple(np.array([s.rank_score for s in one.slices], dtype=np.float64) for one in patients),
    )


def _compute(columns: _Columns, chosen: NDArray[np.intp]) -> dict[str, float]:
    """Compute all figures of the chosen patients, who may occur several times."""

    def total(values: NDArray[Any]) -> int:
        return int(values[chosen].sum())

    dice = columns.dice[chosen]
    dice = dice[~np.isnan(dice)]
    slices, tumour, found, alarms = (
        total(one) for one in (columns.slices, columns.tumour, columns.found, columns.alarms)
    )
    empty = slices - tumour
    labels = np.concatenate([columns.labels[one] for one in chosen])
    scores = np.concatenate([columns.scores[one] for one in chosen])
    return {
        "dice_mean": float(dice.mean()) if dice.size else NAN,
        "dice_median": float(np.median(dice)) if dice.size else NAN,
        "dice_sd": float(dice.std(ddof=1)) if dice.size > 1 else NAN,
        "dice_low": float((dice < LOW_DICE).sum()) if dice.size else NAN,
        "dice_pooled": dice_of_counts(total(columns.both), total(columns.predicted), total(columns.true)),
        "auc": area_under_curve(labels, scores),
        "sensitivity": _share(found, tumour),
        "specificity": _share(empty - alarms, empty),
        "accuracy": _share(found + empty - alarms, slices),
        "false_positive_px": float(total(columns.false_px)) if empty else NAN,
        "false_positive_px_mean": _share(total(columns.false_px), empty),
        "false_positive_slices": float(total(columns.false_slices)) if empty else NAN,
    }


def _share(part: int, whole: int) -> float:
    return part / whole if whole else NAN


def _interval(values: list[float]) -> tuple[float, float]:
    defined = [one for one in values if not np.isnan(one)]
    if not defined:
        return NAN, NAN
    tail = (1 - LEVEL) / 2 * 100
    low, high = np.percentile(defined, [tail, 100 - tail])
    return float(low), float(high)


def _counts(columns: _Columns) -> dict[Counted, tuple[int, int]]:
    """Patients and slices of each kind."""
    outlined = ~np.isnan(columns.dice)
    empty = columns.slices - columns.tumour
    return {
        "volumes": (int(outlined.sum()), int(columns.slices[outlined].sum())),
        "slices": (len(columns.slices), int(columns.slices.sum())),
        "tumour slices": (int((columns.tumour > 0).sum()), int(columns.tumour.sum())),
        "tumour-free slices": (int((empty > 0).sum()), int(empty.sum())),
    }
