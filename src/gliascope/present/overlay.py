"""Pictures at display resolution: grey images, masks, outlines, tints."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gliascope.present.canvas import Colour

Picture = NDArray[np.uint8]

_FINE: Final = 4
"""Samples along each side of a display pixel that tell how much of it a mask covers."""
_SHIFT: Final = 5
"""Fractional bits of a vertex: OpenCV draws to 1/32 of a display pixel."""


def fitted(shape: tuple[int, ...], width: int, height: int) -> tuple[int, int]:
    """Largest size inside a box that keeps the shape of an image.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns of the image.
    width, height : int
        The box, in display pixels.

    Returns
    -------
    tuple of int
        Width and height, in display pixels, each at least 1.
    """
    rows, columns = shape
    scale = min(width / columns, height / rows)
    return max(1, round(columns * scale)), max(1, round(rows * scale))


def grey_picture(grey: NDArray[np.uint8], size: tuple[int, int]) -> Picture:
    """Resize a grey image by Lanczos' filter and make it RGB.

    Parameters
    ----------
    grey : ndarray, uint8, shape (row, column)
    size : tuple of int
        Width and height, in display pixels.

    Returns
    -------
    ndarray, uint8, shape (height, width, 3)
    """
    resized = Image.fromarray(grey).resize(size, Image.Resampling.LANCZOS)
    return np.repeat(np.asarray(resized)[..., None], 3, axis=2)


def coverage(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.float32]:
    """How much of each display pixel a mask covers: the mask's pixels stay squares, their edges are smooth.

    Parameters
    ----------
    mask : ndarray, bool, shape (row, column)
    size : tuple of int
        Width and height, in display pixels.

    Returns
    -------
    ndarray, float32, shape (height, width)
        0 outside, 1 inside.
    """
    fine = cv2.resize(
        mask.astype(np.float32), (size[0] * _FINE, size[1] * _FINE), interpolation=cv2.INTER_NEAREST_EXACT
    )
    return np.asarray(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def mask_picture(mask: NDArray[np.bool_], size: tuple[int, int], colour: Colour) -> Picture:
    """A mask in one colour on black.

    Parameters
    ----------
    mask : ndarray, bool, shape (row, column)
    size : tuple of int
        Width and height, in display pixels.
    colour : tuple of int

    Returns
    -------
    ndarray, uint8, shape (height, width, 3)
    """
    return tinted(np.zeros((size[1], size[0], 3), np.uint8), mask, colour, 1.0)


def tinted(picture: Picture, mask: NDArray[np.bool_], colour: Colour, opacity: float) -> Picture:
    """Lay a translucent colour over a picture where a mask is set.

    Parameters
    ----------
    picture : ndarray, uint8, shape (height, width, 3)
    mask : ndarray, bool, shape (row, column)
        Stretched over the picture.
    colour : tuple of int
    opacity : float
        0 leaves the picture as it is, 1 hides it.

    Returns
    -------
    ndarray, uint8, shape (height, width, 3)
        A new array.
    """
    share = opacity * coverage(mask, (picture.shape[1], picture.shape[0]))[..., None]
    mixed = picture * (1.0 - share) + np.asarray(colour, np.float32) * share
    return np.asarray(np.rint(mixed), dtype=np.uint8)


def outlines(mask: NDArray[np.bool_]) -> list[NDArray[np.float64]]:
    """Trace the borders of a mask, holes included, between its pixels.

    The lines are the 0.5 level of the bilinear surface through the pixel centres (marching squares): they run half
    way between an inside and an outside pixel, so that they neither shrink nor grow the mask as a chain of border
    pixels does.

    Parameters
    ----------
    mask : ndarray, bool, shape (row, column)

    Returns
    -------
    list of ndarray, float64, shape (vertex, 2)
        Column and row of each vertex; pixel centres are whole numbers. Each line is closed.
    """
    from contourpy import LineType, contour_generator

    padded = np.pad(mask, 1).astype(np.float64)
    generator = contour_generator(z=padded, line_type=LineType.Separate)
    return [np.asarray(line, dtype=np.float64) - 1.0 for line in generator.lines(0.5)]


def outlined(
    picture: Picture, mask: NDArray[np.bool_], colour: Colour, dash: float | None = None, width: float | None = None
) -> Picture:
    """Draw a mask's borders on a picture, smooth and one display pixel wide, or wider.

    Parameters
    ----------
    picture : ndarray, uint8, shape (height, width, 3)
    mask : ndarray, bool, shape (row, column)
        Stretched over the picture.
    colour : tuple of int
    dash : float or None
        Length of dashes and of the gaps between them, in display pixels; None draws a solid line. A dashed line over
        a solid one lets both be seen where they run together.
    width : float or None
        In display pixels, half of it on either side of the border; None draws the thinnest line.

    Returns
    -------
    ndarray, uint8, shape (height, width, 3)
        A new array.
    """
    scale = np.array([picture.shape[1] / mask.shape[1], picture.shape[0] / mask.shape[0]])
    lines = [(line + 0.5) * scale - 0.5 for line in outlines(mask)]
    if dash is not None:
        lines = [piece for line in lines for piece in dashes(line, dash)]
    closed = dash is None
    if width is not None:
        share = _stroke(lines, (picture.shape[1], picture.shape[0]), width, closed=closed)[..., None]
        return np.asarray(np.rint(picture * (1.0 - share) + np.asarray(colour, np.float32) * share), dtype=np.uint8)
    drawn = picture.copy()
    cv2.polylines(drawn, _fixed(lines), isClosed=closed, color=colour, thickness=1, lineType=cv2.LINE_AA, shift=_SHIFT)
    return drawn


def _stroke(
    lines: list[NDArray[np.float64]], size: tuple[int, int], width: float, *, closed: bool
) -> NDArray[np.float32]:
    """How much of each display pixel lines cover; OpenCV's own smooth lines are wider than they are asked to be."""
    fine = np.zeros((size[1] * _FINE, size[0] * _FINE), np.uint8)
    places = _fixed([(line + 0.5) * _FINE - 0.5 for line in lines])
    cv2.polylines(fine, places, isClosed=closed, color=255, thickness=max(1, round(width * _FINE)), shift=_SHIFT)
    return np.asarray(cv2.resize(fine.astype(np.float32) / 255, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _fixed(lines: list[NDArray[np.float64]]) -> list[NDArray[np.int32]]:
    return [np.rint(line * (1 << _SHIFT)).astype(np.int32)[:, None] for line in lines]


def dashes(line: NDArray[np.float64], length: float) -> list[NDArray[np.float64]]:
    """Cut a closed line into dashes with gaps of the same length between them.

    Parameters
    ----------
    line : ndarray, float64, shape (vertex, 2)
        The last vertex is the first one again.
    length : float
        In the line's unit; stretched a little, so that the pattern closes.

    Returns
    -------
    list of ndarray, float64, shape (vertex, 2)
        At least one dash.
    """
    travelled = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    count = max(1, round(travelled[-1] / (2 * length)))
    ends = np.linspace(0.0, travelled[-1], 2 * count + 1)
    pieces = []
    for start, stop in zip(ends[:-1:2], ends[1::2], strict=True):
        inner = travelled[(travelled > start) & (travelled < stop)]
        at = np.concatenate([[start], inner, [stop]])
        pieces.append(np.stack([np.interp(at, travelled, line[:, axis]) for axis in (0, 1)], axis=1))
    return pieces
