"""A white sheet in inches for diagrams: cards, arrows, stacks of feature maps."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2, sqrt
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Point = tuple[float, float]
"""Inches from the left and from the bottom."""

PAPER: Final = "#ffffff"
BAND: Final = "#f5f6f8"
"""Every other row, so that the eye keeps to one resolution."""


@dataclass(frozen=True)
class Theme:
    """Colours of one part of a diagram: outlines and names, second text, inside of cards, feature maps."""

    line: str
    faint: str
    fill: str
    sheet: str


PLAIN: Final = Theme("#3a4350", "#5d6673", "#ffffff", "#e4e7ec")
ENCODER: Final = Theme("#1f5f9e", "#4a6f94", "#eaf2fa", "#bcd6ee")
DECODER: Final = Theme("#b3560f", "#94663f", "#fdf1e6", "#f8d3ae")
HEAD: Final = Theme("#1b7a4b", "#45785e", "#e7f5ed", "#b5dfc8")
BRIDGE: Final = Theme("#6b4a9c", "#6b4a9c", "#ffffff", "#ded3ee")


class Pen:
    """Draws on one sheet.

    Parameters
    ----------
    width, height : float
        Size of the sheet, in inches.
    """

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self.figure: Figure = Figure(figsize=(width, height), facecolor=PAPER)
        FigureCanvasAgg(self.figure)
        self.axes: Axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set_xlim(0, width)
        self.axes.set_ylim(0, height)
        self.axes.set_axis_off()

    def write(
        self,
        text: str,
        at: Point,
        size: float,
        *,
        bold: bool = False,
        colour: str = PLAIN.line,
        align: Literal["left", "center", "right"] = "left",
    ) -> None:
        """Write one line, centred on its height; `size` in points."""
        weight = "bold" if bold else "normal"
        self.axes.text(*at, text, fontsize=size, color=colour, weight=weight, ha=align, va="center", zorder=5)

    def band(self, middle: float, height: float) -> None:
        """Shade a row over the whole width."""
        self.axes.axhspan(middle - height / 2, middle + height / 2, color=BAND, linewidth=0, zorder=0)

    def card(self, corner: Point, size: tuple[float, float], theme: Theme) -> None:
        """Draw a rounded box from its lower left corner."""
        from matplotlib.patches import FancyBboxPatch

        radius = 0.07
        inner = (corner[0] + radius, corner[1] + radius)
        self.axes.add_patch(
            FancyBboxPatch(
                inner,
                size[0] - 2 * radius,
                size[1] - 2 * radius,
                boxstyle=f"round,pad={radius}",
                facecolor=theme.fill,
                edgecolor=theme.line,
                linewidth=1.1,
                zorder=2,
            )
        )

    def stack(self, middle: Point, share: float, channels: int, theme: Theme) -> None:
        """Draw feature maps: the square's area goes with the side, the number of sheets with log2 of the channels."""
        side = max(0.05, 0.42 * sqrt(share))
        sheets = 1 + round(log2(channels) / 2)
        step = 0.028
        first = (middle[0] - side / 2 - (sheets - 1) * step / 2, middle[1] - side / 2 - (sheets - 1) * step / 2)
        for sheet in reversed(range(sheets)):
            self._square((first[0] + sheet * step, first[1] + sheet * step), side, theme, front=sheets - sheet)

    def _square(self, corner: Point, side: float, theme: Theme, front: int) -> None:
        from matplotlib.patches import Rectangle

        self.axes.add_patch(
            Rectangle(
                corner, side, side, facecolor=theme.sheet, edgecolor=theme.line, linewidth=0.8, zorder=3 + 0.01 * front
            )
        )

    def bar(self, at: Point, length: float, share: float, theme: Theme) -> None:
        """Draw a thin bar of which `share` is filled."""
        from matplotlib.patches import Rectangle

        self.axes.add_patch(Rectangle(at, length, 0.035, facecolor=theme.line, alpha=0.16, linewidth=0, zorder=3))
        self.axes.add_patch(Rectangle(at, length * share, 0.035, facecolor=theme.line, linewidth=0, zorder=4))

    def line(self, start: Point, end: Point, theme: Theme) -> None:
        """Draw a straight line."""
        self.axes.plot(
            [start[0], end[0]], [start[1], end[1]], color=theme.line, linewidth=1.3, solid_capstyle="butt", zorder=1
        )

    def arrow(self, start: Point, end: Point, theme: Theme, label: str = "") -> None:
        """Draw an arrow, with a label above its middle."""
        style: dict[str, Any] = {"arrowstyle": "-|>,head_length=0.5,head_width=0.24", "mutation_scale": 11}
        style |= {"color": theme.line, "linewidth": 1.3, "shrinkA": 0, "shrinkB": 0}
        self.axes.annotate("", xy=end, xytext=start, arrowprops=style, zorder=1)
        if label:
            self.write(label, ((start[0] + end[0]) / 2, start[1] + 0.10), 7.5, colour=theme.faint, align="center")
