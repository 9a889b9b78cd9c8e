"""Plots of a clinical table: what its columns hold, what is missing, and tumour size by column. Need seaborn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gliascope.present.curves import COLOURS
from gliascope.present.dataset_plots import TUMOUR, WIDTH, beside, logarithmic, whole
from gliascope.present.plot_sheet import FAINT, INK, Heading, bare, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame, Series

COLUMNS: Final = 4
"""Panels in a row."""
PANEL: Final = 1.75
"""Height of a panel, in inches."""
MOST_VALUES: Final = 12
"""A column of more different values is drawn as an amount, or not at all where it is text."""
TITLE: Final = 27
"""Most letters of a column's name above its panel."""
LETTERS: Final = 18
"""Letters that the values below a panel may have together beside one another."""
LONGEST: Final = 10
"""Most letters of a value below a panel."""
MISSING: Final = "#e3e3e3"
AMOUNT: Final = COLOURS[0]


def is_drawn(column: Series) -> bool:
    """Whether a column can be drawn: numbers, or few different values."""
    from pandas.api import types

    filled = column.dropna()
    return not filled.empty and (types.is_numeric_dtype(filled) or filled.nunique() <= MOST_VALUES)


def clinical_columns(table: DataFrame, path: Path, *, heading: Heading) -> None:
    """Draw what each clinical column holds: counts of its values, or a histogram.

    Parameters
    ----------
    table : DataFrame
        One row a patient; every column is drawn that `is_drawn` allows.
    path : Path
        The PNG file.
    heading : Heading
    """
    _panels([str(one) for one in table.columns if is_drawn(table[one])], path, heading, _one_column(table), "patients")


def _one_column(table: DataFrame) -> Callable[[Axes, str], None]:
    import seaborn as sns

    def draw(axes: Axes, name: str) -> None:
        column = table[name]
        filled = column.dropna()
        absent = len(column) - len(filled)
        if filled.nunique() > MOST_VALUES:
            sns.histplot(x=filled.astype(float), color=AMOUNT, edgecolor="white", alpha=0.9, ax=axes, bins=12)
            axes.set(xlabel=f"{absent} missing" if absent else "", ylabel="")
        else:
            counts = filled.value_counts().sort_index()
            bars = axes.bar(range(len(counts)), counts.to_numpy(), color=AMOUNT, width=0.7)
            axes.bar_label(bars, padding=1.5, fontsize=8, color=INK)
            if absent:
                style: dict[str, Any] = {
                    "color": MISSING,
                    "edgecolor": "0.6",
                    "hatch": "///",
                    "linewidth": 0.6,
                    "width": 0.7,
                }
                axes.bar_label(axes.bar(len(counts), absent, **style), padding=1.5, fontsize=8, color=INK)
            _label(axes, list(counts.index), absent=absent > 0)
            axes.margins(y=0.16)
            axes.set_xlim(-0.6, max(2, len(counts) + (absent > 0) - 1) + 0.6)
        whole(axes, "y")
        bare(axes, "y")

    return draw


def _label(axes: Axes, values: Sequence[Any], *, absent: bool = False) -> None:
    """Name the values below a panel, upright where they would not have room beside one another."""
    words = {True: "yes", False: "no"}
    texts = [
        words[one] if isinstance(one, bool) else f"{one:g}" if isinstance(one, int | float) else str(one)
        for one in values
    ]
    labels = [_cut(one, LONGEST) for one in texts] + ["missing"] * absent
    axes.set_xticks(range(len(labels)), labels, rotation=90 if sum(map(len, labels)) > LETTERS else 0)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


def _panels(names: Sequence[str], path: Path, heading: Heading, draw: Callable[[Axes, str], None], ylabel: str) -> None:
    rows = max(1, ceil(len(names) / COLUMNS))
    with plotted(path, heading, (WIDTH, PANEL * rows)) as figure:
        panels = figure.subplots(rows, COLUMNS, squeeze=False).ravel()
        for axes, name in zip(panels, names, strict=False):
            draw(axes, name)
            if axes.get_subplotspec().is_first_col():
                axes.set_ylabel(ylabel)
            axes.set_title(_cut(name, TITLE), fontsize=9, color=INK, loc="left", weight="bold")
            axes.tick_params(labelsize=8)
            axes.xaxis.label.set_size(8)
            axes.yaxis.label.set_size(8)
        for axes in panels[len(names) :]:
            axes.set_axis_off()


def missing_values(table: DataFrame, path: Path, *, heading: Heading) -> None:
    """Draw which values of a clinical table are missing: a column a column, a row a patient.

    Parameters
    ----------
    table : DataFrame
        One row a patient.
    path : Path
        The PNG file.
    heading : Heading
    """
    import seaborn as sns
    from matplotlib.colors import ListedColormap

    absent = table.isna()
    ordered = absent.loc[absent.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    counts = absent.sum()
    with plotted(path, heading, (WIDTH, 3.9)) as figure:
        axes = figure.subplots()
        sns.heatmap(
            ordered.astype(int),
            cmap=ListedColormap(["#eef2f5", TUMOUR]),
            vmin=0,
            vmax=1,
            cbar=False,
            ax=axes,
            yticklabels=False,
        )
        for place in range(1, len(table.columns)):
            axes.axvline(place, color="white", linewidth=2)
        labels = [f"{name} ({count})" if count else str(name) for name, count in counts.items()]
        axes.set_xticks([place + 0.5 for place in range(len(labels))], labels, rotation=40, ha="right", fontsize=8.5)
        axes.set(ylabel=f"{len(table)} patients,\nmost missing first", xlabel="")
        axes.tick_params(length=0, labelcolor=INK)


def tumour_by_column(table: DataFrame, areas: Series, path: Path, *, heading: Heading) -> None:
    """Draw the size of the patients' tumours against each clinical column.

    Parameters
    ----------
    table : DataFrame
        One row a patient.
    areas : Series
        Pixels of each patient's tumour, in the same order.
    path : Path
        The PNG file.
    heading : Heading
    """
    names = [str(one) for one in table.columns if is_drawn(table[one]) and table[one].nunique() > 1]
    _panels(names, path, heading, _one_relation(table, areas), "tumour (pixels)")


def _one_relation(table: DataFrame, areas: Series) -> Callable[[Axes, str], None]:
    import seaborn as sns

    def draw(axes: Axes, name: str) -> None:
        known = table[name].notna().to_numpy() & (areas > 0).to_numpy()
        column, sizes = table.loc[known, name], areas[known].astype(float)
        if column.nunique() > MOST_VALUES:
            sns.scatterplot(x=column.astype(float), y=sizes, color=AMOUNT, s=16, alpha=0.7, linewidth=0, ax=axes)
        else:
            order = sorted(column.unique())
            for place, one in enumerate(order):
                mine = sizes[column == one]
                at = place + beside(len(mine), 0.2)
                axes.plot(
                    at, mine, marker="o", markersize=3.2, alpha=0.65, color=AMOUNT, linestyle="none", markeredgewidth=0
                )
                axes.hlines(mine.median(), place - 0.32, place + 0.32, color=INK, linewidth=1.8, zorder=5)
            _label(axes, order)
            axes.set_xlim(-0.6, len(order) - 0.4)
        if len(sizes):
            logarithmic(axes, "y")
        axes.set(xlabel="", ylabel="")
        bare(axes, "y")
        axes.tick_params(axis="y", which="both", colors=FAINT, labelcolor=INK)

    return draw
