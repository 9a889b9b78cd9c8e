"""One picture for one slice: the original, the outline that was drawn by hand, and the outline that was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.present.canvas import FAINT, INK, LINE, NOTICE, PREDICTION, TRUTH, Canvas, Colour, Layout
from gliascope.present.display import Window, display_window, plane, shown_sequence, to_grey
from gliascope.present.overlay import Picture, fitted, grey_picture, mask_picture, outlined, tinted

WIDTH: Final = 1600
"""Width of the figure, in pixels."""
MARGIN: Final = 16
"""Empty border on all sides."""
GAP: Final = 12
"""Space between two panels."""
HEAD: Final = 92
"""Height above the panels: title, details, captions."""
FOOT: Final = 48
"""Height below the panels: notice and legend."""
DISAGREEMENT: Final = 0.5
"""Opacity of the tint over pixels that only one of the two masks holds; agreement stays untinted."""
SEQUENCE_TITLES: Final = {"pre": "T1 before contrast", "flair": "FLAIR", "post": "T1 after contrast"}
"""What the sequences are called on figures."""


@dataclass(frozen=True)
class _Panel:
    name: str
    caption: str
    picture: Picture


def slice_figure(
    image: NDArray[Any],
    truth: NDArray[np.bool_] | None,
    mask: NDArray[np.bool_],
    *,
    probability: float,
    title: str,
    sequence_names: Sequence[str],
    path: Path,
    verdict: str = "tumour",
    note: str = "",
    window: Window | None = None,
) -> Layout:
    """Draw one slice: original, true mask, original with true mask, predicted mask, original with predicted mask.

    Without a true mask the second and third panel are left out and the others are larger. On the last panel, pixels
    that only one of the two masks holds are tinted in the colour of that mask.

    Parameters
    ----------
    image : ndarray, uint8 or float32, shape (row, column) or (row, column, channel)
        The slice as it was in the file; `shown_sequence` tells which channel is drawn.
    truth : ndarray, bool, shape (row, column), or None
    mask : ndarray, bool, shape (row, column)
        What was found.
    probability : float
        Probability of tumour of this slice, 0 to 1; not shown where it is no number.
    title : str
        The slice's file name.
    sequence_names : sequence of str
        One a channel.
    path : Path
        The PNG file to write.
    verdict : str
    note : str
        A line under the title.
    window : tuple of float or None
        Intensities shown black and white; None takes them from this slice.

    Returns
    -------
    Layout
        Where the panels and captions are.

    Raises
    ------
    InputError
        If a mask has another shape than the image.
    """
    grey = plane(image, sequence_names)
    for name, one in (("mask", mask), ("true mask", truth)):
        if one is not None and one.shape != grey.shape:
            raise InputError(f"a {name} must have the image's shape {grey.shape}, received {one.shape}")
    low, high = window or display_window([grey])
    count = 3 if truth is None else 5
    side = (WIDTH - 2 * MARGIN - (count - 1) * GAP) // count
    size = fitted(grey.shape, side, side)
    panels = _panels(to_grey(grey, (low, high)), truth, mask, size)
    canvas = Canvas(2 * MARGIN + count * side + (count - 1) * GAP, HEAD + size[1] + FOOT)
    shown = SEQUENCE_TITLES.get(shown_sequence(sequence_names), shown_sequence(sequence_names))
    details = f"{grey.shape[1]} x {grey.shape[0]} px, {shown}, shown from {low:.4g} to {high:.4g}"
    said = f"{verdict}, probability {probability:.3f}" if np.isfinite(probability) else verdict
    _head(canvas, title, (said, PREDICTION if verdict == "tumour" else INK), f"{details}.  {note}" if note else details)
    for index, panel in enumerate(panels):
        left = MARGIN + index * (side + GAP)
        box = canvas.panel(panel.name, panel.picture, left + (side - size[0]) // 2, HEAD)
        canvas.frame(box, LINE)
        canvas.text(panel.caption, (left + side // 2, HEAD - 22), 14, align="centre", room=side)
    _foot(canvas, truth, mask)
    return canvas.save(path, title)


def _panels(
    grey: NDArray[np.uint8], truth: NDArray[np.bool_] | None, mask: NDArray[np.bool_], size: tuple[int, int]
) -> list[_Panel]:
    original = grey_picture(grey, size)
    panels = [_Panel("original", "Original", original)]
    last = original
    if truth is not None:
        panels += [
            _Panel("truth", f"True mask, {np.count_nonzero(truth):,} px", mask_picture(truth, size, TRUTH)),
            _Panel("original_truth", "Original with true mask", outlined(original, truth, TRUTH)),
        ]
        last = tinted(last, mask & ~truth, PREDICTION, DISAGREEMENT)
        last = tinted(last, truth & ~mask, TRUTH, DISAGREEMENT)
    panels += [
        _Panel("mask", f"Predicted mask, {np.count_nonzero(mask):,} px", mask_picture(mask, size, PREDICTION)),
        _Panel("original_mask", "Original with predicted mask", outlined(last, mask, PREDICTION)),
    ]
    return panels


def _head(canvas: Canvas, title: str, verdict: tuple[str, Colour], details: str) -> None:
    right = canvas.width - MARGIN
    end = canvas.text(verdict[0], (right, 14), 19, colour=verdict[1], bold=True, align="right")
    canvas.text(title, (MARGIN, 14), 19, bold=True, room=end[0] - MARGIN - 2 * GAP)
    canvas.text(details, (MARGIN, 42), 13, colour=FAINT, room=right - MARGIN)


def _foot(canvas: Canvas, truth: NDArray[np.bool_] | None, mask: NDArray[np.bool_]) -> None:
    top = canvas.height - 32
    entries: list[tuple[Colour, str, bool]] = [(PREDICTION, "predicted outline", False)]
    if truth is not None:
        entries = [
            (TRUTH, "true outline", False),
            *entries,
            (PREDICTION, f"only predicted, {np.count_nonzero(mask & ~truth):,} px", True),
            (TRUTH, f"only in the true mask, {np.count_nonzero(truth & ~mask):,} px", True),
        ]
    right = canvas.width - MARGIN
    for colour, label, filled in reversed(entries):
        left = canvas.text(label, (right, top), 13, colour=INK, align="right")[0]
        legend_key(canvas, (left - 26, top + 2), colour, filled=filled)
        right = left - 26 - 2 * GAP
    canvas.text(NOTICE, (MARGIN, top), 13, colour=FAINT)


def legend_key(canvas: Canvas, at: tuple[int, int], colour: Colour, *, filled: bool) -> None:
    """Draw the key of a legend entry, 18 x 12 px: a line for an outline, a tinted box for an area."""
    left, top = at
    if filled:
        dull = tuple(round(DISAGREEMENT * c + (1 - DISAGREEMENT) * 110) for c in colour)
        canvas.rectangle((left, top, left + 18, top + 12), (dull[0], dull[1], dull[2]))
    else:
        canvas.rectangle((left, top + 5, left + 18, top + 7), colour)
