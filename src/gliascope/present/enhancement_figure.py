"""What CLAHE did to an image: before and after, histograms, and one tile from inside."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gliascope.prepare.clahe_trace import TileTrace, most_informative
from gliascope.prepare.quality import Quality
from gliascope.present.canvas import (
    BACKGROUND,
    FAINT,
    INK,
    LINE,
    NOTICE,
    PREDICTION,
    TRUTH,
    Colour,
    Layout,
    Text,
    save_picture,
)
from gliascope.present.lettering import Lettering, drawable
from gliascope.recipe import Clahe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH: Final = 1600
HEIGHT: Final = 960
"""Size of the figure, in pixels."""
DPI: Final = 100
MARGIN: Final = 18
"""Empty border, in pixels."""
LEVELS: Final = np.arange(256)
EDGES: Final = np.arange(257) - 0.5

_BOXES: Final = {
    "original": (18, 106, 350, 350),
    "enhanced": (386, 106, 350, 350),
    "original_histogram": (808, 106, 316, 350),
    "enhanced_histogram": (1228, 106, 316, 350),
    "numbers": (18, 562, 340, 320),
    "tile_histogram": (420, 562, 316, 320),
    "tile_cumulative": (808, 562, 316, 320),
    "tile_mapping": (1228, 562, 316, 320),
}
"""Left, top, width and height of each panel in pixels, so that nothing depends on a layout engine."""

_NUMBERS: Final = (
    ("RMS contrast, share of white", "contrast", "{:.3f}"),
    ("Local contrast, 9 x 9 px", "local_contrast", "{:.3f}"),
    ("Entropy, bits", "entropy", "{:.2f}"),
    ("Noise, grey levels", "noise", "{:.2f}"),
)


def enhancement_figure(
    original: NDArray[np.uint8],
    enhanced: NDArray[np.uint8],
    tiles: Sequence[TileTrace],
    foreground: NDArray[np.bool_],
    *,
    before: Quality,
    after: Quality,
    clahe: Clahe,
    title: str,
    note: str,
    path: Path,
) -> Layout:
    """Draw an image before and after its enhancement, and how one tile was mapped.

    Parameters
    ----------
    original, enhanced : ndarray, uint8, shape (row, column)
        One channel; both are shown from 0 to 255.
    tiles : sequence of TileTrace
        Every tile of `original`; one of them is shown from inside, see `most_informative`.
    foreground : ndarray, bool, shape (row, column)
        The head.
    before, after : Quality
        Contrast and noise of both.
    clahe : Clahe
        The settings that were used.
    title : str
        The image's file name.
    note : str
        A line under the title, such as the name of the channel.
    path : Path
        The PNG file to write, 1600 x 960 px.

    Returns
    -------
    Layout
        Where the panels and captions are.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor=_shade(BACKGROUND))
    canvas: Any = FigureCanvasAgg(figure)
    tile = most_informative(tiles, foreground)
    _picture(_place(figure, "original"), "Original, with the tile grid", original, tiles, tile)
    _picture(_place(figure, "enhanced"), "Enhanced, with the tile grid", enhanced, tiles, tile)
    tallest = max(_peak(original), _peak(enhanced))
    _histogram(_place(figure, "original_histogram"), "Original: histogram, cumulative share", original, tallest)
    _histogram(_place(figure, "enhanced_histogram"), "Enhanced: histogram, cumulative share", enhanced, tallest)
    _numbers(_place(figure, "numbers"), before, after, clahe, tile)
    _tile_histogram(_place(figure, "tile_histogram"), tile)
    _tile_curve(_place(figure, "tile_cumulative"), tile)
    _tile_mapping(_place(figure, "tile_mapping"), tile)
    _write(figure, HEIGHT - 34, title, 15, color=_shade(INK), weight="bold")
    _write(figure, HEIGHT - 58, note, 10, color=_shade(FAINT))
    _write(figure, 14, NOTICE, 9.5, color=_shade(FAINT))
    canvas.draw()
    save_picture(Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3]), path, title)
    return _layout(figure, canvas)


