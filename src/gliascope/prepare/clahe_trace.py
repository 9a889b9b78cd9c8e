"""CLAHE looked at from inside: what happens in one tile, computed as OpenCV computes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.recipe import Clahe

LEVELS: Final = 256
"""Grey levels of an 8-bit image, and so bins of a tile's histogram."""
FILLED: Final = 0.9
"""Share of a tile's pixels inside the foreground from which the tile counts as filled; ventricles leave holes."""


@dataclass(frozen=True, eq=False)
class TileTrace:
    """One tile of one channel.

    Attributes
    ----------
    row, column : int
        Place of the tile in the grid, from 0.
    box : tuple of int
        Its pixels in the image: top, left, bottom, right; the last two exclusive. Tiles at the lower and right border
        may reach beyond an image that the grid does not divide; OpenCV mirrors the image there.
    limit : int
        Height at which the histogram is cut, in pixels.
    histogram : ndarray, int64, shape (256,)
        Pixels of the tile at each grey level.
    clipped : ndarray, int64, shape (256,)
        The histogram cut at `limit`, with what was cut off spread over all levels; the sum is the same.
    cumulative : ndarray, float64, shape (256,)
        Share of the clipped histogram at or below each level; the last is 1.
    mapping : ndarray, uint8, shape (256,)
        The grey level that each grey level becomes at the tile's centre.
    """

    row: int
    column: int
    box: tuple[int, int, int, int]
    limit: int
    histogram: NDArray[np.int64]
    clipped: NDArray[np.int64]
    cumulative: NDArray[np.float64]
    mapping: NDArray[np.uint8]

    @property
    def entropy(self) -> float:
        """Shannon's entropy of the tile's histogram, in bits: 0 for an even tile, 8 at most."""
        share = self.histogram[self.histogram > 0] / self.histogram.sum()
        return float(-(share * np.log2(share)).sum()) + 0.0


def trace_tiles(channel: NDArray[np.uint8], clahe: Clahe) -> list[TileTrace]:
    """Follow every tile of a channel through histogram, clipping, cumulative distribution and mapping.

    The method is Zuiderveld's (Contrast limited adaptive histogram equalization, Graphics Gems IV, 1994, 474-485); the
    order of roundings is that of OpenCV's ``modules/imgproc/src/clahe.cpp``. A pixel of the enhanced image is the
    bilinear mean of the mappings of the four tiles whose centres are nearest.

    Parameters
    ----------
    channel : ndarray, uint8, shape (row, column)
    clahe : Clahe
        Clip limit and tile grid.

    Returns
    -------
    list of TileTrace
        Row by row, ``tile_grid ** 2`` of them.

    Raises
    ------
    InputError
        If the channel is not uint8, not 2-D or empty.
    """
    if channel.dtype != np.uint8 or channel.ndim != 2 or channel.size == 0:
        raise InputError(
            f"a channel must be uint8 of shape (row, column), received {channel.dtype} of shape {channel.shape}"
        )
    padded = _padded(channel, clahe.tile_grid)
    height, width = (length // clahe.tile_grid for length in padded.shape)
    limit = max(int(clahe.clip_limit * height * width / LEVELS), 1)
    return [
        _trace(padded, row, column, (height, width), limit)
        for row in range(clahe.tile_grid)
        for column in range(clahe.tile_grid)
    ]


def most_informative(tiles: Sequence[TileTrace], foreground: NDArray[np.bool_]) -> TileTrace:
    """Pick the tile whose histogram has the highest entropy, from those that the foreground fills.

    Parameters
    ----------
    tiles : sequence of TileTrace
    foreground : ndarray, bool, shape (row, column)
        Such as the head. Where it fills no tile to `FILLED`, all tiles are looked at: else the tile would
        most often be one on the head's edge, where air and scalp make up the entropy.

    Returns
    -------
    TileTrace
        The first of several.
    """
    filled = [tile for tile in tiles if _share_inside(tile, foreground) >= FILLED]
    return max(filled or tiles, key=lambda tile: tile.entropy)


def _share_inside(tile: TileTrace, foreground: NDArray[np.bool_]) -> float:
    top, left, bottom, right = tile.box
    return float(foreground[top:bottom, left:right].sum()) / ((bottom - top) * (right - left))


def clip_histogram(histogram: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    """Cut a histogram and spread what was cut off, as OpenCV does.

    Every level gets the same whole number of the pixels that were cut off; the rest goes one by one to levels at
    equal steps from level 0. A level may so end above `limit`: the histogram is not cut a second time.

    Parameters
    ----------
    histogram : ndarray, int64, shape (256,)
    limit : int
        At least 1.

    Returns
    -------
    ndarray, int64, shape (256,)
        With the same sum.
    """
    clipped = np.minimum(histogram, limit)
    batch, residual = divmod(int((histogram - clipped).sum()), LEVELS)
    clipped += batch
    if residual:
        step = max(LEVELS // residual, 1)
        clipped[: step * residual : step] += 1
    return clipped


def _padded(channel: NDArray[np.uint8], grid: int) -> NDArray[np.uint8]:
    """Mirror the lower and right border so that the grid divides both sides; OpenCV pads both sides or none."""
    rows, columns = channel.shape
    if rows % grid == 0 and columns % grid == 0:
        return channel
    bottom, right = grid - rows % grid, grid - columns % grid
    return np.asarray(cv2.copyMakeBorder(channel, 0, bottom, 0, right, cv2.BORDER_REFLECT_101), dtype=np.uint8)


def _trace(padded: NDArray[np.uint8], row: int, column: int, size: tuple[int, int], limit: int) -> TileTrace:
    height, width = size
    top, left = row * height, column * width
    tile = padded[top : top + height, left : left + width]
    histogram = np.bincount(tile.ravel(), minlength=LEVELS).astype(np.int64)
    clipped = clip_histogram(histogram, limit)
    summed = np.cumsum(clipped)
    # Single precision, as in OpenCV: the product may fall on the other side of a half in double precision.
    scale = np.float32(LEVELS - 1) / np.float32(height * width)
    mapping = np.clip(np.rint(summed.astype(np.float32) * scale), 0, LEVELS - 1).astype(np.uint8)
    box = (top, left, top + height, left + width)
    return TileTrace(row, column, box, limit, histogram, clipped, summed / summed[-1], mapping)
