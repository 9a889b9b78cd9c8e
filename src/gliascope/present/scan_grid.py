"""A grid of scans on a dark sheet: images, true masks and outlines, each with its caption."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.present.canvas import FAINT, INK, LINE, NOTICE, TRUTH, Canvas, Layout
from gliascope.present.display import Window, display_window, to_grey
from gliascope.present.figure import legend_key
from gliascope.present.overlay import fitted, grey_picture, mask_picture, outlined

MARGIN: Final = 16
"""Empty border on all sides, in pixels."""
GAP: Final = 8
"""Space between two tiles."""
SIDE: Final = 210
"""Side of a tile, in pixels."""
STRIP: Final = 22
"""Height of the caption under a tile."""
HEAD: Final = 72
"""Height above the tiles: title, note, legend."""
NAMES: Final = 26
"""Height of the columns' names, where there are any."""
FOOT: Final = 34
"""Height below the tiles: notice."""


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture of the grid.

    Attributes
    ----------
    image : ndarray, shape (row, column), or None
        Grey levels; None where there is nothing to show.
    caption : str
        One line under it.
    mask : ndarray, bool, shape (row, column), or None
        The true mask.
    show : str
        ``image`` (with the mask's outline where there is one) or ``mask`` (the mask alone).
    window : tuple of float or None
        Intensities shown black and white; None takes them from the image.
    """

    image: NDArray[Any] | None
    caption: str
    mask: NDArray[np.bool_] | None = None
    show: Literal["image", "mask"] = "image"
    window: Window | None = None


def scan_grid(
    rows: Sequence[Sequence[Tile]], path: Path, *, title: str, note: str, columns: Sequence[str] = ()
) -> Layout:
    """Draw rows of tiles.

    Parameters
    ----------
    rows : sequence of sequence of Tile
        Rows may differ in length.
    path : Path
        The PNG file.
    title : str
    note : str
        One line under the title.
    columns : sequence of str
        Names over the columns; none where the captions say enough.

    Returns
    -------
    Layout
        Where the tiles (``tile_0_0``, row first) and captions are.

    Raises
    ------
    InputError
        If there is no tile.
    """
    width = max((len(row) for row in rows), default=0)
    if width == 0:
        raise InputError(f"{title}: a grid of scans must have at least one tile, received none")
    top = HEAD + (NAMES if columns else 0)
    height = top + len(rows) * (SIDE + STRIP + GAP) - GAP + FOOT
    canvas = Canvas(2 * MARGIN + max(width, 3) * (SIDE + GAP) - GAP, height)
    lined = any(one.mask is not None and one.mask.any() and one.show == "image" for row in rows for one in row)
    _head(canvas, title, note, has_outlines=lined)
    for place, name in enumerate(columns):
        canvas.text(name, (_left(place), HEAD), 14, colour=INK, bold=True, room=SIDE)
    for row, tiles in enumerate(rows):
        for column, tile in enumerate(tiles):
            _tile(canvas, f"tile_{row}_{column}", tile, _left(column), top + row * (SIDE + STRIP + GAP))
    canvas.text(NOTICE, (MARGIN, height - 25), 13, colour=FAINT)
    return canvas.save(path, title)


def _left(column: int) -> int:
    return MARGIN + column * (SIDE + GAP)


def _head(canvas: Canvas, title: str, note: str, *, has_outlines: bool) -> None:
    right = canvas.width - MARGIN
    canvas.text(title, (MARGIN, 12), 20, bold=True, room=right - MARGIN)
    if has_outlines:
        left = canvas.text("true outline", (right, 43), 13, colour=INK, align="right")[0]
        legend_key(canvas, (left - 26, 45), TRUTH, filled=False)
        right = left - 26 - 2 * GAP
    canvas.text(note, (MARGIN, 43), 13, colour=FAINT, room=right - MARGIN)


def _tile(canvas: Canvas, name: str, tile: Tile, left: int, top: int) -> None:
    box = (left, top, left + SIDE, top + SIDE)
    canvas.rectangle(box, (0, 0, 0))
    canvas.frame(box, LINE)
    if tile.image is None:
        canvas.text(
            "missing or a copy", (left + SIDE // 2, top + SIDE // 2 - 8), 13, colour=FAINT, align="centre", room=SIDE
        )
    else:
        size = fitted(tile.image.shape, SIDE, SIDE)
        if tile.show == "mask":
            empty = np.zeros(tile.image.shape, dtype=np.bool_)
            picture = mask_picture(empty if tile.mask is None else tile.mask, size, INK)
        else:
            picture = grey_picture(to_grey(tile.image, tile.window or display_window([tile.image])), size)
            picture = picture if tile.mask is None else outlined(picture, tile.mask, TRUTH)
        canvas.panel(name, picture, left + (SIDE - size[0]) // 2, top + (SIDE - size[1]) // 2)
    canvas.text(tile.caption, (left, top + SIDE + 3), 13, colour=FAINT, room=SIDE)
