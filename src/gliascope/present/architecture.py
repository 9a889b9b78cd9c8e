"""Block diagrams of networks: encoder down, decoder up, skips across, one row for each resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log2
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gliascope.errors import InputError
from gliascope.present.files import replaced
from gliascope.present.ink import BRIDGE, DECODER, ENCODER, HEAD, PLAIN, Pen, Point, Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CARD: Final = (2.92, 0.80)
"""Width and height of a stage's card, in inches."""
PITCH: Final = 1.06
"""Distance of two rows, in inches."""
GUTTER: Final = 1.0
"""Space between an encoder and its decoder, where the skips run, and between two networks."""
LEFT: Final = 1.05
"""Space left of the first column: the rows' labels."""
RIGHT: Final = 0.35
TOP: Final = 1.62
"""Space above the first row: title and column heads."""
FOOT: Final = 0.52
"""Space below the last row: what the numbers mean."""
RESOLUTION: Final = 150
"""Pixels an inch of a PNG."""

FORMATS: Final = ("png", "svg")
"""What a picture may be written as, by the end of its name."""


@dataclass(frozen=True)
class Stage:
    """One box of the diagram.

    Attributes
    ----------
    name, makeup : str
        Its name, and what it is made of.
    side : (int, int)
        Rows and columns of what it hands on; 1 and 1 for a vector.
    channels : int
    parameters, macs : int
        For one slice.
    """

    name: str
    makeup: str
    side: tuple[int, int]
    channels: int
    parameters: int
    macs: int


@dataclass(frozen=True)
class Network:
    """One column (an encoder alone) or two (with its decoder).

    Attributes
    ----------
    heads : tuple of (str, str, str)
        Title and two lines of notes above each column.
    encoder : tuple of Stage
        Fine to coarse.
    decoder : tuple of Stage
        Coarse to fine; may be empty.
    verdict : Stage or None
        The classification head below the encoder.
    mask : Stage or None
        The output above the decoder.
    gate : str
        When the decoder is run; stands on the arrow that leads to it.
    """

    heads: tuple[tuple[str, str, str], ...]
    encoder: tuple[Stage, ...]
    decoder: tuple[Stage, ...] = ()
    verdict: Stage | None = None
    mask: Stage | None = None
    gate: str = ""


@dataclass(frozen=True)
class Architecture:
    """All networks of one recipe.

    Attributes
    ----------
    title : str
    size : (int, int)
        Rows and columns of the input.
    networks : tuple of Network
    neighbours : int
        Slices whose FLAIR the networks see beside the slice itself.
    """

    title: str
    size: tuple[int, int]
    networks: tuple[Network, ...]
    neighbours: int = 0

    @property
    def input(self) -> Stage:
        """The box that the networks begin with."""
        beside = f", FLAIR of {self.neighbours} neighbours" if self.neighbours else ""
        return Stage("slice", f"pre, FLAIR, post{beside}", self.size, 3 + self.neighbours, 0, 0)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of all stages, for one slice."""
        return sum(one.macs for network in self.networks for one in _stages(network))

    @property
    def summary(self) -> str:
        """One line that tells whether a picture still shows these networks; it stands in the picture's metadata."""
        parameters = sum(one.parameters for network in self.networks for one in _stages(network))
        return f"{_across(self.size)} pixels, {parameters} parameters, {self.macs} multiply-accumulates"