def _place(figure: Figure, name: str) -> Axes:
    left, top, width, height = _BOXES[name]
    box = (left / WIDTH, 1 - (top + height) / HEIGHT, width / WIDTH, height / HEIGHT)
    axes = figure.add_axes(box, label=name)
    axes.set_facecolor(_shade((10, 10, 11)))
    axes.tick_params(colors=_shade(FAINT), labelsize=9)
    for spine in axes.spines.values():
        spine.set_color(_shade(LINE))
    return axes


def _picture(axes: Axes, title: str, image: NDArray[np.uint8], tiles: Sequence[TileTrace], chosen: TileTrace) -> None:
    rows, columns = image.shape
    axes.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="lanczos", extent=(0, columns, rows, 0))
    lines: dict[str, Any] = {"colors": _shade(FAINT), "linewidths": 0.5, "alpha": 0.45}
    axes.vlines(sorted({tile.box[1] for tile in tiles if 0 < tile.box[1] < columns}), 0, rows, **lines)
    axes.hlines(sorted({tile.box[0] for tile in tiles if 0 < tile.box[0] < rows}), 0, columns, **lines)
    top, left, bottom, right = chosen.box
    bottom, right = min(bottom, rows), min(right, columns)
    around = ([left, right, right, left, left], [top, top, bottom, bottom, top])
    axes.plot(*around, color=_shade(PREDICTION), linewidth=1.4)
    axes.set_xlim(0, columns)
    axes.set_ylim(rows, 0)
    axes.set_xticks([])
    axes.set_yticks([])
    _caption(axes, title)


def _peak(image: NDArray[np.uint8]) -> float:
    """Tallest bar but for the background's: the five darkest levels and white are left out."""
    counts = np.bincount(image.ravel(), minlength=256)
    return float(max(counts[5:255].max(), 1)) * 1.1


def _histogram(axes: Axes, title: str, image: NDArray[np.uint8], tallest: float) -> None:
    counts = np.bincount(image.ravel(), minlength=256)
    axes.stairs(counts, EDGES, fill=True, color=_shade(FAINT))
    axes.set_ylim(0, tallest)
    cut = int((counts > tallest).sum())
    _levels(axes, f"grey level ({cut} bar{'s' * (cut > 1)} taller than shown)" if cut else "grey level", "pixels")
    share = axes.twinx()
    share.plot(LEVELS, np.cumsum(counts) / counts.sum(), color=_shade(TRUTH), linewidth=1.6)
    share.set_ylim(0, 1.02)
    share.tick_params(colors=_shade(TRUTH), labelsize=9)
    for spine in share.spines.values():
        spine.set_visible(False)
    _caption(axes, title)


def _numbers(axes: Axes, before: Quality, after: Quality, clahe: Clahe, tile: TileTrace) -> None:
    axes.set_axis_off()
    _caption(axes, "Contrast and noise")
    rows = [("", "before", "after")]
    for name, key, form in _NUMBERS:
        rows.append((name, form.format(getattr(before, key)), form.format(getattr(after, key))))
    rows.append(("Local contrast / noise", _ratio(before), _ratio(after)))
    for index, (name, first, second) in enumerate(rows):
        height = 0.93 - 0.09 * index
        colour = _shade(INK if index else FAINT)
        for x, text, align in ((0.0, name, "left"), (0.8, first, "right"), (1.0, second, "right")):
            if text:
                axes.text(x, height, text, color=colour, fontsize=10, ha=align, va="center", transform=axes.transAxes)
    lines = (
        f"CLAHE: clip limit {clahe.clip_limit:g}, {clahe.tile_grid} x {clahe.tile_grid} tiles",
        f"Tile shown: row {tile.row + 1}, column {tile.column + 1}, that of highest",
        f"entropy within the head ({tile.entropy:.2f} bits)",
    )
    for index, line in enumerate(lines):
        axes.text(0.0, 0.3 - 0.08 * index, line, color=_shade(FAINT), fontsize=10, transform=axes.transAxes)


