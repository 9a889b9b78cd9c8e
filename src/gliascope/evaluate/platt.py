"""Fitting the calibration of slice probabilities."""

from __future__ import annotations

import logging
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.findings import Calibration

logger = logging.getLogger(__name__)

LEAST_SLOPE: Final = 0.02
"""Under this slope a network's probabilities say too little about the slices to be calibrated."""

EDGE: Final = 1e-7
"""Probabilities nearer to 0 or 1 than this are taken as this far away when fitting: one slice must not decide."""


def fit_calibration(
    labels: NDArray[np.bool_], probabilities: NDArray[np.floating], *, patients: int, fitted_on: str
) -> Calibration | None:
    """Fit slope and intercept on the logit by maximum likelihood (Platt 1999).

    The targets are Platt's, (N+ + 1) / (N+ + 2) and 1 / (N- + 2) in place of 1 and 0, so that slices that can be told
    apart without error do not make the slope infinite.

    Parameters
    ----------
    labels : ndarray, bool, shape (slice,)
        True where the slice shows a tumour.
    probabilities : ndarray, float, shape (slice,)
        The network's own, of slices that it was not trained on.
    patients : int
        How many patients they are of; kept with the numbers.
    fitted_on : str
        Kept with the numbers.

    Returns
    -------
    Calibration or None
        None where only one kind of slice is there, or higher probabilities do not go with tumour.
    """
    tumour, empty = int(labels.sum()), int((~labels).sum())
    if not tumour or not empty:
        return None
    clipped = np.clip(probabilities.astype(np.float64), EDGE, 1 - EDGE)
    logits = np.log(clipped) - np.log1p(-clipped)
    targets = np.where(labels, (tumour + 1) / (tumour + 2), 1 / (empty + 2))
    slope, intercept = fit_line(logits, targets)
    if not slope > LEAST_SLOPE:
        logger.warning("not calibrated: higher probabilities must go with tumour, received a slope of %.3g", slope)
        return None
    return Calibration(slope, intercept, fitted_on, patients, len(labels), tumour)


def fit_line(logits: NDArray[np.float64], targets: NDArray[np.float64]) -> tuple[float, float]:
    """Fit ``expit(slope * logit + intercept)`` to targets by maximum likelihood.

    Parameters
    ----------
    logits : ndarray, float64, shape (slice,)
    targets : ndarray, float64, shape (slice,)
        Between 0 and 1, exclusive.

    Returns
    -------
    slope, intercept : float
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        values = line[0] * logits + line[1]
        rest = expit(values) - targets
        return float(np.mean(np.logaddexp(0, values) - targets * values)), np.array(
            [np.mean(rest * logits), rest.mean()]
        )

    def curvature(line: NDArray[np.float64]) -> NDArray[np.float64]:
        share = expit(line[0] * logits + line[1])
        weight = share * (1 - share)
        mixed = np.mean(weight * logits)
        return np.array([[np.mean(weight * logits**2), mixed], [mixed, weight.mean()]])

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, hess=curvature, method="trust-exact", options={"gtol": 1e-9})
    return float(found.x[0]), float(found.x[1])
