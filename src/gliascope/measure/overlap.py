"""Agreement of an outline with the truth, without smoothing: what is not defined is NaN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

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


def iou_of_counts(both: int, predicted: int, true: int) -> float:
    """Intersection over union of outlines that have been counted; see `dice_of_counts`."""
    union = predicted + true - both
    return both / union if union else float("nan")


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
    both = int(np.count_nonzero(prediction & truth))
    return iou_of_counts(both, int(np.count_nonzero(prediction)), int(np.count_nonzero(truth)))


@dataclass(frozen=True)
class Surfaces:
    """How far the borders of two outlines on one slice lie apart, in pixels; NaN where either outline is empty.

    Attributes
    ----------
    hd95 : float
        See `hd95`.
    asd : float
        See `asd`.
    """

    hd95: float
    asd: float


def hd95(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """95th percentile of the Hausdorff distance of two outlines on one slice, in pixels.

    The larger of the two directed 95th percentiles of the `surface_distances` (Maier-Hein et al., Metrics Reloaded,
    2024), percentiles being interpolated linearly.

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
    return measure_surfaces(prediction, truth).hd95


def asd(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """Average symmetric surface distance of two outlines on one slice, in pixels.

    The mean over all `surface_distances`, both directions together (Metrics Reloaded's ASSD).

    Parameters
    ----------
    prediction, truth : ndarray, bool, shape (row, column)

    Returns
    -------
    float
        Pixels; NaN where either is empty.

    Raises
    ------
    InputError
        If shapes differ, an array is not boolean or not 2-D.
    """
    return measure_surfaces(prediction, truth).asd


def measure_surfaces(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> Surfaces:
    """Compute `hd95` and `asd` from one pass over the distances.

    Parameters
    ----------
    prediction, truth : ndarray, bool, shape (row, column)

    Returns
    -------
    Surfaces

    Raises
    ------
    InputError
        If shapes differ, an array is not boolean or not 2-D.
    """
    there, back = surface_distances(prediction, truth)
    if not there.size:
        return Surfaces(float("nan"), float("nan"))
    furthest = max(np.percentile(there, PERCENTILE), np.percentile(back, PERCENTILE))
    return Surfaces(float(furthest), float(np.concatenate([there, back]).mean()))


def surface_distances(
    prediction: NDArray[np.bool_], truth: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance of every border pixel of one outline to the nearest border pixel of the other, in pixels.

    A border pixel is inside and has one of its four neighbours outside; beyond the image is outside. Distances are
    Euclidean, between the pixels' centres.

    Parameters
    ----------
    prediction, truth : ndarray, bool, shape (row, column)

    Returns
    -------
    there, back : ndarray, float64, shape (border pixel,)
        From the prediction's border to the truth's, and from the truth's to the prediction's; both without elements
        where either mask is empty.

    Raises
    ------
    InputError
        If shapes differ, an array is not boolean or not 2-D.
    """
    _check(prediction, truth)
    if prediction.ndim != 2:
        raise InputError(f"mask must be 2-D, received shape {prediction.shape}")
    if not prediction.any() or not truth.any():
        return np.empty(0), np.empty(0)
    from scipy import ndimage

    window = _window(prediction | truth)
    first, second = _border(prediction[window]), _border(truth[window])
    there = ndimage.distance_transform_edt(~second)[first]
    back = ndimage.distance_transform_edt(~first)[second]
    return there, back


def _window(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    """Rows and columns that hold all of a mask: nothing outside them changes a distance, and they are far fewer."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _border(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy import ndimage

    return np.asarray(mask & ~ndimage.binary_erosion(mask, border_value=0))


def _check(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> None:
    if prediction.shape != truth.shape:
        raise InputError(f"masks must have one shape, received {prediction.shape} and {truth.shape}")
    if prediction.dtype != np.bool_ or truth.dtype != np.bool_:
        raise InputError(f"masks must be boolean, received {prediction.dtype} and {truth.dtype}")