def draw_architecture(architecture: Architecture, paths: Sequence[Path]) -> None:
    """Draw networks and write the picture; the same values give the same bytes.

    Parameters
    ----------
    architecture : Architecture
    paths : sequence of Path
        Files to write, each ``.png`` or ``.svg``; letters in an SVG are outlines, so that it looks alike everywhere.

    Raises
    ------
    InputError
        If a file's name ends otherwise.
    """
    import matplotlib as mpl

    kinds = [path.suffix.removeprefix(".").lower() for path in paths]
    for path, kind in zip(paths, kinds, strict=True):
        if kind not in FORMATS:
            raise InputError(f"{path}: a diagram must be .png or .svg, received {path.suffix!r}")
    with mpl.rc_context({"svg.hashsalt": "gliascope", "svg.fonttype": "path", "font.family": "DejaVu Sans"}):
        figure = architecture_figure(architecture)
        for path, kind in zip(paths, kinds, strict=True):
            metadata: dict[str, str | None] = {"Title": architecture.title, "Description": architecture.summary}
            metadata |= {"Date": None} if kind == "svg" else {"Software": "gliascope"}
            with replaced(path) as temporary:
                figure.savefig(temporary, format=kind, dpi=RESOLUTION, metadata=metadata)


def architecture_figure(architecture: Architecture) -> Figure:
    """Lay the diagram out.

    Parameters
    ----------
    architecture : Architecture

    Returns
    -------
    matplotlib.figure.Figure
        One set of axes in inches, from the lower left corner.
    """
    columns = sum(len(one.heads) for one in architecture.networks)
    levels = 1 + max(_level(architecture, one.encoder[-1]) for one in architecture.networks)
    rows = levels + 1 + any(one.verdict for one in architecture.networks)
    width = LEFT + columns * CARD[0] + (columns - 1) * GUTTER + RIGHT
    height = TOP + (rows - 1) * PITCH + CARD[1] + FOOT
    pen = Pen(width, height)
    pen.write(architecture.title, (LEFT, height - 0.42), 15, bold=True)
    _bands(pen, architecture, levels)
    for column, network in zip(_first_columns(architecture), architecture.networks, strict=True):
        _Draughtsman(pen, architecture, column).draw(network)
    note = f"MAC: multiply-accumulates for one slice of {_across(architecture.size)} pixels; bar: share of the total."
    pen.write(note, (LEFT, 0.22), 8, colour=PLAIN.faint)
    return pen.figure


def _stages(network: Network) -> tuple[Stage, ...]:
    extra = tuple(one for one in (network.verdict, network.mask) if one is not None)
    return (*network.encoder, *network.decoder, *extra)


def _first_columns(architecture: Architecture) -> list[int]:
    taken = [len(one.heads) for one in architecture.networks]
    return [sum(taken[:position]) for position in range(len(taken))]


def _level(architecture: Architecture, stage: Stage) -> int:
    """How often the side was halved."""
    return round(log2(architecture.size[0] / stage.side[0]))


def _row_middle(pen: Pen, row: int) -> float:
    return pen.height - TOP - CARD[1] / 2 - row * PITCH


def _bands(pen: Pen, architecture: Architecture, levels: int) -> None:
    """A band for each resolution, with its side in pixels; the full size has two rows."""
    for level in range(levels):
        rows = 2 if level == 0 else 1
        middle = _row_middle(pen, level + 1) + (rows - 1) * PITCH / 2
        if level % 2 == 0:
            pen.band(middle, rows * PITCH)
        rows, columns = (one >> level for one in architecture.size)
        side = str(rows) if rows == columns else f"{rows} \N{MULTIPLICATION SIGN} {columns}"
        pen.write(f"{side} px", (LEFT - 0.18, middle), 8.5, colour=PLAIN.faint, align="right")


