"""Size and place of a volume's outline in the patient's space."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.findings import Measurement
from gliascope.geometry import Affine, Grid, pixel_area, to_world, voxel_volume
from gliascope.measure.diameter import diameters
from gliascope.measure.side import side_of, symmetry_plane

NEIGHBOURS: Final = np.ones((3, 3, 3), dtype=np.bool_)
MM3_PER_ML: Final = 1000.0


def measure_volume(
    stored: NDArray[np.bool_],
    stored_affine: Affine,
    slices: NDArray[np.bool_],
    affine: Affine,
    image: NDArray[Any] | None = None,
) -> Measurement:
    """Measure an outline.

    Volume, parts, extent and centroid are those of the outline in the input's own grid; diameters, areas and side those
    on the axial slices, which are the same voxels wherever the slices were not resampled.

    Parameters
    ----------
    stored : ndarray, bool, shape (i, j, k)
    stored_affine : ndarray, float64, shape (4, 4)
        (i, j, k) to millimetres, LPS+.
    slices : ndarray, bool, shape (slice, row, column)
        The same outline on axial slices.
    affine : ndarray, float64, shape (4, 4)
        (column, row, slice) to millimetres, LPS+.
    image : ndarray, shape (slice, row, column), or None
        The head on the same slices, whose plane of symmetry tells the side; None where the orientation is unknown: side
        and centroid are None then.

    Returns
    -------
    Measurement

    Raises
    ------
    InputError
        If an outline is not boolean or not 3-D.
    """
    for outline in (stored, slices):
        if outline.ndim != 3 or outline.dtype != np.bool_:
            raise InputError(f"an outline must be boolean and 3-D, received {outline.dtype} of shape {outline.shape}")
    from scipy import ndimage

    voxels = int(np.count_nonzero(stored))
    areas = tuple(float(count) * pixel_area(affine) for count in np.count_nonzero(slices, axis=(1, 2)))
    found = [(one, place) for place, inside in enumerate(slices) if (one := diameters(inside, affine)) is not None]
    longest = max(found, key=lambda one: one[0].longest_mm, default=None)
    extent, centroid = _place(stored, stored_affine)
    side, left = None, None
    if image is not None and slices.any():
        grid = Grid((slices.shape[2], slices.shape[1], slices.shape[0]), affine)
        plane = symmetry_plane(image, grid, ignore=slices)
        if plane is not None:
            side, left = side_of(slices, affine, plane)
    return Measurement(
        volume_ml=voxels * voxel_volume(stored_affine) / MM3_PER_ML,
        voxels=voxels,
        components=int(ndimage.label(stored, structure=NEIGHBOURS)[1]) if voxels else 0,
        diameter_mm=None if longest is None else longest[0].longest_mm,
        perpendicular_mm=None if longest is None else longest[0].perpendicular_mm,
        diameter_slice=None if longest is None else longest[1],
        extent_mm=extent,
        centroid_mm=centroid if image is not None else None,
        side=side,
        left_share=left,
        areas_mm2=areas,
        diameter_line=None if longest is None else longest[0].longest,
        perpendicular_line=None if longest is None else longest[0].perpendicular,
    )


def _place(
    stored: NDArray[np.bool_], affine: Affine
) -> tuple[tuple[float, float, float] | None, tuple[float, float, float] | None]:
    """Extent of the voxels along the world's axes, and the mean of their centres."""
    if not stored.any():
        return None, None
    places = to_world(affine, np.argwhere(stored))
    extent = places.max(axis=0) - places.min(axis=0) + np.abs(affine[:3, :3]).sum(axis=1)
    middle = places.mean(axis=0)
    return (float(extent[0]), float(extent[1]), float(extent[2])), (
        float(middle[0]),
        float(middle[1]),
        float(middle[2]),
    )
