"""How far probabilities can be taken at their word: Brier score, calibration error, reliability diagram.

The expected calibration error is the mean distance of a bin's mean probability from its share of tumour slices,
weighted by the bins' slices (Naeini, Cooper & Hauskrecht 2015; Guo et al. 2017), over `BINS` bins: equally wide, or of
equally many slices (adaptive: Nguyen & O'Connor 2015; Nixon et al. 2019), which no bin of a few slices can spoil.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from gliascope.evaluate.definitions import BINS
from gliascope.evaluate.record_parts import BinRecord, ReliabilityRecord
from gliascope.evaluate.score import PatientScore, SliceScore

DIAGRAM_BINS: Final = 10
"""Equally wide bins of the reliability diagram."""

Kind = Literal["width", "mass"]


@dataclass(frozen=True, eq=False)
class Binned:
    """Sums over the slices of each patient in each bin; slices without a probability are left out.

    Attributes
    ----------
    slices, tumour : ndarray, int64, shape (patient, bin)
    probability : ndarray, float64, shape (patient, bin)
        Sum of the probabilities.
    squares : ndarray, float64, shape (patient,)
        Sum of the squared distances of probability and truth (1 or 0) over all bins.
    """

    slices: NDArray[np.int64]
    tumour: NDArray[np.int64]
    probability: NDArray[np.float64]
    squares: NDArray[np.float64]


MEASURED: Final[Mapping[str, tuple[Kind, Callable[[SliceScore], float]]]] = {
    "ece": ("width", lambda one: one.probability),
    "ece_raw": ("width", lambda one: one.raw),
    "ece_mass": ("mass", lambda one: one.probability),
    "ece_mass_raw": ("mass", lambda one: one.raw),
}
"""Name of each calibration error: its bins and its probability."""


def edges_of(probabilities: NDArray[np.float64], kind: Kind, bins: int) -> NDArray[np.float64]:
    """Limits between bins; a probability on a limit belongs to the upper bin.

    Parameters
    ----------
    probabilities : ndarray, float64, shape (slice,)
    kind : str
        ``width``: from 0 to 1 in equal steps. ``mass``: quantiles; equal ones are one limit.
    bins : int

    Returns
    -------
    ndarray, float64, shape (up to bins - 1,)
    """
    shares = np.linspace(0, 1, bins + 1)[1:-1]
    if kind == "width" or not len(probabilities):
        return shares
    return np.unique(np.quantile(probabilities, shares))


def put_into_bins(
    patients: Sequence[PatientScore], value: Callable[[SliceScore], float], kind: Kind, bins: int = BINS
) -> Binned:
    """Sum slices by patient and bin; the limits are those of all these slices together."""
    owner = np.repeat(np.arange(len(patients)), [len(one.slices) for one in patients])
    slices = [one for patient in patients for one in patient.slices]
    label = np.array([one.tumour for one in slices], dtype=np.bool_)
    probability = np.array([value(one) for one in slices], dtype=np.float64)
    known = ~np.isnan(probability)
    owner, label, probability = owner[known], label[known], probability[known]
    edges = edges_of(probability, kind, bins)
    shape = len(patients), len(edges) + 1
    place = owner * shape[1] + np.searchsorted(edges, probability, side="right")

    def summed(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(place, weights, minlength=shape[0] * shape[1]).reshape(shape), dtype=np.float64)

    squares = np.bincount(owner, (probability - label) ** 2, minlength=len(patients)).astype(np.float64)
    return Binned(
        summed(np.ones(len(place))).astype(np.int64),
        summed(label.astype(np.float64)).astype(np.int64),
        summed(probability),
        squares,
    )


def bins_of(patients: Sequence[PatientScore]) -> dict[str, Binned]:
    """Everything that `reliability_figures` needs, by the name of the calibration error."""
    return {name: put_into_bins(patients, value, kind) for name, (kind, value) in MEASURED.items()}


def reliability_figures(binned: Mapping[str, Binned], weights: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Compute Brier scores and calibration errors.

    Parameters
    ----------
    binned : mapping of str to Binned
        Of `bins_of`. The limits of the bins are the same in every draw.
    weights : ndarray, int64, shape (draw, patient)
        How many times each patient counts.

    Returns
    -------
    dict of str to ndarray, float64, shape (draw,)
        ``brier``, ``brier_raw`` and the names of `MEASURED`; NaN where no slice has a probability.
    """
    figures = {}
    for name, one in binned.items():
        total = (weights @ one.slices.sum(axis=1)).astype(np.float64)
        gap = np.abs(weights @ one.probability - weights @ one.tumour).sum(axis=1)
        figures[name] = _share(gap, total)
        if name in ("ece", "ece_raw"):
            figures[name.replace("ece", "brier")] = _share(weights @ one.squares, total)
    return figures


def reliability_of(patients: Sequence[PatientScore]) -> ReliabilityRecord:
    """Make the points of the reliability diagram, before and after calibration."""
    return ReliabilityRecord(
        before=_points(patients, lambda one: one.raw), after=_points(patients, lambda one: one.probability)
    )


def _points(patients: Sequence[PatientScore], value: Callable[[SliceScore], float]) -> list[BinRecord]:
    one = put_into_bins(patients, value, "width", DIAGRAM_BINS)
    slices, tumour, probability = (some.sum(axis=0) for some in (one.slices, one.tumour, one.probability))
    return [
        BinRecord(slices=int(count), probability=float(mean) / int(count), tumour=int(found) / int(count))
        for count, found, mean in zip(slices, tumour, probability, strict=True)
        if count
    ]


def _share(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)
