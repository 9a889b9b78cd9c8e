"""Small pictures of the head by which slices of different patients are compared."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.prepare import InverseMap, to_uint8

SIDE: Final = 64
"""Rows and columns of a thumbnail: enough to tell two heads apart, few enough to compare every pair of slices."""

FLOOR: Final = 0.1
"""Share of the slice's brightness (its 99th percentile) below which a pixel is background."""

FRINGE: Final = 0.02
"""Share of all brightness above the floor that lies outside the head's box on each side. A box around a thresholded
head would jump where a rim of skin falls above or below the threshold: a copy with some noise was cut differently."""

SMALLEST_HEAD: Final = 0.5
"""Least side of the head's box, as a share of the image's longer side. Near the vertex every head is the same disc:
below this size slices of different patients correlate up to 0.96, above it up to 0.91 (the LGG data set)."""


def thumbnails(flair: NDArray[Any]) -> tuple[NDArray[np.uint8], list[int]]:
    """Cut the head out of each slice and reduce it.

    Each slice is cut by itself, so that it is cut alike among another patient's slices.

    Parameters
    ----------
    flair : ndarray, uint8 or uint16, shape (slice, row, column)
        One patient's slices.

    Returns
    -------
    ndarray, uint8, shape (n, SIDE, SIDE)
        Of the slices on which the head is large enough.
    list of int
        Which slices these are.
    """
    values = flair if flair.dtype == np.uint8 else flair.astype(np.float32)
    pixels = to_uint8(values[..., np.newaxis])[..., 0]
    small, fit = [np.zeros((0, SIDE, SIDE), dtype=np.uint8)], []
    for number, one in enumerate(pixels):
        top, left, side = bright_square(one)
        if side >= SMALLEST_HEAD * max(one.shape):
            cut = InverseMap((one.shape[0], one.shape[1]), top, left, (side, side), (SIDE, SIDE))
            small.append(np.rint(cut.forward(one[np.newaxis])).astype(np.uint8))
            fit.append(number)
    return np.concatenate(small), fit


def bright_square(pixels: NDArray[np.uint8]) -> tuple[int, int, int]:
    """Find the square that holds nearly all brightness of a slice.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (row, column)

    Returns
    -------
    top, left, side : int
        In pixels; the square may reach beyond the image. The side is 0 where nothing is brighter than the floor.
    """
    smooth = cv2.medianBlur(np.ascontiguousarray(pixels), 5).astype(np.float32)
    brightness = np.maximum(smooth - np.float32(FLOOR * np.percentile(smooth, 99)), 0)
    if not brightness.any():
        return 0, 0, 0
    (top, bottom), (left, right) = (_middle(brightness.sum(axis=axis, dtype=np.float64)) for axis in (1, 0))
    side = max(bottom - top, right - left) + 1
    return (top + bottom + 1 - side) // 2, (left + right + 1 - side) // 2, side


def _middle(brightness: NDArray[np.float64]) -> tuple[int, int]:
    """First and last row that are inside once `FRINGE` of the whole is taken away at either end."""
    share = np.cumsum(brightness) / brightness.sum()
    return int(np.searchsorted(share, FRINGE, side="right")), int(np.searchsorted(share, 1 - FRINGE))
