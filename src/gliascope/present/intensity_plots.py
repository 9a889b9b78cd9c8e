"""Plots of grey levels before and after CLAHE: tumours against the rest of the head, institution by institution."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.prepare import LONG_NAMES
from gliascope.present.curves import COLOURS
from gliascope.present.dataset_plots import TUMOUR, WIDTH
from gliascope.present.plot_sheet import INK, Heading, bare, looks, plotted
from gliascope.scan import SEQUENCES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

LEVELS: Final = np.arange(256)
REST: Final = COLOURS[0]
WINDOW: Final = 5
"""Grey levels over which a histogram is averaged for the eye: stretched images leave gaps between their levels."""
KEYS: Final = 0.12
"""Height of the legend, in panels."""
SPIKE: Final = 99.0
"""Percentile of the curve's heights that sets the axis: a spike of black or white pixels does not flatten the rest."""


def histogram_of(table: DataFrame, **where: str) -> NDArray[np.float64]:
    """Pixels of each grey level, float64, shape (256,), of the rows that have these values."""
    chosen = np.ones(len(table), dtype=np.bool_)
    for name, value in where.items():
        chosen &= (table[name] == value).to_numpy(bool)
    rows = table[chosen]
    weights = rows["pixels"].to_numpy(float)
    return np.bincount(rows["level"].to_numpy(np.intp), weights=weights, minlength=256).astype(np.float64)


def intensity_by_region(table: DataFrame, path: Path, *, heading: Heading) -> None:
    """Draw the grey levels inside the tumours and in the rest of the head, by sequence, before and after CLAHE.

    Parameters
    ----------
    table : DataFrame
        ``stage``, ``region``, ``sequence``, ``level`` and ``pixels``.
    path : Path
        The PNG file.
    heading : Heading
    """
    regions = {"rest of the head": REST, "tumour": TUMOUR}
    curves = {name: ({"region": name}, colour) for name, colour in regions.items()}
    _grid(table, curves, path, heading, filled=True)


def intensity_by_institution(table: DataFrame, path: Path, *, heading: Heading) -> None:
    """Draw the grey levels of the whole head of each institution, by sequence, before and after CLAHE.

    Parameters
    ----------
    table : DataFrame
        ``institution``, ``stage``, ``region``, ``sequence``, ``level`` and ``pixels``.
    path : Path
        The PNG file.
    heading : Heading
    """
    colours = looks(list(table["institution"]))
    curves = {name: ({"institution": name}, colour) for name, (colour, _) in colours.items()}
    _grid(table, curves, path, heading, filled=False)


def _grid(
    table: DataFrame, curves: dict[str, tuple[dict[str, str], str]], path: Path, heading: Heading, *, filled: bool
) -> None:
    stages = list(dict.fromkeys(table["stage"]))
    sequences = [one for one in SEQUENCES if (table["sequence"] == one).any()]
    styles = {name: "solid" if place < len(COLOURS) else "dashed" for place, name in enumerate(curves)}
    with plotted(path, heading, (WIDTH, 2.3 * len(stages) + 0.3)) as figure:
        parts = figure.add_gridspec(len(stages) + 1, len(sequences), height_ratios=[KEYS] + [1.0] * len(stages))
        for column, sequence in enumerate(sequences):
            panels = [figure.add_subplot(parts[row + 1, column]) for row in range(len(stages))]
            tallest = 0.0
            for axes, stage in zip(panels, stages, strict=True):
                for name, (where, colour) in curves.items():
                    counts = histogram_of(table, stage=stage, sequence=sequence, **where)
                    heights = _curve(axes, counts, (name, colour, styles[name]), filled)
                    tallest = max(tallest, float(np.percentile(heights, SPIKE)))
                if column == 0:
                    axes.set_ylabel(f"{stage}\nshare of pixels", fontsize=9)
            for axes in panels:
                _finish(axes, tallest, last=axes is panels[-1])
            panels[0].set_title(LONG_NAMES[sequence], fontsize=10, color=INK, weight="bold")
        _keys(figure.add_subplot(parts[0, :]), curves, styles)


def _keys(axes: Axes, curves: dict[str, tuple[dict[str, str], str]], styles: dict[str, str]) -> None:
    for name, (_, colour) in curves.items():
        axes.plot([], [], color=colour, linestyle=styles[name], linewidth=1.6, label=name)
    axes.set_axis_off()
    axes.legend(frameon=False, fontsize=9, loc="center left", ncols=8, handlelength=1.8, borderaxespad=0)


def _curve(axes: Axes, counts: NDArray[np.float64], look: tuple[str, str, str], filled: bool) -> NDArray[np.float64]:
    name, colour, style = look
    total = counts.sum()
    padded = np.pad(counts / total if total else counts, WINDOW // 2, mode="edge")
    smooth: NDArray[np.float64] = np.convolve(padded, np.full(WINDOW, 1 / WINDOW), mode="valid")
    axes.plot(LEVELS, smooth, color=colour, linestyle=style, linewidth=1.6, label=name)
    if filled:
        axes.fill_between(LEVELS, smooth, color=colour, alpha=0.18, linewidth=0)
        middle = median_level(counts)
        if middle is not None:
            axes.axvline(middle, color=colour, linewidth=1.1, linestyle="--")
    return smooth


def _finish(axes: Axes, tallest: float, *, last: bool) -> None:
    axes.set(xlim=(0, 255), ylim=(0, max(tallest * 1.15, 1e-6)))
    axes.set_xticks([0, 64, 128, 192, 255], None if last else [])
    if last:
        axes.set_xlabel("grey level", fontsize=9)
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.1%}")
    bare(axes)
    axes.tick_params(labelsize=8.5)


def median_level(counts: NDArray[np.float64], share: float = 0.5) -> float | None:
    """Grey level under which a share of the pixels lies; None where there are none.

    Parameters
    ----------
    counts : ndarray, float64, shape (256,)
        Pixels of each level.
    share : float
        0.5 for the median.
    """
    total = counts.sum()
    return None if total == 0 else float(np.searchsorted(np.cumsum(counts), share * total))


def brighter(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    """Probability that a pixel of one histogram is brighter than a pixel of another, equal ones counted half.

    This is the area under the ROC curve of the grey level alone (Hanley and McNeil, Radiology 143, 1982, 29); 0.5 where
    the two cannot be told apart. None where one of them is empty.

    Parameters
    ----------
    one, other : ndarray, float64, shape (256,)
        Pixels of each level.
    """
    if one.sum() == 0 or other.sum() == 0:
        return None
    below = np.cumsum(other) - other
    return float((one * (below + other / 2)).sum() / (one.sum() * other.sum()))
