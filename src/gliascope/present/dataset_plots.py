"""Plots of what a data set holds: classes, patients, institutions, missing sequences. Need seaborn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from gliascope.prepare import LONG_NAMES
from gliascope.present.curves import COLOURS
from gliascope.present.plot_sheet import INK, Heading, bare, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from pandas import DataFrame

WIDTH: Final = 9.6
"""Width of these plots, in inches."""
TUMOUR: Final = "#c8553d"
EMPTY: Final = "#a9bccb"
UNKNOWN: Final = "#e3e3e3"
COUNT: Final = COLOURS[0]
CLASSES: Final = {"no tumour": EMPTY, "tumour": TUMOUR, "no mask": UNKNOWN}
"""Colours of the classes, light and dark enough to be told apart in grey."""
IN_A_ROW: Final = 44
"""Most patients beside one another: their names can be read."""
FEWEST: Final = 16
"""Fewest patients that the axis has room for, so that a bar stays a bar."""
NAMED: Final = 4 * IN_A_ROW
"""Most patients that are drawn one by one."""
GOLDEN: Final = 0.6180339887498949
LETTER: Final = 0.09
"""Width of a letter of an institution's name, in inches."""
FEW_DECADES: Final = 200
"""A logarithmic axis whose ends differ by less has ticks inside its decades."""
NARROW: Final = 0.08
"""A share under this has its number beside the bar."""


def class_balance(slices: DataFrame, path: Path, *, heading: Heading) -> None:
    """Draw how many slices, and how many pixels, belong to tumours.

    Parameters
    ----------
    slices : DataFrame
        ``tumour`` (``no tumour``, ``tumour`` or missing), ``tumour_px`` and ``head_px``.
    path : Path
        The PNG file.
    heading : Heading
    """
    import seaborn as sns

    labels = slices["tumour"].astype("object").where(slices["tumour"].notna(), "no mask")
    order = [one for one in CLASSES if (labels == one).any()]
    with plotted(path, heading, (WIDTH, 3.0)) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.7))
        sns.countplot(
            x=labels, order=order, hue=labels, hue_order=order, palette=CLASSES, legend=False, ax=left, saturation=1
        )
        for bars in left.containers:
            left.bar_label(bars, fmt="{:,.0f}", padding=2, fontsize=9, color=INK)
        left.set(xlabel="", ylabel="slices")
        left.margins(y=0.12)
        left.yaxis.set_major_formatter("{x:,.0f}")
        bare(left, "y")
        counts = labels.value_counts()
        outlined = slices[slices["tumour_px"].notna()]
        inside = int(outlined["tumour_px"].sum())
        rows = {
            "slices": {one: int(counts[one]) for one in order},
            "pixels of the head": {"no tumour": int(outlined["head_px"].sum()) - inside, "tumour": inside},
        }
        _shares(right, rows)


def _shares(axes: Axes, rows: dict[str, dict[str, int]]) -> None:
    """Stacked bars of 100 %, one a row, with shares written in or beside them."""
    for row, parts in enumerate(rows.values()):
        start, total = 0.0, max(1, sum(parts.values()))
        for name, count in parts.items():
            share = count / total
            axes.barh(row, share, left=start, height=0.55, color=CLASSES[name], label=name if row == 0 else None)
            text = f"{share:.1%}"
            if share >= NARROW:
                colour = "white" if name == "tumour" else INK
                axes.text(start + share / 2, row, text, ha="center", va="center", fontsize=9.5, color=colour)
            elif share > 0:
                axes.text(start + share + 0.01, row, text, ha="left", va="center", fontsize=9.5, color=INK)
            start += share
    axes.set_yticks(range(len(rows)), list(rows))
    axes.invert_yaxis()
    axes.set(xlim=(0, 1.09), xlabel="share")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    bare(axes, "x")
    axes.legend(frameon=False, fontsize=9, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, borderaxespad=0.2)


def by_patient(patients: DataFrame, path: Path, *, heading: Heading) -> None:
    """Draw every patient's slices and tumour, one beside the other; over `NAMED` of them, their distribution.

    Parameters
    ----------
    patients : DataFrame
        ``folder``, ``institution``, ``slices``, ``tumour_slices``, ``tumour_px``.
    path : Path
        The PNG file.
    heading : Heading
    """
    if len(patients) > NAMED:
        _distributions(patients, path, heading)
        return
    ordered = patients.sort_values(["institution", "tumour_px", "folder"], ascending=[True, False, True])
    blocks = [ordered.iloc[at : at + IN_A_ROW] for at in range(0, len(ordered), IN_A_ROW)]
    limits = (max(1, int(patients["tumour_px"].max())), int(patients["slices"].max()))
    with plotted(path, heading, (WIDTH, 3.9 * len(blocks))) as figure:
        for part, block in zip(figure.subfigures(len(blocks), 1, squeeze=False)[:, 0], blocks, strict=True):
            above, below = part.subplots(2, 1, sharex=True, height_ratios=(1.15, 1))
            _volumes(above, block, limits[0])
            _groups((above, below), block)
            _slices(below, block, limits[1])
            below.set_xlim(-0.8, max(len(block), IN_A_ROW if len(blocks) > 1 else FEWEST) - 0.2)


