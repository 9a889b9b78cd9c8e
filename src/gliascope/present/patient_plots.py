"""Plots of how patients are outlined: one by one, by group, and against the size of the tumour."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np
from numpy.typing import NDArray

from gliascope.present.curves import COLOURS
from gliascope.present.lettering import drawable
from gliascope.present.plot_sheet import ALARM, FAINT, INK, Heading, bare, looks, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH: Final = 8.6
"""Width of these plots, in inches."""
ROW: Final = 0.19
"""Height of a patient's row, in inches: its name can be read."""
MARGIN: Final = 0.9
"""Height of axis and legend, in inches."""


@dataclass(frozen=True)
class Dot:
    """One patient.

    Attributes
    ----------
    name : str
    group : str
        Sets colour and shape.
    value : float
        NaN is left out.
    size : float
        Pixels inside the true outlines, or their volume in millilitres.
    parts : tuple of float
        The same figure of each slice, where there is one.
    """

    name: str
    group: str
    value: float
    size: float = 0
    parts: tuple[float, ...] = ()


@dataclass(frozen=True)
class Bar:
    """One group's figure with its interval; NaN where there is none.

    Attributes
    ----------
    by : str
        What the patients were grouped by.
    name : str
    value, low, high : float
    note : str
        Written at the end of the row: patients, and the figure in digits.
    """

    by: str
    name: str
    value: float
    low: float
    high: float
    note: str


def dice_by_patient(dots: Sequence[Dot], path: Path, *, limit: float, median: float, heading: Heading) -> None:
    """Draw every patient's Dice, the best on top.

    Parameters
    ----------
    dots : sequence of Dot
    path : Path
        The PNG file.
    limit : float
        A patient below it counts as failed.
    median : float
    heading : Heading
    """
    shown = sorted((one for one in dots if not np.isnan(one.value)), key=lambda one: (one.value, one.name))
    with plotted(path, heading, (WIDTH, MARGIN + ROW * len(shown))) as figure:
        axes = figure.subplots()
        axes.axvspan(0, limit, color=ALARM, alpha=0.06, linewidth=0)
        axes.axvline(limit, color=ALARM, linewidth=1, linestyle="--", label=f"Dice {limit:.2f}")
        axes.axvline(median, color=FAINT, linewidth=1, linestyle=":", label=f"median {median:.3f}")
        rows = np.arange(len(shown))
        axes.hlines(rows, 0, [one.value for one in shown], color="0.85", linewidth=1)
        _dots(axes, shown, rows)
        for row, one in enumerate(shown):
            axes.text(1.015, row, f"{one.value:.3f}", va="center", fontsize=7.5, color=INK)
        axes.set(xlabel="Dice over the patient's volume", xlim=(0, 1), xticks=np.linspace(0, 1, 11))
        _names(axes, shown)


def distance_by_patient(dots: Sequence[Dot], path: Path, *, label: str, heading: Heading) -> None:
    """Draw every patient's distance, the smallest on top, over those of its slices.

    Parameters
    ----------
    dots : sequence of Dot
        ``parts`` are the slices' distances.
    path : Path
        The PNG file.
    label : str
        Of the axis, with the unit.
    heading : Heading
    """
    kept = [one for one in dots if not np.isnan(one.value)]
    shown = sorted(kept, key=lambda one: (-one.value, one.name))
    with plotted(path, heading, (WIDTH, MARGIN + ROW * len(shown))) as figure:
        axes = figure.subplots()
        parts = [(part, row) for row, one in enumerate(shown) for part in one.parts]
        if parts:
            places = [part for part, _ in parts], [row for _, row in parts]
            axes.scatter(places[0], places[1], s=14, color="0.45", alpha=0.35, linewidth=0, label="one slice")
        _dots(axes, shown, np.arange(len(shown)))
        furthest = max((max((one.value, *one.parts)) for one in shown), default=1.0)
        axes.set(xlabel=label, xlim=(0, max(1.0, 1.04 * furthest)))
        for row, one in enumerate(shown):
            axes.annotate(
                f"{one.value:.1f}",
                (1, row),
                xycoords=("axes fraction", "data"),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                fontsize=7.5,
                color=INK,
            )
        _names(axes, shown)


