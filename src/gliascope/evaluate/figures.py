"""The headline figures of some patients, each with its counts and its bootstrap interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.evaluate.definitions import EVERY, FIGURES, Counted
from gliascope.evaluate.resample import compute, draw_patients
from gliascope.evaluate.roc import areas
from gliascope.evaluate.score import PatientScore
from gliascope.evaluate.tally import Tally, tabulate

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
        The names of `gliascope.evaluate.definitions.FIGURES`, in their order, then those of ``IN_SPACE`` where every
        slice has a spacing. Intervals are NaN where a figure is about fewer than two patients.

    Raises
    ------
    InputError
        If there is no patient, or `resamples` is negative.
    """
    if not patients:
        raise InputError("figures need at least one patient, received none")
    if resamples < 0:
        raise InputError(f"the number of bootstrap resamples must be 0 or more, received {resamples}")
    tally = tabulate(patients)
    everyone = compute(tally, np.arange(len(tally))[np.newaxis])
    values = {name: float(one[0]) for name, one in everyone.items()} | areas(patients)
    drawn = compute(tally, draw_patients(len(tally), resamples if len(tally) > 1 else 0, seed))
    counts = _counts(tally)
    found = {}
    for one in EVERY if all(person.has_geometry for person in patients) else FIGURES:
        about = counts[one.counted]
        ends = interval(drawn[one.name]) if about[0] > 1 else (NAN, NAN)
        found[one.name] = Figure(values[one.name], *ends, *about)
    return found


def interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Percentile interval of the draws in which a figure is defined; NaN where there is none.

    Parameters
    ----------
    values : ndarray, float64, shape (draw,)

    Returns
    -------
    low, high : float
    """
    defined = values[~np.isnan(values)]
    if not defined.size:
        return NAN, NAN
    tail = (1 - LEVEL) / 2 * 100
    low, high = np.percentile(defined, [tail, 100 - tail])
    return float(low), float(high)


def _counts(tally: Tally) -> dict[Counted, tuple[int, int]]:
    """Patients and slices of each kind."""
    called = tally.found + tally.alarms
    kinds: dict[Counted, NDArray[np.int64]] = {
        "volumes": tally.slices * ~np.isnan(tally.dice),
        "tumour volumes": tally.slices * (tally.true > 0),
        "slices": tally.slices,
        "tumour slices": tally.tumour,
        "tumour-free slices": tally.empty,
        "slices called tumour": called,
        "slices with both outlines": tally.compared,
        "slices with a probability": tally.judged,
        "volumes with both outlines": tally.slices * ~np.isnan(tally.hd95_mm),
    }
    return {name: (int((one > 0).sum()), int(one.sum())) for name, one in kinds.items()}
