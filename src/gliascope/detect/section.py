"""The largest connected object of a slice: a head, if the slice shows one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.prepare.head import FOREGROUND_FLOOR

LONGEST: Final = 176
"""Longest side, in pixels, that a slice is reduced to before it is looked at; smaller ones are left as they are."""
SMALLEST_SIDE: Final = 4
"""An object whose box is narrower than this, in pixels, is none."""
SMALLEST_AREA: Final = 24
"""An object of fewer pixels is none."""


@dataclass(frozen=True, eq=False)
class Section:
    """A slice and the largest object on it, reduced to `LONGEST`.

    Attributes
    ----------
    image : ndarray, uint8, shape (row, column)
    foreground : ndarray, uint8, same shape
        1 where the image is bright enough to be more than background.
    solid : ndarray, uint8, same shape
        1 inside the largest connected part of the foreground.
    filled : ndarray, uint8, same shape
        The same with its holes.
    box : tuple of int
        Top, left, height and width of the object.
    """

    image: NDArray[np.uint8]
    foreground: NDArray[np.uint8]
    solid: NDArray[np.uint8]
    filled: NDArray[np.uint8]
    box: tuple[int, int, int, int]

    @property
    def area_share(self) -> float:
        """Share of the image that the object covers."""
        return float(self.filled.mean())

    @property
    def border_share(self) -> float:
        """Share of the image's border that the object covers."""
        edges = (self.filled[0], self.filled[-1], self.filled[:, 0], self.filled[:, -1])
        return float(np.concatenate(edges).mean())

    @property
    def histogram(self) -> NDArray[np.float64]:
        """Share of the object's pixels at each of the 256 grey levels."""
        counts = np.bincount(self.image[self.filled > 0], minlength=256)
        return np.asarray(counts / counts.sum(), dtype=np.float64)


def find_section(image: NDArray[np.uint8]) -> Section | None:
    """Find the largest connected object.

    A median filter against noise, then Otsu's threshold (1979) of this slice alone, lowered as for the head's outline
    (`gliascope.prepare.head`).

    Parameters
    ----------
    image : ndarray, uint8, shape (row, column)

    Returns
    -------
    Section or None
        None where nothing is large enough.
    """
    image = _reduced(image)
    smooth = cv2.medianBlur(image, 3)
    threshold, _ = cv2.threshold(smooth, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    foreground = (smooth > max(threshold * FOREGROUND_FLOOR, 1.0)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(foreground, connectivity=4)
    if count < 2:
        return None
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    left, top, width, height = (int(one) for one in stats[largest][:4])
    solid = (labels == largest).astype(np.uint8)
    filled = solid | holes(solid)
    if min(height, width) < SMALLEST_SIDE or int(filled.sum()) < SMALLEST_AREA:
        return None
    return Section(image, foreground, solid, filled, (top, left, height, width))


def holes(solid: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Find what an object encloses: 1 where no way leads to the image's border.

    Parameters
    ----------
    solid : ndarray, uint8, shape (row, column), 0 or 1

    Returns
    -------
    ndarray, uint8, same shape, 0 or 1
    """
    empty = cv2.copyMakeBorder(1 - solid, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    cv2.floodFill(empty, None, (0, 0), 0)
    return np.asarray(empty[1:-1, 1:-1], dtype=np.uint8)


def _reduced(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = LONGEST / max(image.shape)
    if scale >= 1:
        return np.ascontiguousarray(image)
    rows, columns = (max(1, round(one * scale)) for one in image.shape)
    return np.asarray(cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA), dtype=np.uint8)
