"""Fitting the calibration of slice probabilities."""

from __future__ import annotations

import logging
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.detect.calibration import clipped_logits
from gliascope.rules import Calibration, VolumeLine

logger = logging.getLogger(__name__)

LEAST_SLOPE: Final = 0.02
"""Under this slope a network's probabilities say too little about the slices to be calibrated."""


def fit_calibration(
    labels: NDArray[np.bool_],
    probabilities: NDArray[np.floating],
    *,
    patients: int,
    fitted_on: str,
    beside: NDArray[np.float64] | None = None,
) -> Calibration | None:
    """Fit slope and intercept on the logit by maximum likelihood (Platt 1999), and the line of volumes.

    The targets are Platt's, (N+ + 1) / (N+ + 2) and 1 / (N- + 2) in place of 1 and 0, so that slices that can be told
    apart without error do not make the slope infinite.

    Parameters
    ----------
    labels : ndarray, bool, shape (slice,)
        True where the slice shows a tumour.
    probabilities : ndarray, float, shape (slice,)
        The network's own, of slices that it was not trained on; NaN where a slice has none, which is left out.
    patients : int
        How many patients they are of; kept with the numbers.
    fitted_on : str
        Kept with the numbers.
    beside : ndarray, float64, shape (slice,), optional
        Mean logits of the neighbours (`gliascope.detect.calibration.neighbour_logits`); NaN where a slice stands
        alone.

    Returns
    -------
    Calibration or None
        None where only one kind of slice is there, or higher probabilities do not go with tumour. It has a ``volume``
        where neighbours tell more than a third number costs (Schwarz 1978: Bayesian information criterion).
    """
    known = ~np.isnan(probabilities)
    mine, own = labels[known], clipped_logits(probabilities[known])
    tumour, empty = int(mine.sum()), int((~mine).sum())
    if not tumour or not empty:
        return None
    targets = np.where(mine, (tumour + 1) / (tumour + 2), 1 / (empty + 2))
    slope, intercept = fit_line(own, targets)
    if not slope > LEAST_SLOPE:
        logger.warning("not calibrated: higher probabilities must go with tumour, received a slope of %.3g", slope)
        return None
    volume = None if beside is None else _worthwhile(own, beside[known], targets)
    return Calibration(slope, intercept, fitted_on, patients, len(mine), tumour, volume)


def _worthwhile(
    own: NDArray[np.float64], beside: NDArray[np.float64], targets: NDArray[np.float64]
) -> VolumeLine | None:
    """Fit the line of volumes on the slices that have neighbours; None where it is not worth a third number."""
    inside = ~np.isnan(beside)
    own, beside, targets = own[inside], beside[inside], targets[inside]
    if not len(own):
        return None
    slope, intercept = fit_line(own, targets)
    found = fit_volume_line(own, beside, targets)
    alone = _loss(slope * own + intercept, targets)
    together = _loss(found.slope * own + found.beside * beside + found.intercept, targets)
    return found if 2 * len(own) * (alone - together) > math.log(len(own)) else None


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


def fit_volume_line(own: NDArray[np.float64], beside: NDArray[np.float64], targets: NDArray[np.float64]) -> VolumeLine:
    """Fit ``expit(slope * own + weight * beside + intercept)`` to targets by maximum likelihood.

    Parameters
    ----------
    own, beside : ndarray, float64, shape (slice,)
        Logits of the slices, and mean logits of their neighbours.
    targets : ndarray, float64, shape (slice,)
        Between 0 and 1, exclusive.

    Returns
    -------
    VolumeLine
        The weight is not under 0, and the slope not under half of it: a slice has at least as much say as each of its
        neighbours.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    terms = np.stack([own, beside + own / 2, np.ones_like(own)])

    def loss(line: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        values = line @ terms
        return _loss(values, targets), terms @ (expit(values) - targets) / len(own)

    found = minimize(
        loss,
        np.array([0.5, 0.5, 0.0]),
        jac=True,
        bounds=[(0, None), (0, None), (None, None)],
        method="L-BFGS-B",
        options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 1000},
    )
    more, weight, intercept = (float(one) for one in found.x)
    return VolumeLine(more + weight / 2, weight, intercept)


def _loss(values: NDArray[np.float64], targets: NDArray[np.float64]) -> float:
    return float(np.mean(np.logaddexp(0, values) - targets * values))
