"""From the network's probabilities of slices to calibrated ones, as the bundle says."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.rules import Calibration

EDGE: Final = 1e-7
"""Of neighbours, probabilities nearer to 0 or 1 than this are taken as this far away: one slice must not decide."""


def calibrate(
    probability: NDArray[np.float32],
    calibration: Calibration | None,
    beside: NDArray[np.float64] | None = None,
) -> NDArray[np.float32]:
    """Calibrate probabilities on the logit (Platt 1999).

    A slice by itself gets ``expit(slope * logit + intercept)``. A slice of a volume gets, where the calibration has a
    ``volume``, ``expit(slope * logit + beside * neighbours + intercept)`` with the numbers of that.

    Parameters
    ----------
    probability : ndarray, float32, shape (slice,)
        The network's own, 0 to 1; NaN stays NaN.
    calibration : Calibration or None
        None gives the probabilities back as they are.
    beside : ndarray, float64, shape (slice,), optional
        Mean logit of each slice's neighbours (`neighbour_logits`); NaN where a slice stands alone. By default all do.

    Returns
    -------
    ndarray, float32, same shape
        Of slices that stand alone in the same order as before: where the first of two was not lower, it is not lower
        now, and 0 and 1 stay 0 and 1.
    """
    if calibration is None:
        return probability
    values, line = probability.astype(np.float64), calibration.volume
    # Written out: importing scipy.special takes longer than ten slices take in the networks.
    with np.errstate(divide="ignore", over="ignore"):
        logits = calibration.slope * (np.log(values) - np.log1p(-values)) + calibration.intercept
        if line is not None and beside is not None:
            among = line.slope * clipped_logits(values) + line.beside * beside + line.intercept
            logits = np.where(np.isnan(beside), logits, among)
        return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)


def clipped_logits(probability: NDArray[np.floating]) -> NDArray[np.float64]:
    """Logits of probabilities, those nearer to 0 or 1 than `EDGE` taken as that far away; NaN stays NaN."""
    clipped = np.clip(probability.astype(np.float64), EDGE, 1 - EDGE)
    return np.asarray(np.log(clipped) - np.log1p(-clipped))


def neighbour_logits(probability: NDArray[np.floating], step: int = 1) -> NDArray[np.float64]:
    """Mean logits of the neighbours of a volume's slices.

    Parameters
    ----------
    probability : ndarray, float, shape (slice,)
        The network's own, 0 to 1, in the volume's order; NaN where a slice has none.
    step : int
        How many slices away the neighbours are. Near the ends, where none is so far away, the last slice is one.

    Returns
    -------
    ndarray, float64, shape (slice,)
        A neighbour that has no probability is stood in for by the slice itself, as is the one that the first and the
        last slice lack. NaN for the slice of a volume that has but one.
    """
    if len(probability) == 1:
        return np.full(1, np.nan)
    own = clipped_logits(probability)
    places, mean = np.arange(len(own)), np.zeros(len(own))
    for place in (places - step, places + step):
        there = own[np.clip(place, 0, len(own) - 1)]
        mean += np.where(np.isnan(there), own, there) / 2
    return mean
