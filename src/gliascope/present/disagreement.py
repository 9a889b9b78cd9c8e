"""Some slices of one patient with the true and the predicted outline, for looking at failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.present.canvas import BACKGROUND, FAINT, INK, LINE, NOTICE, PREDICTION, TRUTH, Canvas, Colour, Layout
from gliascope.present.overlay import fitted, grey_picture, outlined

MARGIN: Final = 16
"""Empty border on all sides, in pixels."""
GAP: Final = 10
"""Space between two slices."""
SIDE: Final = 460
"""Side of a slice's square, in pixels."""
COLUMNS: Final = 3
"""Slices side by side."""
HEAD: Final = 78
"""Height above the slices: title, summary, legend."""
STAMP: Final = 38
"""Height of the stamp, where there is one."""
STRIP: Final = 44
"""Height under each slice: its name and counts."""
FOOT: Final = 36
"""Height below the slices: notice."""
WIDTH: Final = 1.5
"""Width of an outline, in display pixels: two thirds of a pixel of an image of 200 rows, half of it on either side of
the border, and still seen where a page shows the picture smaller."""
DASH: Final = 8.0
"""Length of the dashes of the predicted outline, in display pixels."""
AS_STORED: Final = "Left and right are as in the file."
"""Slice images do not say which side is the patient's left."""
ALARM: Final[Colour] = (255, 120, 110)
"""Ink and frame of the stamp; 7:1 against the background."""


@dataclass(frozen=True, eq=False)
class ComparedSlice:
    """One slice.

    Attributes
    ----------
    grey : ndarray, uint8, shape (row, column)
        Grey levels as a screen shows them, in the image's own orientation.
    truth, found : ndarray, bool, shape (row, column)
        What was drawn by hand, and what was found.
    label : str
        The slice's name.
    note : str
        What was said of it.
    """

    grey: NDArray[np.uint8]
    truth: NDArray[np.bool_]
    found: NDArray[np.bool_]
    label: str
    note: str

    def __post_init__(self) -> None:
        for name, one in (("found mask", self.found), ("true mask", self.truth)):
            if one.shape != self.grey.shape:
                raise InputError(f"a {name} must have the image's shape {self.grey.shape}, received {one.shape}")


def disagreement_figure(
    slices: Sequence[ComparedSlice], path: Path, *, title: str, summary: str, stamp: str | None = None
) -> Layout:
    """Draw slices in reading order with both outlines: the true one solid, the predicted one dashed over it.

    Colour and dashes each tell the two apart; the lines run between the pixels of the image (see
    `gliascope.present.overlay.outlines`), and nothing is laid over the inside.

    Parameters
    ----------
    slices : sequence of ComparedSlice
        In the order of the scan.
    path : Path
        The PNG file to write.
    title : str
        The patient.
    summary : str
        The patient's figures, in one line.
    stamp : str or None
        Why the figures are no evidence.

    Returns
    -------
    Layout
        Where the slices (named ``slice_0``, ``slice_1``, ...) and captions are.

    Raises
    ------
    InputError
        If there is no slice.
    """
    if not slices:
        raise InputError(f"{title}: a picture must have at least one slice, received none")
    head = HEAD + (STAMP if stamp else 0)
    rows = ceil(len(slices) / COLUMNS)
    width = 2 * MARGIN + COLUMNS * (SIDE + GAP) - GAP
    canvas = Canvas(width, head + rows * (SIDE + STRIP + GAP) - GAP + FOOT)
    _head(canvas, title, summary)
    if stamp:
        box = (MARGIN + 1, HEAD, width - MARGIN - 1, HEAD + STAMP - 12)
        canvas.frame(box, ALARM, 2)
        canvas.text(stamp, (MARGIN + 10, HEAD + 5), 14, colour=ALARM, bold=True, room=width - 2 * MARGIN - 20)
    for index, one in enumerate(slices):
        row, column = divmod(index, COLUMNS)
        _cell(canvas, f"slice_{index}", one, MARGIN + column * (SIDE + GAP), head + row * (SIDE + STRIP + GAP))
    canvas.text(f"{NOTICE} {AS_STORED}", (MARGIN, canvas.height - 26), 13, colour=FAINT)
    return canvas.save(path, title, stamp)


def _head(canvas: Canvas, title: str, summary: str) -> None:
    right = canvas.width - MARGIN
    for colour, label, dashed in ((PREDICTION, "predicted outline", True), (TRUTH, "true outline", False)):
        left = canvas.text(label, (right, 16), 15, colour=INK, align="right")[0] - 44
        canvas.rectangle((left, 24, left + 36, 26), colour)
        if dashed:
            for gap in (8, 22):
                canvas.rectangle((left + gap, 24, left + gap + 6, 26), BACKGROUND)
        right = left - 2 * GAP
    canvas.text(title, (MARGIN, 12), 21, bold=True, room=right - MARGIN)
    canvas.text(summary, (MARGIN, 46), 15, colour=FAINT, room=canvas.width - 2 * MARGIN)


def _cell(canvas: Canvas, name: str, one: ComparedSlice, left: int, top: int) -> None:
    size = fitted(one.grey.shape, SIDE, SIDE)
    picture = outlined(grey_picture(one.grey, size), one.truth, TRUTH, width=WIDTH)
    picture = outlined(picture, one.found, PREDICTION, DASH, WIDTH)
    canvas.rectangle((left, top, left + SIDE, top + SIDE), (0, 0, 0))
    canvas.panel(name, picture, left + (SIDE - size[0]) // 2, top + (SIDE - size[1]) // 2)
    canvas.frame((left, top, left + SIDE, top + SIDE), LINE)
    canvas.text(one.label, (left, top + SIDE + 5), 14, room=SIDE)
    canvas.text(one.note, (left, top + SIDE + 23), 13, colour=FAINT, room=SIDE)
