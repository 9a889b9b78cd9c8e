"""The reliability diagram: what was promised against what came true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from gliascope.present.curves import COLOURS
from gliascope.present.plot_sheet import Heading, bare, plotted

SIDE: Final = 6.4
"""Width of the plot, in inches."""
SMALLEST: Final = 15.0
"""Area of a dot of no slices, in square points."""
LARGEST: Final = 900.0
"""What a dot of all slices has more."""
SHAPES: Final = ("o", "s", "D")
"""Shape of each line's dots, so that colour is not all that tells them apart."""


@dataclass(frozen=True)
class Dots:
    """Slices of about the same probability.

    Attributes
    ----------
    probability : float
        Their mean probability.
    share : float
        Share of tumour slices among them.
    slices : int
    """

    probability: float
    share: float
    slices: int


@dataclass(frozen=True)
class Line:
    """One kind of probability.

    Attributes
    ----------
    label : str
        Its line in the legend.
    dots : tuple of Dots
        From the least to the most probable.
    """

    label: str
    dots: tuple[Dots, ...]


def reliability_figure(lines: Sequence[Line], path: Path, *, heading: Heading) -> None:
    """Draw a reliability diagram (Murphy & Winkler 1977).

    Parameters
    ----------
    lines : sequence of Line
        Up to three, the one that matters last.
    path : Path
        The PNG file.
    heading : Heading
    """
    colours = COLOURS[1::-1] if len(lines) > 1 else COLOURS
    with plotted(path, heading, (SIDE, SIDE + 0.7)) as figure:
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, linestyle=":", label="as promised")
        for line, colour, shape in zip(lines, colours, SHAPES, strict=False):
            x, y = [one.probability for one in line.dots], [one.share for one in line.dots]
            total = sum(one.slices for one in line.dots)
            areas = [SMALLEST + LARGEST * one.slices / total for one in line.dots]
            axes.plot(x, y, color=colour, linewidth=1.4, marker=shape, markersize=4, alpha=0.9, label=line.label)
            axes.scatter(x, y, areas, color=colour, marker=shape, alpha=0.35, linewidths=0)
        axes.set(xlabel="mean probability", ylabel="share of tumour slices", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        bare(axes)
        axes.set_aspect("equal")
        axes.set_xticks(np.linspace(0, 1, 6))
        axes.set_yticks(np.linspace(0, 1, 6))
        axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(-0.02, -0.11), borderaxespad=0)