class _Draughtsman:
    """Draws one network from its first column on."""

    def __init__(self, pen: Pen, architecture: Architecture, column: int) -> None:
        self.pen, self.architecture, self.column = pen, architecture, column

    def draw(self, network: Network) -> None:
        """Draw heads, cards and arrows."""
        for offset, (title, *notes) in enumerate(network.heads):
            left, top = self._left(offset), self.pen.height - 0.86
            self.pen.write(title, (left, top), 11, bold=True, colour=(ENCODER, DECODER)[offset].line)
            for line, note in enumerate(notes):
                self.pen.write(note, (left, top - 0.24 - 0.18 * line), 8.5, colour=PLAIN.faint)
        down = [
            self._card(self.architecture.input, 0, 0, PLAIN),
            *(self._placed(one, 0, ENCODER) for one in network.encoder),
        ]
        for above, below in pairwise(down):
            self._vertical(above, below, ENCODER)
        if network.verdict is not None:
            row = 2 + _level(self.architecture, network.encoder[-1])
            self._vertical(down[-1], self._card(network.verdict, 0, row, HEAD), HEAD)
        if network.decoder:
            self._decode(network, down[-1])

    def _decode(self, network: Network, deepest: Point) -> None:
        up = [self._placed(one, 1, DECODER) for one in network.decoder]
        if network.mask is not None:
            up.append(self._card(network.mask, 1, 0, DECODER))
        for below, above in pairwise(up):
            self._vertical(below, above, DECODER)
        half = CARD[0] / 2
        if network.decoder[0].side == network.encoder[-1].side:
            self.pen.arrow((deepest[0] + half, deepest[1]), (up[0][0] - half, up[0][1]), BRIDGE, label=network.gate)
        else:
            corner = (up[0][0], deepest[1])
            self.pen.line((deepest[0] + half, deepest[1]), corner, BRIDGE)
            self.pen.arrow(corner, (up[0][0], up[0][1] - CARD[1] / 2), BRIDGE)
        sides = {one.side for one in network.encoder[:-1]}
        for stage, place in zip(network.decoder, up, strict=False):
            if stage.side in sides:
                start = (place[0] - half - GUTTER, place[1])
                self.pen.arrow(start, (place[0] - half, place[1]), PLAIN, label="skip")

    def _left(self, offset: int) -> float:
        return LEFT + (self.column + offset) * (CARD[0] + GUTTER)

    def _placed(self, stage: Stage, offset: int, theme: Theme) -> Point:
        return self._card(stage, offset, 1 + _level(self.architecture, stage), theme)

    def _vertical(self, start: Point, end: Point, theme: Theme) -> None:
        half = CARD[1] / 2 if end[1] > start[1] else -CARD[1] / 2
        self.pen.arrow((start[0], start[1] + half), (end[0], end[1] - half), theme)

    def _card(self, stage: Stage, offset: int, row: int, theme: Theme) -> Point:
        left, middle = self._left(offset), _row_middle(self.pen, row)
        bottom = middle - CARD[1] / 2
        self.pen.card((left, bottom), CARD, theme)
        self.pen.stack((left + 0.40, middle), stage.side[0] / self.architecture.size[0], stage.channels, theme)
        text = left + 0.84
        self.pen.write(stage.name, (text, middle + 0.235), 9.5, bold=True, colour=theme.line)
        self.pen.write(_shape(stage), (left + CARD[0] - 0.12, middle + 0.235), 8, colour=theme.line, align="right")
        self.pen.write(stage.makeup, (text, middle + 0.02), 8)
        if stage.macs:
            costs = f"{quantity(stage.parameters)} parameters \N{MIDDLE DOT} {quantity(stage.macs)} MAC"
            self.pen.write(costs, (text, middle - 0.185), 7.5, colour=theme.faint)
            self.pen.bar((text, bottom + 0.075), CARD[0] - 0.96, stage.macs / self.architecture.macs, theme)
        return (left + CARD[0] / 2, middle)


def _shape(stage: Stage) -> str:
    if stage.side == (1, 1):
        return str(stage.channels)
    return f"{_across(stage.side)} \N{MULTIPLICATION SIGN} {stage.channels}"


def _across(side: tuple[int, int]) -> str:
    """Rows and columns."""
    return f"{side[0]} \N{MULTIPLICATION SIGN} {side[1]}"


def quantity(count: int) -> str:
    """Write a count with three significant figures: 17, 2.37 k, 220 k, 15.0 M, 1.24 G."""
    for power, unit in ((9, " G"), (6, " M"), (3, " k")):
        value = count / 10**power
        if value >= 0.9995:
            return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}{unit}"
    return str(count)
