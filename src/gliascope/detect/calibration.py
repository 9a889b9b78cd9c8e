"""From the network's probabilities of slices to calibrated ones, as the bundle says."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.findings import Calibration

EDGE: Final = 1e-7
"""In a volume, probabilities nearer to 0 or 1 than this are taken as this far away: one slice must not decide."""


def calibrate(
    probability: NDArray[np.float32], calibration: Calibration | None, *, step: int | None = None
) -> NDArray[np.float32]:
    """Calibrate probabilities on the logit (Platt 1999).

    A slice by itself gets ``expit(slope * logit + intercept)``. A slice of a volume gets, where the calibration has a
    ``volume``, ``expit(slope * logit + beside * neighbours + intercept)`` with the mean logit of both neighbours.

    Parameters
    ----------
    probability : ndarray, float32, shape (slice,)
        The network's own, 0 to 1; NaN stays NaN.
    calibration : Calibration or None
        None gives the probabilities back as they are.
    step : int, optional
        The slices are those of one volume, in order, and a slice's neighbours are so many away; by default each slice
        stands alone.

    Returns
    -------
    ndarray, float32, same shape
        Of slices that stand alone in the same order as before: where the first of two was not lower, it is not lower
        now, and 0 and 1 stay 0 and 1.
    """
    if calibration is None:
        return probability
    line = None if step is None else calibration.volume
    values = probability.astype(np.float64)
    # Written out: importing scipy.special takes longer than ten slices take in the networks.
    with np.errstate(divide="ignore", over="ignore"):
        if step is None or line is None:
            logits = calibration.slope * (np.log(values) - np.log1p(-values)) + calibration.intercept
        else:
            own, beside = neighbour_logits(values, step)
            logits = line.slope * own + line.beside * beside + line.intercept
        return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)


def neighbour_logits(
    probability: NDArray[np.floating], step: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Logits of the slices of a volume, and the mean logits of their neighbours.

    Parameters
    ----------
    probability : ndarray, float, shape (slice,)
        0 to 1, in the volume's order; NaN where a slice has none.
    step : int
        How many slices away the neighbours are.

    Returns
    -------
    own : ndarray, float64, shape (slice,)
    beside : ndarray, float64, shape (slice,)
        A neighbour that is not there, or has no probability, is stood in for by the slice itself.
    """
    clipped = np.clip(probability.astype(np.float64), EDGE, 1 - EDGE)
    own = np.log(clipped) - np.log1p(-clipped)
    places = np.arange(len(own))
    beside = np.zeros(len(own))
    for place in (places - step, places + step):
        inside = (place >= 0) & (place < len(own))
        there = own[np.where(inside, place, places)]
        beside += np.where(np.isnan(there), own, there) / 2
    return own, beside
