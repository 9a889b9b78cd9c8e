"""The sheet that the plots of an evaluation are drawn on: title, stamp and notice in the same places on each."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gliascope.present.canvas import NOTICE
from gliascope.present.curves import COLOURS
from gliascope.present.files import replaced
from gliascope.present.lettering import drawable

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK: Final = "#1d2733"
FAINT: Final = "#5a6570"
ALARM: Final = "#a61b1b"
"""Stamps, and the line below which a patient counts as failed; 7.6:1 on white."""
MARKERS: Final = ("o", "s", "^", "D", "v", "P", "X", "*")
"""Shapes of groups: with the colour, or without it, they can be told apart."""
DPI: Final = 130
"""Pixels an inch: sharp at the width of a page."""
LINE: Final = 0.19
"""Height of a line of small text, in inches."""


@dataclass(frozen=True)
class Heading:
    """What stands above a plot.

    Attributes
    ----------
    title : str
    subtitle : str
        What was scored.
    stamp : str or None
        Why the figures are no evidence, drawn in a frame on the plot itself.
    """

    title: str
    subtitle: str = ""
    stamp: str | None = None


@contextmanager
def plotted(path: Path, heading: Heading, size: tuple[float, float]) -> Iterator[Figure]:
    """Lend a figure whose layout leaves room for heading and notice, and write it as PNG when the block ends well.

    Parameters
    ----------
    path : Path
        Written beside and moved into place; the same values give the same bytes.
    heading : Heading
    size : tuple of float
        Width of the sheet and height of the plots on it, in inches; heading and notice come on top of that.

    Yields
    ------
    matplotlib.figure.Figure
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    width = size[0]
    subtitle, stamp = (_wrapped(text, width - 0.5) for text in (heading.subtitle, heading.stamp or ""))
    head = 0.45 + LINE * len(subtitle) + (LINE * len(stamp) + 0.22 if stamp else 0.0)
    foot = 0.38
    height = size[1] + head + foot
    figure = Figure(figsize=(width, height), dpi=DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.set(rect=(0.01, foot / height, 0.98, size[1] / height))  # type: ignore[call-arg]  # constrained takes it
    _head(figure, heading.title, subtitle, stamp)
    figure.text(0.12 / width, 0.1 / height, NOTICE, fontsize=7.5, color=FAINT, va="bottom")
    yield figure
    with replaced(path) as temporary:
        notes = {"Title": heading.title, "Software": "gliascope", "Disclaimer": NOTICE}
        figure.savefig(temporary, format="png", metadata=notes | ({"Comment": heading.stamp} if stamp else {}))


def _wrapped(text: str, width: float) -> list[str]:
    return textwrap.wrap(text, max(20, int(width * 14.5)))


def _head(figure: Figure, title: str, subtitle: Sequence[str], stamp: Sequence[str]) -> None:
    width, height = (float(one) for one in figure.get_size_inches())
    left, top = 0.12 / width, height - 0.1

    def write(text: str, at: float, size: float, colour: str, weight: str = "normal") -> None:
        shown = "\n".join(drawable(line) for line in text.split("\n"))
        figure.text(left, at / height, shown, fontsize=size, color=colour, weight=weight, va="top", linespacing=1.25)

    write(title, top, 12.5, INK, "bold")
    top -= 0.3
    if subtitle:
        write("\n".join(subtitle), top, 9, FAINT)
        top -= LINE * len(subtitle)
    if stamp:
        box = {"boxstyle": "square,pad=0.35", "facecolor": "#fdeeee", "edgecolor": ALARM}
        figure.text(
            left + 0.06 / width,
            (top - 0.1) / height,
            "\n".join(stamp),
            fontsize=9,
            color=ALARM,
            weight="bold",
            va="top",
            linespacing=1.25,
            bbox=box,
        )


def bare(axes: Axes, grid: str = "both") -> None:
    """Leave of the axes what is read: two spines and a faint grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("0.6")
    axes.tick_params(colors=FAINT, labelcolor=INK, labelsize=9)
    axes.set_axisbelow(True)
    if grid in {"both", "x"}:
        axes.xaxis.grid(visible=True, alpha=0.25)
    if grid in {"both", "y"}:
        axes.yaxis.grid(visible=True, alpha=0.25)


def looks(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Colour and marker of each group, by sorted name."""
    return dict(zip(sorted(set(names)), zip(cycle(COLOURS), cycle(MARKERS), strict=False), strict=False))
