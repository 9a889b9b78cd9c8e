"""Agreement of an outline with the truth, without smoothing: what is not defined is NaN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.geometry import Affine, spacing

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
    """How far the borders of two outlines lie apart; NaN where either outline is empty.

    Attributes
    ----------
    hd95 : float
        See `hd95`; in millimetres from `measure_volume_surfaces`.
    asd : float
        See `asd`; likewise.
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
    return _summary(*surface_distances(prediction, truth))


def measure_volume_surfaces(prediction: NDArray[np.bool_], truth: NDArray[np.bool_], affine: Affine) -> Surfaces:
    """How far the surfaces of two outlines of a volume lie apart, in millimetres.

    As `hd95` and `asd`, in three dimensions: a border voxel is inside and has one of its six neighbours outside, and
    distances are measured along the axes with their spacing.

    Parameters
    ----------
    prediction, truth : ndarray, bool, shape (slice, row, column)
    affine : ndarray, float64, shape (4, 4)
        (column, row, slice) to millimetres; its axes are taken to be at right angles, as those of all slices are within
        `gliascope.read.volume.axial.MAX_SHEAR`.

    Returns
    -------
    Surfaces

    Raises
    ------
    InputError
        If shapes differ, an array is not boolean or not 3-D.
    """
    _check(prediction, truth)
    if prediction.ndim != 3:
        raise InputError(f"an outline of a volume must be 3-D, received shape {prediction.shape}")
    edges = spacing(affine)
    return _summary(*_distances(prediction, truth, (float(edges[2]), float(edges[1]), float(edges[0]))))


def _summary(there: NDArray[np.float64], back: NDArray[np.float64]) -> Surfaces:
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
    return _distances(prediction, truth, (1.0, 1.0))


def _distances(
    prediction: NDArray[np.bool_], truth: NDArray[np.bool_], steps: tuple[float, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distances of the borders, there and back; `steps` from one voxel to the next along each axis."""
    if not prediction.any() or not truth.any():
        return np.empty(0), np.empty(0)
    from scipy import ndimage

    window = _window(prediction | truth)
    first, second = _border(prediction[window]), _border(truth[window])
    there = ndimage.distance_transform_edt(~second, sampling=steps)[first]
    back = ndimage.distance_transform_edt(~first, sampling=steps)[second]
    return there, back


def _window(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    """The box that holds all of a mask: nothing outside it changes a distance, and it is far smaller."""
    axes = range(mask.ndim)
    there = [np.flatnonzero(mask.any(axis=tuple(other for other in axes if other != axis))) for axis in axes]
    return tuple(slice(int(one[0]), int(one[-1]) + 1) for one in there)


def _border(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    from scipy import ndimage

    return np.asarray(mask & ~ndimage.binary_erosion(mask, border_value=0))


def _check(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> None:
    if prediction.shape != truth.shape:
        raise InputError(f"masks must have one shape, received {prediction.shape} and {truth.shape}")
    if prediction.dtype != np.bool_ or truth.dtype != np.bool_:
        raise InputError(f"masks must be boolean, received {prediction.dtype} and {truth.dtype}")
