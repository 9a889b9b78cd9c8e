"""Two results on the same patients, patient by patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from gliascope.present.plot_sheet import ALARM, Heading, bare, looks, plotted

SIDE: Final = 6.4
"""Width of the plot, in inches."""


@dataclass(frozen=True)
class Pair:
    """One patient's figure in both results."""

    group: str
    this: float
    other: float


def paired_figure(
    pairs: Sequence[Pair], path: Path, *, labels: tuple[str, str], limit: float, heading: Heading
) -> None:
    """Draw one result against the other: above the diagonal this one is higher.

    Parameters
    ----------
    pairs : sequence of Pair
        At least one.
    path : Path
        The PNG file.
    labels : tuple of str
        Names of this result and of the other one.
    limit : float
        A patient below it counts as failed.
    heading : Heading
    """
    values = [one for pair in pairs for one in (pair.this, pair.other)]
    lowest = max(0.0, np.floor(min([*values, limit]) * 10 - 0.5) / 10)
    with plotted(path, heading, (SIDE, SIDE - 0.9)) as figure:
        axes = figure.subplots()
        axes.plot([lowest, 1], [lowest, 1], color="0.6", linewidth=1, linestyle=":", label="equal")
        for draw in (axes.axhline, axes.axvline):
            draw(limit, color=ALARM, linewidth=0.8, linestyle="--", alpha=0.7)
        for group, (colour, marker) in looks([one.group for one in pairs]).items():
            mine = [one for one in pairs if one.group == group]
            places = [one.other for one in mine], [one.this for one in mine]
            axes.scatter(
                *places,
                s=42,
                color=colour,
                marker=marker,
                edgecolor="white",
                linewidth=0.7,
                label=group,
                zorder=3,
                clip_on=False,
            )
        ends = (lowest, 1.005)
        axes.set(xlabel=f"Dice: {labels[1]}", ylabel=f"Dice: {labels[0]}", xlim=ends, ylim=ends, aspect="equal")
        bare(axes)
        axes.legend(frameon=False, fontsize=9, loc="center left", bbox_to_anchor=(1.0, 0.5))
