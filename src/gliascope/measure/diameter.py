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


Line = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True)
class Diameters:
    """Two diameters of one part of an outline.

    Attributes
    ----------
    longest_mm : float
        Longest distance between two points of the part, its pixels being parallelograms.
    perpendicular_mm : float
        Longest chord of the part's convex hull at right angles to it.
    longest, perpendicular : tuple of tuple of float
        Both ends of each, as (column, row) of the slice; whole numbers are pixels' centres.
    """

    longest_mm: float
    perpendicular_mm: float
    longest: Line
    perpendicular: Line


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
    corners = (centres[:, np.newaxis] + CORNERS).reshape(-1, 2)
    flat = in_plane(affine, corners).astype(np.float32)
    around = cv2.convexHull(flat, returnPoints=False)[:, 0]
    hull, places = flat[around].astype(np.float64), corners[around]
    apart = hull[:, np.newaxis] - hull[np.newaxis]
    lengths = np.linalg.norm(apart, axis=2)
    first, second = np.unravel_index(int(np.argmax(lengths)), lengths.shape)
    along = apart[first, second] / lengths[first, second]
    across, ends = _longest_chord(hull, places, along)
    return Diameters(float(lengths[first, second]), across, _line(places[first], places[second]), ends)


def _longest_chord(
    hull: NDArray[np.float64], places: NDArray[np.float64], along: NDArray[np.float64]
) -> tuple[float, Line]:
    """Longest chord of a convex polygon at right angles to `along`: it passes through one of the corners.

    `places` are the corners in the slice's columns and rows, in which the chord's ends are given.
    """
    place, height = hull @ along, hull @ np.array([-along[1], along[0]])
    following = np.roll(np.arange(len(hull)), -1)
    longest, line = 0.0, _line(places[0], places[0])
    for at in place:
        low, high = np.minimum(place, place[following]), np.maximum(place, place[following])
        ends: list[tuple[float, NDArray[np.float64]]] = []
        for one in np.flatnonzero((low <= at) & (at <= high)).tolist():
            after = int(following[one])
            span = place[after] - place[one]
            share = 0.0 if span == 0 else (at - place[one]) / span
            ends.append((height[one] + share * (height[after] - height[one]), _between(places, one, after, share)))
            if span == 0:
                ends.append((height[after], places[after]))
        bottom, top = min(ends, key=_height), max(ends, key=_height)
        if top[0] - bottom[0] > longest:
            longest, line = float(top[0] - bottom[0]), _line(bottom[1], top[1])
    return longest, line


def _height(end: tuple[float, NDArray[np.float64]]) -> float:
    return end[0]


def _between(places: NDArray[np.float64], one: int, after: int, share: float) -> NDArray[np.float64]:
    return np.asarray(places[one] + share * (places[after] - places[one]))


def _line(first: NDArray[np.float64], second: NDArray[np.float64]) -> Line:
    return (float(first[0]), float(first[1])), (float(second[0]), float(second[1]))
