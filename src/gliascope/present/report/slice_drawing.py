"""One slice as a vector drawing: the image's own pixels, outlines over it, sides, position and scale around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.present.canvas import BACKGROUND, FAINT, INK, PREDICTION, TRUTH
from gliascope.present.report.frame import UNKNOWN, Frame
from gliascope.present.report.svg import hexadecimal, label, outline_path, png_uri, tag

SIDE: Final = 640.0
"""Longer side of the image, in units of the drawing."""
NARROWEST: Final = 520.0
"""Least width of a drawing, so that its captions have room."""
MARGIN: Final = 34.0
"""Around the image: letters and captions cover none of it."""
FOOT: Final = 46.0
"""Below the image: letter, scale, notice."""
STROKE: Final = 2.2
"""Width of an outline, in units of the drawing: less than a pixel of an image of 256 rows."""
DASH: Final = 9.0
NOTICE: Final = "research, not for diagnosis"
"""Stands on every drawing, so that it is there where one is cut out."""
BARS: Final = (100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0, 0.5)
"""Lengths of scale bars in millimetres; the longest that takes no more than `BAR_SHARE` of the width is drawn."""
BAR_SHARE: Final = 0.36


@dataclass(frozen=True, eq=False)
class ShownSlice:
    """What is drawn.

    Attributes
    ----------
    grey : ndarray, uint8, shape (row, column)
        As `gliascope.present.display.to_grey` gives it.
    found : ndarray, bool, same shape
    truth : ndarray, bool, same shape, or None
    name : str
        In the upper left corner: the slice's number.
    position : str
        In the upper right corner; empty where there is nothing to say.
    lines : tuple
        Diameters to be drawn: both ends of each, as (column, row).

    Raises
    ------
    InputError
        If a mask has another shape than the image.
    """

    grey: NDArray[np.uint8]
    found: NDArray[np.bool_]
    truth: NDArray[np.bool_] | None
    name: str
    position: str = ""
    lines: tuple[tuple[tuple[float, float], tuple[float, float]], ...] = ()

    def __post_init__(self) -> None:
        for name, one in (("found mask", self.found), ("true mask", self.truth)):
            if one is not None and one.shape != self.grey.shape:
                raise InputError(f"a {name} must have the image's shape {self.grey.shape}, received {one.shape}")


def draw_slice(shown: ShownSlice, frame: Frame) -> tuple[str, tuple[int, int]]:
    """Draw a slice.

    Without a truth the found outline is solid; with one, the true outline is solid and the found one dashed over it,
    as on the other pictures. Both are in the layer ``outline``.

    Parameters
    ----------
    shown : ShownSlice
    frame : Frame
        What its scan says about geometry.

    Returns
    -------
    tuple of str and tuple of int
        The ``<svg>`` element, and its width and height.
    """
    rows, columns = shown.grey.shape
    ratio = 1.0 if frame.pixel_mm is None else frame.pixel_mm[1] / frame.pixel_mm[0]
    unit = SIDE / max(columns, rows * ratio)
    width, height = columns * unit, rows * ratio * unit
    whole = (max(width, NARROWEST) + 2 * MARGIN, height + MARGIN + FOOT)
    box = ((whole[0] - width) / 2, MARGIN, width, height)
    parts = [
        tag("rect", width=whole[0], height=whole[1], fill=hexadecimal(BACKGROUND)),
        tag(
            "image",
            x=box[0],
            y=box[1],
            width=width,
            height=height,
            preserveAspectRatio="none",
            href=png_uri(shown.grey),
        ),
        *_outlines(shown, box),
        *_words(shown, frame, whole, box),
        *_scale(frame, whole, unit),
    ]
    size = f"{whole[0]:g}", f"{round(whole[1], 2):g}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size[0]} {size[1]}" aria-hidden="true">'
    return f"{head}{''.join(parts)}</svg>", (round(whole[0]), round(whole[1]))


def _outlines(shown: ShownSlice, box: tuple[float, float, float, float]) -> list[str]:
    lines = []
    if shown.truth is not None and shown.truth.any():
        lines.append(tag("path", d=outline_path(shown.truth, box), stroke=hexadecimal(TRUTH)))
    if shown.found.any():
        dash = {} if shown.truth is None else {"stroke_dasharray": f"{DASH:g} {DASH:g}"}
        lines.append(tag("path", d=outline_path(shown.found, box), stroke=hexadecimal(PREDICTION), **dash))
    lines += [_diameter(one, box, shown.grey.shape) for one in shown.lines]
    if not lines:
        return []
    return [tag("g", "".join(lines), class_="outline", fill="none", stroke_width=STROKE, stroke_linejoin="round")]


def _diameter(
    line: tuple[tuple[float, float], tuple[float, float]],
    box: tuple[float, float, float, float],
    shape: tuple[int, ...],
) -> str:
    """A thin line with a dot at either end."""
    scale = box[2] / shape[1], box[3] / shape[0]
    ends = [(box[0] + (x + 0.5) * scale[0], box[1] + (y + 0.5) * scale[1]) for x, y in line]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ends)
    ink = hexadecimal(INK)
    dots = [tag("circle", cx=x, cy=y, r=3.5, fill=ink) for x, y in ends]
    return tag("path", d=path, stroke=ink, stroke_width=1.4, class_="diameter") + "".join(dots)


def _words(
    shown: ShownSlice, frame: Frame, whole: tuple[float, float], box: tuple[float, float, float, float]
) -> list[str]:
    ink, faint = hexadecimal(INK), hexadecimal(FAINT)
    left, top, width, height = box
    bottom = top + height
    parts = [
        label(shown.name, (10, 24), 18, ink, font_weight="bold"),
        label(shown.position if frame.edges else UNKNOWN, (whole[0] - 10, 24), 16, faint, "end"),
        label(NOTICE, (10, bottom + 30), 14, faint),
    ]
    if frame.edges is not None:
        middle = top + height / 2 + 8
        parts += [
            label(frame.edges.left, (left - 17, middle), 23, ink, "middle", font_weight="bold"),
            label(frame.edges.right, (left + width + 17, middle), 23, ink, "middle", font_weight="bold"),
            label(frame.edges.top, (whole[0] / 2, 25), 20, ink, "middle", font_weight="bold"),
            label(frame.edges.bottom, (whole[0] / 2, bottom + 23), 20, ink, "middle", font_weight="bold"),
        ]
    return parts


def _scale(frame: Frame, whole: tuple[float, float], unit: float) -> list[str]:
    if frame.pixel_mm is None:
        return []
    per_mm = unit / frame.pixel_mm[0]
    room = BAR_SHARE * SIDE
    length = next((one for one in BARS if one * per_mm <= room), None)
    if length is None:
        return []
    right, line = whole[0] - 12, whole[1] - 12
    left = right - length * per_mm
    ink = hexadecimal(INK)
    path = f"M{left:.1f} {line - 6:.1f}V{line:.1f}H{right:.1f}V{line - 6:.1f}"
    return [
        tag("path", d=path, fill="none", stroke=ink, stroke_width=2.5, class_="scale"),
        label(f"{length:g} mm", ((left + right) / 2, line - 8), 16, ink, "middle"),
    ]