def beside(count: int, width: float) -> NDArray[np.float64]:
    """Offsets that keep dots on one line apart: evenly over `width` to both sides, the same at every call.

    Multiples of the golden ratio, modulo 1. seaborn's own jitter draws from NumPy's global generator.
    """
    steps = np.arange(count, dtype=np.float64) * GOLDEN
    return np.asarray((steps % 1.0 - 0.5) * 2.0 * width, dtype=np.float64)


def logarithmic(axes: Axes, which: Literal["x", "y"]) -> None:
    """Make an axis logarithmic, its ticks written out: 1, 2 and 5 of each decade where there are few decades."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    low, high = axes.get_xlim() if which == "x" else axes.get_ylim()
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high / low < FEW_DECADES else (1.0,)))
    axis.set_major_formatter("{x:,.0f}")
    axis.set_minor_formatter(NullFormatter())


def whole(axes: Axes, which: Literal["x", "y"]) -> None:
    """Put ticks at whole numbers only: half a patient is none."""
    from matplotlib.ticker import MaxNLocator

    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_locator(MaxNLocator(nbins="auto", integer=True, steps=(1, 2, 5, 10)))
    axis.set_major_formatter("{x:,.0f}")


def short_names(names: Sequence[str]) -> list[str]:
    """Leave out the parts that all names begin with, and the date behind a patient's third part."""
    parts = [one.split("_")[:3] for one in names]
    while len(parts) > 1 and all(len(one) > 1 for one in parts) and len({one[0] for one in parts}) == 1:
        parts = [one[1:] for one in parts]
    short = ["_".join(one) for one in parts]
    return short if len(set(short)) == len(set(names)) else list(names)


def _volumes(axes: Axes, block: DataFrame, largest: int) -> None:
    drawn = block["tumour_px"] > 0
    places = np.flatnonzero(drawn)
    areas = block.loc[drawn, "tumour_px"].to_numpy(float)
    lowest = max(1.0, areas.min() / 2) if len(areas) else 1.0
    axes.vlines(places, lowest, areas, color=COUNT, linewidth=1.2, alpha=0.5)
    axes.plot(places, areas, color=COUNT, marker="o", markersize=5, linestyle="none")
    axes.set(ylim=(lowest, max(largest * 1.6, 2 * lowest)), ylabel="tumour (pixels,\nall slices)")
    logarithmic(axes, "y")
    axes.tick_params(axis="x", length=0)
    bare(axes, "y")


def _groups(panels: tuple[Axes, Axes], block: DataFrame) -> None:
    """Part the institutions by lines; each that has room is named above its patients."""
    names = list(block["institution"])
    starts = [place for place, one in enumerate(names) if place == 0 or names[place - 1] != one]
    for start, end in zip(starts, [*starts[1:], len(names)], strict=True):
        for axes in panels:
            if start:
                axes.axvline(start - 0.5, color="0.75", linewidth=0.9)
        if len(names[start]) * LETTER <= (end - start) * WIDTH / IN_A_ROW:
            where = (start + end - 1) / 2
            panels[0].text(
                where,
                1.02,
                names[start],
                transform=panels[0].get_xaxis_transform(),
                ha="center",
                va="bottom",
                fontsize=9,
                weight="bold",
                color=INK,
            )


def _slices(axes: Axes, block: DataFrame, most: int) -> None:
    places = range(len(block))
    empty = block["slices"] - block["tumour_slices"]
    axes.bar(places, block["tumour_slices"], color=TUMOUR, width=0.75, label="with tumour")
    axes.bar(places, empty, bottom=block["tumour_slices"], color=EMPTY, width=0.75, label="others")
    axes.set(ylim=(0, most * 1.05), ylabel="slices")
    axes.set_xticks(places, short_names(list(block["folder"])), rotation=90, fontsize=7)
    bare(axes, "y")
    axes.tick_params(axis="x", labelsize=7, length=0)
    axes.legend(
        frameon=False,
        fontsize=8.5,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        ncols=2,
        borderaxespad=0.1,
        handlelength=1,
        handletextpad=0.4,
        columnspacing=1.2,
    )


