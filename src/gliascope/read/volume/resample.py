"""From one grid to another by world coordinates, done by SimpleITK."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from gliascope.geometry import Grid, directions, spacing

if TYPE_CHECKING:
    import SimpleITK


def as_image(values: NDArray[Any], grid: Grid) -> SimpleITK.Image:
    """Make an image of SimpleITK's.

    Parameters
    ----------
    values : ndarray, shape (slice, row, column)
    grid : Grid
        Where its voxels are.
    """
    import SimpleITK

    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(values))
    image.SetSpacing(spacing(grid.affine).tolist())
    image.SetDirection(directions(grid.affine).ravel().tolist())
    image.SetOrigin(grid.affine[:3, 3].tolist())
    return image


def resample(
    values: NDArray[Any],
    source: Grid,
    target: Grid,
    *,
    how: Literal["linear", "nearest"] = "linear",
    moved: SimpleITK.Transform | None = None,
    fill: float = 0.0,
) -> NDArray[Any]:
    """Bring values to another grid.

    Parameters
    ----------
    values : ndarray, shape (slice, row, column)
    source, target : Grid
    how : str
    moved : Transform of SimpleITK's, optional
        From places of the target to places of the source, as registration finds it.
    fill : float
        Where the source has no value: the background's, `gliascope.scan.background_level`, of a sequence; 0 of a mask.

    Returns
    -------
    ndarray, of the same type, shape (slice, row, column) of the target
    """
    import SimpleITK

    resampler = SimpleITK.ResampleImageFilter()
    resampler.SetSize([int(one) for one in target.shape])
    resampler.SetOutputSpacing(spacing(target.affine).tolist())
    resampler.SetOutputDirection(directions(target.affine).ravel().tolist())
    resampler.SetOutputOrigin(target.affine[:3, 3].tolist())
    resampler.SetInterpolator(SimpleITK.sitkLinear if how == "linear" else SimpleITK.sitkNearestNeighbor)
    resampler.SetDefaultPixelValue(fill)
    if moved is not None:
        resampler.SetTransform(moved)
    result = resampler.Execute(as_image(values, source))
    return np.asarray(SimpleITK.GetArrayFromImage(result))
