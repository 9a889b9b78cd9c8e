"""From the network's probability of a slice to a calibrated one, as the bundle says."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gliascope.findings import Calibration


def calibrate(probability: NDArray[np.float32], calibration: Calibration | None) -> NDArray[np.float32]:
    """Calibrate probabilities: ``expit(slope * logit(probability) + intercept)`` (Platt 1999, on the logit).

    Parameters
    ----------
    probability : ndarray, float32
        The network's own, 0 to 1; NaN stays NaN.
    calibration : Calibration or None
        None gives the probabilities back as they are.

    Returns
    -------
    ndarray, float32, same shape
        In the same order as before: where the first of two was not lower, it is not lower now. 0 and 1 stay 0 and 1.
    """
    if calibration is None:
        return probability
    # Written out: importing scipy.special takes longer than ten slices take in the networks.
    values = probability.astype(np.float64)
    with np.errstate(divide="ignore", over="ignore"):
        logits = calibration.slope * (np.log(values) - np.log1p(-values)) + calibration.intercept
        return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)