def _tile_histogram(axes: Axes, tile: TileTrace) -> None:
    axes.stairs(tile.histogram, EDGES, fill=True, color=_shade(FAINT), label="tile's histogram")
    axes.stairs(tile.clipped, EDGES, fill=True, color=_shade(PREDICTION), label="clipped, rest spread")
    axes.axhline(tile.limit, color=_shade(INK), linewidth=1.0, linestyle=(0, (4, 3)), label=f"limit, {tile.limit} px")
    axes.set_ylim(0, max(float(tile.histogram.max()), float(tile.clipped.max()), tile.limit) * 1.45)
    _levels(axes, "grey level", "pixels")
    _legend(axes, "upper right")
    _caption(axes, "One tile: clipped histogram")


def _tile_curve(axes: Axes, tile: TileTrace) -> None:
    plain = np.cumsum(tile.histogram) / tile.histogram.sum()
    axes.plot(LEVELS, plain, color=_shade(FAINT), linewidth=1.0, linestyle=(0, (4, 3)), label="before clipping")
    axes.plot(LEVELS, tile.cumulative, color=_shade(PREDICTION), linewidth=1.8, label="after clipping")
    axes.set_ylim(0, 1.02)
    _levels(axes, "grey level", "share of pixels")
    _legend(axes, "lower right")
    _caption(axes, "One tile: cumulative distribution")


def _tile_mapping(axes: Axes, tile: TileTrace) -> None:
    axes.plot([0, 255], [0, 255], color=_shade(FAINT), linewidth=1.0, linestyle=(0, (4, 3)), label="unchanged")
    axes.step(LEVELS, tile.mapping, where="mid", color=_shade(PREDICTION), linewidth=1.8, label="mapping")
    axes.set_ylim(0, 260)
    axes.set_yticks([0, 64, 128, 192, 255])
    _levels(axes, "grey level before", "grey level after")
    _legend(axes, "lower right")
    _caption(axes, "One tile: mapping made from it")


def _ratio(one: Quality) -> str:
    return f"{one.local_contrast * 255 / one.noise:.1f}" if one.noise > 0 else "no noise"


def _levels(axes: Axes, across: str, up: str) -> None:
    axes.set_xlim(-1, 256)
    axes.set_xticks([0, 64, 128, 192, 255])
    axes.set_xlabel(across, color=_shade(FAINT), fontsize=9.5)
    axes.set_ylabel(up, color=_shade(FAINT), fontsize=9.5, labelpad=3)


def _legend(axes: Axes, where: Literal["upper right", "lower right"]) -> None:
    box = axes.legend(loc=where, fontsize=8.5, frameon=False)
    for text in box.get_texts():
        text.set_color(_shade(INK))


def _caption(axes: Axes, text: str) -> None:
    axes.set_title(text, color=_shade(INK), fontsize=11, pad=8)


def _write(figure: Figure, bottom: int, text: str, size: float, **style: Any) -> None:
    font = Lettering(round(size * DPI / 72), bold="weight" in style)
    clean = font.shortened(drawable(text), WIDTH - 3 * MARGIN)
    # A file's name may hold a dollar sign, which is no formula here.
    figure.text(MARGIN / WIDTH, bottom / HEIGHT, clean, fontsize=size, parse_math=False, **style)


def _shade(colour: Colour) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _layout(figure: Figure, canvas: Any) -> Layout:
    renderer = canvas.get_renderer()
    panels = {
        str(axes.get_label()): _box(axes.get_window_extent(renderer))
        for axes in figure.axes
        if axes.get_label() and axes.axison
    }
    writings = list(figure.texts)
    for axes in figure.axes:
        writings += [axes.title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
    texts = tuple(Text(one.get_text(), _box(one.get_window_extent(renderer))) for one in writings if one.get_text())
    return Layout(WIDTH, HEIGHT, panels, texts)


def _box(extent: Any) -> tuple[int, int, int, int]:
    """Pixels from the upper left corner, whereas matplotlib counts from the lower left."""
    return round(extent.x0), HEIGHT - round(extent.y1), round(extent.x1), HEIGHT - round(extent.y0)
