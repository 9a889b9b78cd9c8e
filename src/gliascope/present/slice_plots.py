"""Plots of how slices are called: ROC and precision-recall curve, confusion matrix."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.present.curves import COLOURS
from gliascope.present.plot_sheet import FAINT, INK, Heading, bare, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIDE: Final = 6.4
"""Width of these plots, in inches."""
CORNER: Final = 0.2
"""Side of the corner of the ROC curve that is enlarged."""
POINT: Final = COLOURS[1]
"""Colour of the operating point."""


@dataclass(frozen=True)
class Mark:
    """A point on a curve: its place, and its line in the legend."""

    x: float
    y: float
    label: str


def roc_figure(
    fpr: NDArray[np.float64], tpr: NDArray[np.float64], path: Path, *, label: str, mark: Mark | None, heading: Heading
) -> None:
    """Draw a ROC curve, its upper left corner enlarged.

    Parameters
    ----------
    fpr, tpr : ndarray, float64, shape (point,)
        False-positive and true-positive rate, 0 to 1, rising.
    path : Path
        The PNG file.
    label : str
        The curve's line in the legend: its area, with interval.
    mark : Mark or None
        The operating point: 1 - specificity and sensitivity.
    heading : Heading
    """
    with plotted(path, heading, (SIDE, SIDE + 0.4)) as figure:
        axes = figure.subplots()
        _curve(axes, (fpr, tpr), label, mark)
        axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, linestyle=":", label="guessing")
        axes.set(xlabel="1 - specificity (false alarms)", ylabel="sensitivity", xlim=(-0.01, 1), ylim=(0, 1.01))
        _square(axes)
        _legend(axes)
        if _leaves_room(fpr, tpr, mark):
            inset = axes.inset_axes((0.43, 0.08, 0.54, 0.54))
            _curve(inset, (fpr, tpr), label, mark)
            ends = (0.0, CORNER), (1 - CORNER, 1.0)
            inset.set(xlim=(-0.003, CORNER), ylim=(1 - CORNER, 1.003), xticks=[*ends[0]], yticks=[*ends[1]])
            bare(inset)
            inset.set_title("upper left corner, enlarged", fontsize=8.5, color=FAINT)


def _leaves_room(fpr: NDArray[np.float64], tpr: NDArray[np.float64], mark: Mark | None) -> bool:
    """Whether the enlarged corner holds what matters and lies below the curve."""
    low = tpr[fpr > CORNER]
    inside = mark is None or (mark.x <= CORNER and mark.y >= 1 - CORNER)
    return bool(inside and low.size and low.min() > 0.75)


def precision_recall_figure(
    recall: NDArray[np.float64],
    precision: NDArray[np.float64],
    path: Path,
    *,
    label: str,
    mark: Mark | None,
    prevalence: float,
    heading: Heading,
) -> None:
    """Draw a precision-recall curve.

    Parameters
    ----------
    recall, precision : ndarray, float64, shape (point,)
        0 to 1; recall falls or rises.
    path : Path
        The PNG file.
    label : str
        The curve's line in the legend: average precision, with interval.
    mark : Mark or None
        The operating point: recall and precision.
    prevalence : float
        Share of tumour slices: the precision of guessing.
    heading : Heading
    """
    with plotted(path, heading, (SIDE, SIDE + 0.4)) as figure:
        axes = figure.subplots()
        guess = f"guessing: {prevalence:.1%} of the slices show a tumour"
        _curve(axes, (recall, precision), label, mark)
        axes.axhline(prevalence, color="0.7", linewidth=1, linestyle=":", label=guess)
        axes.set(xlabel="recall (sensitivity)", ylabel="precision", xlim=(0, 1.01), ylim=(0, 1.01))
        _square(axes)
        _legend(axes)


def _curve(axes: Axes, points: tuple[NDArray[np.float64], NDArray[np.float64]], label: str, mark: Mark | None) -> None:
    axes.plot(*points, color=COLOURS[0], linewidth=1.8, label=label)
    if mark is not None:
        style: dict[str, Any] = {"marker": "o", "markersize": 9, "markerfacecolor": "none", "markeredgewidth": 2}
        axes.plot([mark.x], [mark.y], color=POINT, linestyle="none", label=mark.label, zorder=5, **style)


def _legend(axes: Axes) -> None:
    """Below the axes, where no curve can run."""
    axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(-0.02, -0.11), borderaxespad=0)


def _square(axes: Axes) -> None:
    bare(axes)
    axes.set_aspect("equal")
    ticks = np.linspace(0, 1, 6)
    axes.set_xticks(ticks)
    axes.set_yticks(ticks)


def confusion_figure(counts: tuple[int, int, int, int], path: Path, *, heading: Heading) -> None:
    """Draw a confusion matrix of slices; the shade is the share of the row.

    Parameters
    ----------
    counts : tuple of int
        True positives, false positives, false negatives, true negatives.
    path : Path
        The PNG file.
    heading : Heading
    """
    tp, fp, fn, tn = counts
    table = np.array([[tp, fn], [fp, tn]], dtype=np.float64)
    rows = table.sum(axis=1, keepdims=True)
    shares = np.divide(table, rows, out=np.zeros_like(table), where=rows > 0)
    names = (("found", "missed"), ("false alarm", "rightly not called"))
    with plotted(path, heading, (5.4, 3.9)) as figure:
        axes = figure.subplots()
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1.15, aspect="auto")
        for row in range(2):
            for column in range(2):
                share = shares[row, column]
                ink = "white" if share > 0.55 else INK
                axes.text(
                    column, row - 0.1, f"{int(table[row, column]):,}", ha="center", va="center", size=20, color=ink
                )
                said = f"{names[row][column]}\n{share:.1%} of the row"
                axes.text(column, row + 0.2, said, ha="center", va="center", size=9, color=ink)
        axes.set_xticks([0, 1], ["called tumour", "not called tumour"], fontsize=9.5)
        titles = [f"tumour\n{tp + fn:,} slices", f"no tumour\n{fp + tn:,} slices"]
        axes.set_yticks([0, 1], titles, fontsize=9.5)
        axes.set_ylabel("truth")
        axes.xaxis.tick_top()
        axes.tick_params(length=0, labelcolor=INK)
        axes.spines[:].set_visible(False)
        axes.set_xticks([0.5], minor=True)
        axes.set_yticks([0.5], minor=True)
        axes.grid(which="minor", color="white", linewidth=3)
        axes.tick_params(which="minor", length=0)