def dice_by_size(
    dots: Sequence[Dot],
    path: Path,
    *,
    limit: float,
    edges: Sequence[float],
    heading: Heading,
    unit: Literal["pixels", "ml"] = "pixels",
) -> None:
    """Draw Dice against the size of the tumour, on a logarithmic axis.

    Parameters
    ----------
    dots : sequence of Dot
        Those without a true pixel are left out.
    path : Path
        The PNG file.
    limit : float
        A patient below it counts as failed.
    edges : sequence of float
        Where one class of sizes ends and the next begins.
    heading : Heading
    unit : str
        Of the sizes.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    shown = [one for one in dots if one.size > 0 and not np.isnan(one.value)]
    with plotted(path, heading, (WIDTH, 4.4)) as figure:
        axes = figure.subplots()
        axes.axhline(limit, color=ALARM, linewidth=1, linestyle="--", label=f"Dice {limit:.2f}")
        for index, edge in enumerate(edges):
            axes.axvline(edge, color="0.6", linewidth=1, linestyle=":", label="" if index else "limits of the thirds")
        for group, (colour, marker) in looks([one.group for one in shown]).items():
            mine = [one for one in shown if one.group == group]
            axes.scatter(
                [one.size for one in mine],
                [one.value for one in mine],
                s=42,
                color=colour,
                marker=marker,
                edgecolor="white",
                linewidth=0.7,
                label=group,
                zorder=3,
            )
        label = "volume of the true outlines, ml" if unit == "ml" else "pixels inside the true outlines, all slices"
        axes.set(xlabel=label, ylabel="Dice over the patient's volume")
        lowest = min([limit, *(one.value for one in shown)])
        axes.set(xscale="log", ylim=(max(0.0, np.floor(lowest * 10 - 1) / 10), 1.01))
        axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        shape = ",.9g" if unit == "ml" else ",.0f"
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:{shape}}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        bare(axes)
        axes.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1.0, 0.5))


def dice_by_group(bars: Sequence[Bar], path: Path, *, overall: Bar, level: float, heading: Heading) -> None:
    """Draw the groups' mean Dice with intervals, the overall figure on top and as a line through all.

    Parameters
    ----------
    bars : sequence of Bar
        Those of one kind together.
    path : Path
        The PNG file.
    overall : Bar
    level : float
        Coverage of the intervals, 0 to 1.
    heading : Heading
    """
    rows: list[Bar | str] = [overall]
    for index, one in enumerate(bars):
        if index == 0 or one.by != bars[index - 1].by:
            rows.append(one.by)
        rows.append(one)
    with plotted(path, heading, (WIDTH, 0.8 + 0.27 * len(rows))) as figure:
        axes = figure.subplots()
        for place, row in enumerate(rows):
            if isinstance(row, str):
                axes.axhline(place - 0.5, color="0.9", linewidth=1)
                continue
            _whisker(axes, row, place, colour=INK if place == 0 else COLOURS[0])
        if not np.isnan(overall.value):
            axes.axvline(overall.value, color=FAINT, linewidth=1, linestyle=":")
        ends = [one for row in rows if isinstance(row, Bar) for one in (row.low, row.value) if not np.isnan(one)]
        lowest = min([*ends, 0.7])
        axes.set(xlim=(max(0.0, np.floor(lowest * 10 - 0.3) / 10), 1), ylim=(len(rows) - 0.5, -0.6))
        axes.set_xlabel(f"Dice per patient, mean and {level:.0%} interval")
        titles = [drawable(row if isinstance(row, str) else row.name) for row in rows]
        axes.set_yticks(range(len(rows)), titles)
        bare(axes, "x")
        axes.tick_params(axis="y", length=0, pad=8)
        for label, row in zip(axes.get_yticklabels(), rows, strict=True):
            label.set(weight="bold" if isinstance(row, str) or row is overall else "normal")


def _whisker(axes: Axes, row: Bar, place: int, *, colour: str) -> None:
    if not np.isnan(row.low):
        axes.plot([row.low, row.high], [place, place], color=colour, linewidth=2, solid_capstyle="butt")
    axes.plot([row.value], [place], marker="o", markersize=7, color=colour, linestyle="none", clip_on=False, zorder=3)
    axes.annotate(
        row.note,
        (1, place),
        xycoords=("axes fraction", "data"),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        fontsize=8.5,
        color=INK,
    )


def _dots(axes: Axes, shown: Sequence[Dot], rows: NDArray[np.intp]) -> None:
    for group, (colour, marker) in looks([one.group for one in shown]).items():
        mine = [index for index, one in enumerate(shown) if one.group == group]
        values = [shown[index].value for index in mine]
        axes.scatter(values, rows[mine], s=36, color=colour, marker=marker, label=group, zorder=3, clip_on=False)


def _names(axes: Axes, shown: Sequence[Dot]) -> None:
    axes.set_yticks(range(len(shown)), [drawable(one.name) for one in shown])
    axes.set_ylim(-0.8, len(shown) - 0.2)
    bare(axes, "x")
    axes.tick_params(axis="y", labelsize=7.5, length=0, pad=8)
    if not axes.get_legend_handles_labels()[0]:
        return
    axes.legend(
        frameon=False,
        fontsize=9,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        ncols=8,
        columnspacing=1.2,
        handlelength=1.4,
    )
