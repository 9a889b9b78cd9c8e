"""Size and place of an outline on one slice, in pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError

CONNECTIVITY: Final = 8
"""Pixels of a slice that touch by a side or a corner belong to one component."""


@dataclass(frozen=True)
class Size:
    """Size and place of an outline on one slice.

    Rows count down from the image's top, columns from its left, from 0; a pixel's centre is at its whole numbers.

    Attributes
    ----------
    area_px : int
        Number of pixels inside.
    components : int
        Number of connected parts.
    centroid : tuple of float, or None
        Mean row and column of the pixels inside; None where there are none.
    box : tuple of int, or None
        Top row, left column, bottom row, right column; the last two exclusive.
    diameter_px : float or None
        Longest distance between two points of one part, its pixels being squares of side 1 (the largest Feret
        diameter): 1.414 for a single pixel.
    """

    area_px: int
    components: int
    centroid: tuple[float, float] | None
    box: tuple[int, int, int, int] | None
    diameter_px: float | None


def measure_size(mask: NDArray[np.bool_]) -> Size:
    """Measure an outline.

    Parameters
    ----------
    mask : ndarray, bool, shape (row, column)

    Returns
    -------
    Size

    Raises
    ------
    InputError
        If the mask is not boolean or not 2-D.
    """
    if mask.ndim != 2:
        raise InputError(f"mask must be 2-D, received shape {mask.shape}")
    if mask.dtype != np.bool_:
        raise InputError(f"mask must be boolean, received {mask.dtype}")
    rows, columns = np.nonzero(mask)
    if rows.size == 0:
        return Size(0, 0, None, None, None)
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=CONNECTIVITY)
    parts = labels[rows, columns]
    diameter = max(_diameter(rows[parts == part], columns[parts == part]) for part in range(1, count))
    return Size(
        area_px=int(rows.size),
        components=count - 1,
        centroid=(float(rows.mean()), float(columns.mean())),
        box=(int(rows.min()), int(columns.min()), int(rows.max()) + 1, int(columns.max()) + 1),
        diameter_px=diameter,
    )


def _diameter(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> float:
    """Longest distance between the corners of the hull of the pixels' squares; the pixels row by row."""
    # In the order of np.nonzero, row by row: only the first and the last pixel of a row can lie on the hull.
    change = np.flatnonzero(np.diff(rows)) + 1
    ends = np.concatenate([[0], change, change - 1, [rows.size - 1]])
    points = np.stack([columns[ends], rows[ends]], axis=1).astype(np.int32)
    corners = np.concatenate([points + offset for offset in np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.int32)])
    hull = cv2.convexHull(corners)[:, 0].astype(np.float64)
    return float(np.sqrt(((hull[:, np.newaxis] - hull[np.newaxis]) ** 2).sum(axis=2).max()))
