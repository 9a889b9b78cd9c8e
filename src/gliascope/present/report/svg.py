"""Parts of SVG drawings: elements whose texts are escaped, outlines as paths, grey images inside."""

from __future__ import annotations

import base64
import io
from html import escape
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gliascope.present.canvas import Colour
from gliascope.present.overlay import outlines

FONT: Final = "DejaVu Sans, Verdana, Segoe UI, Liberation Sans, sans-serif"
SMALLEST: Final = 200
"""Images with fewer pixels along their longer side are enlarged, so that no viewer shows them as blocks."""
LARGEST: Final = 1280
"""Longest side of an image on a page; a larger one is made smaller."""


def tag(name: str, content: str = "", **attributes: str | float) -> str:
    """Make one element; ``stroke_width`` becomes ``stroke-width``, ``class_`` becomes ``class``.

    Parameters
    ----------
    name : str
    content : str
        Markup; texts are made by `label`.
    **attributes : str or float

    Returns
    -------
    str
    """
    told = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(one)}"' for key, one in attributes.items())
    return f"<{name}{told}>{content}</{name}>" if content else f"<{name}{told}/>"


def label(
    text: str,
    at: tuple[float, float],
    size: float,
    colour: str,
    anchor: str = "start",
    **more: str | float,
) -> str:
    """Make one line of text; `at` is the ``start``, ``middle`` or ``end`` of its base line, as `anchor` says."""
    return tag(
        "text",
        escape(text),
        x=at[0],
        y=at[1],
        font_size=size,
        font_family=FONT,
        fill=colour,
        text_anchor=anchor,
        **more,
    )


def hexadecimal(colour: Colour) -> str:
    """A colour as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*colour)


def png_uri(grey: NDArray[np.uint8]) -> str:
    """Keep a grey image inside a drawing, without loss unless it is larger than `LARGEST`.

    Parameters
    ----------
    grey : ndarray, uint8, shape (row, column)

    Returns
    -------
    str
        A data URI.
    """
    image = Image.fromarray(np.ascontiguousarray(grey))
    longest = max(image.size)
    if longest > LARGEST or longest < SMALLEST:
        factor = LARGEST / longest if longest > LARGEST else -(-2 * SMALLEST // longest)
        size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
        image = image.resize(size, Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    image.save(stream, format="PNG", compress_level=6)
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def outline_path(mask: NDArray[np.bool_], box: tuple[float, float, float, float]) -> str:
    """Trace a mask's borders as the data of a path.

    Parameters
    ----------
    mask : ndarray, bool, shape (row, column)
    box : tuple of float
        Left, top, width and height of the picture that the mask is laid over.

    Returns
    -------
    str
        Empty where the mask is.
    """
    left, top, width, height = box
    scale = np.array([width / mask.shape[1], height / mask.shape[0]])
    parts = []
    for line in outlines(mask):
        places = np.round((_straight(line[:-1]) + 0.5) * scale + (left, top), 1)
        parts.append("M" + "L".join(f"{x:g} {y:g}" for x, y in places) + "Z")
    return "".join(parts)


def _straight(line: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leave out vertices on a straight line between their neighbours."""
    if len(line) < 4:
        return line
    before, after = line - np.roll(line, 1, axis=0), np.roll(line, -1, axis=0) - line
    turns = np.abs(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0]) > 1e-9
    return line[turns] if np.count_nonzero(turns) >= 3 else line


def _value(value: str | float) -> str:
    return escape(value) if isinstance(value, str) else f"{round(value, 2):g}"


def jpeg(picture: NDArray[np.uint8] | Image.Image, longest: int, quality: int) -> bytes:
    """Encode a picture as JPEG, colours at full resolution.

    Parameters
    ----------
    picture : ndarray, uint8, shape (row, column, 3), or Image
    longest : int
        Longest side; a larger picture is made smaller.
    quality : int

    Returns
    -------
    bytes
        The same for the same picture: no date, no comment.
    """
    pixels = np.asarray(picture)
    factor = longest / max(pixels.shape[:2])
    if factor < 1:
        size = (max(1, round(pixels.shape[1] * factor)), max(1, round(pixels.shape[0] * factor)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="JPEG", quality=quality, subsampling=0, optimize=True)
    return stream.getvalue()