def _distributions(patients: DataFrame, path: Path, heading: Heading) -> None:
    import seaborn as sns

    with plotted(path, heading, (WIDTH, 3.2)) as figure:
        left, right = figure.subplots(1, 2)
        sns.histplot(patients, x="slices", color=EMPTY, ax=left)
        drawn = patients[patients["tumour_px"] > 0]
        sns.histplot(drawn, x="tumour_px", log_scale=True, color=TUMOUR, ax=right)
        if len(drawn):
            logarithmic(right, "x")
        left.set(xlabel="slices of a patient", ylabel="patients")
        right.set(xlabel="tumour of a patient (pixels, all slices)", ylabel="patients")
        for axes in (left, right):
            whole(axes, "y")
            bare(axes, "y")


def by_institution(patients: DataFrame, path: Path, *, heading: Heading) -> None:
    """Draw patients, slices and tumour sizes of each institution.

    Parameters
    ----------
    patients : DataFrame
        ``institution``, ``slices``, ``tumour_slices``, ``tumour_px``.
    path : Path
        The PNG file.
    heading : Heading
    """
    import seaborn as sns

    order = sorted(patients["institution"].unique())
    sums = patients.groupby("institution")[["slices", "tumour_slices"]].sum().loc[order]
    with plotted(path, heading, (WIDTH, 1.1 + 0.42 * len(order))) as figure:
        first, second, third = figure.subplots(1, 3, sharey=True, width_ratios=(1, 1.2, 1.6))
        sns.countplot(patients, y="institution", order=order, color=COUNT, ax=first, saturation=1, width=0.7)
        for bars in first.containers:
            first.bar_label(bars, padding=2, fontsize=9, color=INK)
        first.margins(x=0.16)
        first.set(xlabel="patients", ylabel="")
        whole(first, "x")
        second.barh(order, sums["tumour_slices"], color=TUMOUR, height=0.7, label="with tumour")
        second.barh(
            order,
            sums["slices"] - sums["tumour_slices"],
            left=sums["tumour_slices"],
            color=EMPTY,
            height=0.7,
            label="others",
        )
        second.set(xlabel="slices")
        second.xaxis.set_major_formatter("{x:,.0f}")
        second.locator_params(axis="x", nbins=5)
        second.legend(frameon=False, fontsize=8.5, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, handlelength=1)
        drawn = patients[patients["tumour_px"] > 0]
        _strip(third, drawn, order)
        for axes in (first, second, third):
            bare(axes, "x")
            axes.tick_params(axis="y", length=0)


def _strip(axes: Axes, patients: DataFrame, order: list[str]) -> None:
    style: dict[str, Any] = {"color": COUNT, "markersize": 4.5, "alpha": 0.7, "markeredgewidth": 0}
    for place, one in enumerate(order):
        mine = patients.loc[patients["institution"] == one, "tumour_px"]
        if len(mine):
            axes.plot(mine, place + beside(len(mine), 0.22), marker="o", linestyle="none", **style)
            axes.plot([mine.median()] * 2, [place - 0.36, place + 0.36], color=INK, linewidth=2)
    if len(patients):
        logarithmic(axes, "x")
    axes.plot([], [], color=INK, linewidth=2, label="median")
    axes.legend(frameon=False, fontsize=8.5, loc="lower left", bbox_to_anchor=(0, 1.0))
    axes.set(xlabel="tumour of a patient (pixels, all slices)")


def missing_sequences(patients: DataFrame, path: Path, *, heading: Heading) -> None:
    """Draw how many patients of each institution lack a sequence.

    Parameters
    ----------
    patients : DataFrame
        ``institution`` and ``missing`` (names with ``+`` between, empty where there are all).
    path : Path
        The PNG file.
    heading : Heading
    """
    order = sorted(patients["institution"].unique())
    kinds = sorted(set(patients["missing"]), key=lambda one: (one.count("+"), one))
    palette = dict(
        zip([one for one in kinds if one], ("#1b6ca8", "#b8860b", "#7a5195", "#3c896d", TUMOUR), strict=False)
    )
    with plotted(path, heading, (WIDTH, 1.0 + 0.38 * len(order))) as figure:
        axes = figure.subplots()
        starts = dict.fromkeys(order, 0)
        for kind in kinds:
            counts = [int(((patients["institution"] == one) & (patients["missing"] == kind)).sum()) for one in order]
            name = " and ".join(LONG_NAMES[one] for one in kind.split("+")) + " missing" if kind else "all three"
            bars = axes.barh(
                order, counts, left=list(starts.values()), height=0.7, color=palette.get(kind, EMPTY), label=name
            )
            axes.bar_label(
                bars,
                [str(one) if one else "" for one in counts],
                label_type="center",
                fontsize=9,
                color="white" if kind else INK,
            )
            starts = {one: starts[one] + count for one, count in zip(order, counts, strict=True)}
        axes.invert_yaxis()
        axes.set(xlabel="patients")
        whole(axes, "x")
        bare(axes, "x")
        axes.tick_params(axis="y", length=0)
        axes.legend(frameon=False, fontsize=9, loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4, handlelength=1)
