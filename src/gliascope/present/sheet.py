"""The contact sheet: a whole patient on one picture, slices in reading order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isnan
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.present.canvas import FAINT, INK, LINE, NOTICE, PREDICTION, TRUTH, Canvas, Layout
from gliascope.present.display import Window, display_window, to_grey
from gliascope.present.figure import legend_key
from gliascope.present.overlay import fitted, grey_picture, outlined

MARGIN: Final = 16
"""Empty border on all sides, in pixels."""
GAP: Final = 8
"""Space between two slices."""
HEAD: Final = 76
"""Height above the slices: title, summary, legend."""
FOOT: Final = 36
"""Height below the slices: notice."""
STRIP: Final = 26
"""Height under each slice: number, probability, bar."""
SIDE: Final = 240
"""Side of a slice's square, in pixels, where the sheet has room."""
NAMED: Final = 64
"""Smallest side of a slice that has its number and probability under it; from about 1,500 slices on they have none."""
LARGEST: Final = 3900
"""Longest side of the sheet, in pixels."""
NARROWEST: Final = 3
"""Fewest columns, so that the head has room."""
ASPECT: Final = 1.4
"""Width to height that the grid of slices comes near to."""


@dataclass(frozen=True, eq=False)
class SheetSlice:
    """One slice of a contact sheet.

    Attributes
    ----------
    image : ndarray, uint8 or float32, shape (row, column)
        The plane to be shown (see `gliascope.present.display.plane`).
    label : str
        The slice's number or short name.
    probability : float
        Probability of tumour, 0 to 1; NaN where the slice is not assessable.
    positive : bool
        True where the slice is called tumour: it gets a coloured frame.
    mask : ndarray, bool, shape (row, column)
        What was found.
    truth : ndarray, bool, shape (row, column), or None
        What was drawn by hand.
    """

    image: NDArray[Any]
    label: str
    probability: float
    positive: bool
    mask: NDArray[np.bool_]
    truth: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        for name, one in (("mask", self.mask), ("true mask", self.truth)):
            if one is not None and one.shape != self.image.shape:
                raise InputError(f"a {name} must have the image's shape {self.image.shape}, received {one.shape}")


def contact_sheet(
    slices: Sequence[SheetSlice], *, title: str, summary: str, path: Path, window: Window | None = None
) -> Layout:
    """Write what `draw_sheet` draws.

    Parameters
    ----------
    slices, title, summary, window
        See `draw_sheet`.
    path : Path
        The PNG file to write.

    Returns
    -------
    Layout
        Where the slices (named ``slice_0``, ``slice_1``, ...) and captions are.

    Raises
    ------
    InputError
        If there is no slice.
    """
    return draw_sheet(slices, title=title, summary=summary, window=window).save(path, title)


def draw_sheet(slices: Sequence[SheetSlice], *, title: str, summary: str, window: Window | None = None) -> Canvas:
    """Draw all slices of a case, row by row, with outlines, numbers and probabilities.

    Parameters
    ----------
    slices : sequence of SheetSlice
        In the order of the case; sizes may differ. Ninety slices keep their full size.
    title : str
        The case's name.
    summary : str
        Verdict and score, in one line.
    window : tuple of float or None
        Intensities shown black and white; None takes them from all slices together.

    Returns
    -------
    Canvas
        None of its sides exceeds `LARGEST`, up to 20,000 slices.

    Raises
    ------
    InputError
        If there is no slice.
    """
    if not slices:
        raise InputError(f"{title}: a contact sheet must have at least one slice, received none")
    columns, side = _grid(len(slices))
    rows = ceil(len(slices) / columns)
    width = 2 * MARGIN + max(columns * (side + GAP), NARROWEST * (SIDE + GAP)) - GAP
    canvas = Canvas(width, HEAD + rows * (side + STRIP + GAP) - GAP + FOOT)
    shown = window or display_window([one.image for one in slices])
    _head(canvas, title, summary, has_truth=any(one.truth is not None for one in slices))
    for index, one in enumerate(slices):
        row, column = divmod(index, columns)
        square = (MARGIN + column * (side + GAP), HEAD + row * (side + STRIP + GAP), side)
        _cell(canvas, f"slice_{index}", one, square, shown)
    canvas.text(NOTICE, (MARGIN, canvas.height - 26), 13, colour=FAINT)
    return canvas


def _grid(count: int) -> tuple[int, int]:
    """Columns, and the side of a slice's square that keeps both sides of the sheet under `LARGEST`."""
    columns = min(max(NARROWEST, round((count * ASPECT * (SIDE + STRIP) / SIDE) ** 0.5)), max(count, 1))
    rows = ceil(count / columns)
    widest = (LARGEST - 2 * MARGIN + GAP) // columns - GAP
    tallest = (LARGEST - HEAD - FOOT + GAP) // rows - GAP - STRIP
    return columns, max(8, min(SIDE, widest, tallest))


def _head(canvas: Canvas, title: str, summary: str, *, has_truth: bool) -> None:
    right = canvas.width - MARGIN
    entries = [(PREDICTION, "predicted outline")] + [(TRUTH, "true outline")] * has_truth
    for colour, label in entries:
        left = canvas.text(label, (right, 44), 13, colour=INK, align="right")[0]
        legend_key(canvas, (left - 26, 46), colour, filled=False)
        right = left - 26 - 2 * GAP
    canvas.text(summary, (MARGIN, 44), 14, colour=FAINT, room=right - MARGIN - GAP)
    canvas.text(title, (MARGIN, 12), 21, bold=True, room=canvas.width - 2 * MARGIN)


def _cell(canvas: Canvas, name: str, one: SheetSlice, square: tuple[int, int, int], window: Window) -> None:
    left, top, side = square
    size = fitted(one.image.shape, side, side)
    picture = grey_picture(to_grey(one.image, window), size)
    if one.truth is not None:
        picture = outlined(picture, one.truth, TRUTH)
    picture = outlined(picture, one.mask, PREDICTION)
    canvas.rectangle((left, top, left + side, top + side), (0, 0, 0))
    canvas.panel(name, picture, left + (side - size[0]) // 2, top + (side - size[1]) // 2)
    colour = PREDICTION if one.positive else LINE
    canvas.frame((left, top, left + side, top + side), colour, 2 if one.positive else 1)
    if side >= NAMED:
        ink = INK if one.positive else FAINT
        said = "not assessable" if isnan(one.probability) else f"{one.probability:.2f}"
        end = canvas.text(said, (left + side, top + side + 4), 13, colour=ink, align="right")
        canvas.text(one.label, (left, top + side + 4), 13, colour=ink, bold=one.positive, room=end[0] - left - GAP)
    bar = (left, top + side + STRIP - 4, left + side, top + side + STRIP - 1)
    canvas.rectangle(bar, LINE)
    if not isnan(one.probability):
        filled = left + round(side * min(max(one.probability, 0.0), 1.0))
        canvas.rectangle((left, bar[1], filled, bar[3]), PREDICTION if one.positive else FAINT)
