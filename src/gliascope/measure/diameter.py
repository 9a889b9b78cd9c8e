"""The longest diameter of an outline on one slice and the longest at right angles to it, in millimetres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.geometry import Affine, in_plane

CORNERS: Final = np.array([[-0.5, -0.5], [-0.5, 0.5], [0.5, -0.5], [0.5, 0.5]])
"""Of a pixel, from its centre."""


@dataclass(frozen=True)
class Diameters:
    """Two diameters of one part of an outline.

    Attributes
    ----------
    longest_mm : float
        Longest distance between two points of the part, its pixels being parallelograms.
    perpendicular_mm : float
        Longest chord of the part's convex hull at right angles to it.
    """

    longest_mm: float
    perpendicular_mm: float


def diameters(mask: NDArray[np.bool_], affine: Affine) -> Diameters | None:
    """Measure the part of an outline that is longest.

    Parameters
    ----------
    mask : ndarray, bool, shape (row, column)
    affine : ndarray, float64, shape (4, 4)
        Of the slice: (column, row, slice) to millimetres.

    Returns
    -------
    Diameters or None
        None where nothing is inside.
    """
    if not mask.any():
        return None
    count, labels = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
    parts = [_of_part(labels == part, affine) for part in range(1, count)]
    return max(parts, key=lambda one: (one.longest_mm, one.perpendicular_mm))


def _of_part(part: NDArray[np.bool_], affine: Affine) -> Diameters:
    rows, columns = np.nonzero(part)
    centres = np.stack([columns, rows], axis=1).astype(np.float64)
    corners = in_plane(affine, (centres[:, np.newaxis] + CORNERS).reshape(-1, 2))
    hull = cv2.convexHull(corners.astype(np.float32))[:, 0].astype(np.float64)
    apart = hull[:, np.newaxis] - hull[np.newaxis]
    lengths = np.linalg.norm(apart, axis=2)
    first, second = np.unravel_index(int(np.argmax(lengths)), lengths.shape)
    along = apart[first, second] / lengths[first, second]
    return Diameters(float(lengths[first, second]), _longest_chord(hull, along))


def _longest_chord(hull: NDArray[np.float64], along: NDArray[np.float64]) -> float:
    """Longest chord of a convex polygon at right angles to `along`: it passes through one of the corners."""
    place, height = hull @ along, hull @ np.array([-along[1], along[0]])
    following = np.roll(np.arange(len(hull)), -1)
    longest = 0.0
    for at in place:
        low, high = np.minimum(place, place[following]), np.maximum(place, place[following])
        cut = np.flatnonzero((low <= at) & (at <= high))
        ends = []
        for one in cut:
            span = place[following[one]] - place[one]
            share = 0.0 if span == 0 else (at - place[one]) / span
            ends.append(height[one] + share * (height[following[one]] - height[one]))
            if span == 0:
                ends.append(height[following[one]])
        longest = max(longest, max(ends) - min(ends))
    return float(longest)
