"""Agreement of an outline with the truth, without smoothing: what is not defined is NaN."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gliascope.errors import InputError

PERCENTILE: Final = 95.0
"""Percentile of the surface distances that `hd95` reports."""


def dice(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Dice's coefficient, 2 |P and T| / (|P| + |T|).

    Parameters
    ----------
    prediction, truth : ndarray, bool, same shape
        One slice, or a whole volume.

    Returns
    -------
    float
        0 to 1; NaN where both are empty: such a pair says nothing about outlines and is left out of every mean.

    Raises
    ------
    InputError
        If shapes differ or an array is not boolean.
    """
    _check(prediction, truth)
    both = int(np.count_nonzero(prediction & truth))
    return dice_of_counts(both, int(np.count_nonzero(prediction)), int(np.count_nonzero(truth)))


def dice_of_counts(both: int, predicted: int, true: int) -> float:
    """Dice's coefficient of outlines that have been counted, such as those of many slices added up.

    Parameters
    ----------
    both : int
        Pixels inside both outlines.
    predicted, true : int
        Pixels inside each.

    Returns
    -------
    float
        0 to 1; NaN where both are empty.
    """
    total = predicted + true
    return 2 * both / total if total else float("nan")


def iou(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Intersection over union (Jaccard's index), |P and T| / |P or T|.

    Parameters
    ----------
    prediction, truth : ndarray, bool, same shape

    Returns
    -------
    float
        0 to 1; NaN where both are empty.

    Raises
    ------
    InputError
        If shapes differ or an array is not boolean.
    """
    _check(prediction, truth)
    union = int(np.count_nonzero(prediction | truth))
    return int(np.count_nonzero(prediction & truth)) / union if union else float("nan")


def hd95(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """95th percentile of the Hausdorff distance of two outlines on one slice, in pixels.

    The larger of the two directed 95th percentiles (Maier-Hein et al., Metrics Reloaded, 2024): of the distances of
    every border pixel of one outline to the nearest border pixel of the other. A border pixel is inside and has one
    of its four neighbours outside; beyond the image is outside.

    Parameters
    ----------
    prediction, truth : ndarray, bool, shape (row, column)

    Returns
    -------
    float
        Pixels; NaN where either is empty, since no distance is defined then.

    Raises
    ------
    InputError
        If shapes differ, an array is not boolean or not 2-D.
    """
    _check(prediction, truth)
    if prediction.ndim != 2:
        raise InputError(f"mask must be 2-D, received shape {prediction.shape}")
    if not prediction.any() or not truth.any():
        return float("nan")
    first, second = _border(prediction), _border(truth)
    there = ndimage.distance_transform_edt(~second)[first]
    back = ndimage.distance_transform_edt(~first)[second]
    return float(max(np.percentile(there, PERCENTILE), np.percentile(back, PERCENTILE)))


def _border(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(mask & ~ndimage.binary_erosion(mask, border_value=0))


def _check(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> None:
    if prediction.shape != truth.shape:
        raise InputError(f"masks must have one shape, received {prediction.shape} and {truth.shape}")
    if prediction.dtype != np.bool_ or truth.dtype != np.bool_:
        raise InputError(f"masks must be boolean, received {prediction.dtype} and {truth.dtype}")
