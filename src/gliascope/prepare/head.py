"""Where the head is: a foreground mask and the box around it."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

LONE_SLICE_SIDE: Final = 0.75
"""Least longer side of a lone slice's box, as a share of the image's shorter side: near the vertex the
head is small in its slice, and a volume's box would not be."""

SMALLEST_HEAD: Final = 0.05
"""A foreground box smaller than this share of the image's area is no head; the whole image is used then."""

FOREGROUND_FLOOR: Final = 0.5
"""Share of Otsu's threshold that still counts as head: Otsu splits bright tissue from dark, the head includes both."""


def head_mask(reference: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Find the head's pixels in each slice.

    A median filter against noise, then Otsu's threshold (1979) of the stack's maximum along the slices, lowered by
    `FOREGROUND_FLOOR`.

    Parameters
    ----------
    reference : ndarray, uint8, shape (slice, row, column)
        One channel, FLAIR where there is one.

    Returns
    -------
    ndarray, bool, same shape
    """
    smooth = np.stack([cv2.medianBlur(np.ascontiguousarray(one), 5) for one in reference])
    projection = np.ascontiguousarray(smooth.max(axis=0))
    threshold, _ = cv2.threshold(projection, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return np.asarray(smooth > max(threshold * FOREGROUND_FLOOR, 1.0))


def head_box(
    head: NDArray[np.bool_], margin: float, is_volume: bool, size: tuple[int, int] = (1, 1)
) -> tuple[int, int, tuple[int, int]]:
    """Find the smallest box of given proportions that holds the head in every slice.

    Parameters
    ----------
    head : ndarray, bool, shape (slice, row, column)
    margin : float
        Added on each side, as a share of the box's longer side.
    is_volume : bool
        False for a lone slice; see `LONE_SLICE_SIDE`.
    size : (int, int)
        What the box is resized to: its rows are to its columns as these are. A square by default.

    Returns
    -------
    top, left : int
    box : (int, int)
        Rows and columns. All in pixels; the box may reach beyond the image.
    """
    rows, columns = head.shape[1:]
    union = np.ascontiguousarray(head.any(axis=0).astype(np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(union, connectivity=8)
    top, left, height, width = 0, 0, rows, columns
    if count > 1:
        box = stats[1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))]
        if box[cv2.CC_STAT_WIDTH] * box[cv2.CC_STAT_HEIGHT] >= SMALLEST_HEAD * rows * columns:
            left, top, width, height = (int(one) for one in box[:4])
    border = 2 * round(max(height, width) * margin)
    longest = max(size)
    # The longer side of the box: what the head needs along each axis, in the proportions asked for.
    side = max(1.0, *((length + border) * longest / part for length, part in zip((height, width), size, strict=True)))
    if not is_volume:
        side = max(side, round(LONE_SLICE_SIDE * min(rows, columns)))
    box = max(1, round(side * size[0] / longest)), max(1, round(side * size[1] / longest))
    return top + height // 2 - box[0] // 2, left + width // 2 - box[1] // 2, box
