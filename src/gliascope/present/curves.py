"""The figures of a training run, epoch by epoch, as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gliascope.present.files import replaced

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: Final = ("#1b6ca8", "#c8553d", "#3c896d", "#7a5195", "#b8860b")
"""Lines of one panel, distinct for colour-blind eyes."""

FEW_EPOCHS: Final = 12
"""Under this many epochs, each is marked with a dot."""

SCORES: Final = {"val_dice": "Dice per patient", "val_auc": "slice AUC"}
"""Validation figures that are drawn, and their names."""


def curves_figure(rows: Sequence[Mapping[str, float]], path: Path, *, title: str) -> None:
    """Draw losses, validation figures and learning rate over the epochs.

    Parameters
    ----------
    rows : sequence of mapping
        One an epoch: ``epoch``, ``learning_rate``, losses (names ending in ``loss``) and ``val_...`` figures.
    path : Path
        The PNG file; replaced in one move.
    title : str
    """
    from matplotlib.figure import Figure

    epochs = [row["epoch"] for row in rows]
    figure = Figure(figsize=(12, 4), dpi=100, layout="constrained")
    losses, scores, rate = figure.subplots(1, 3)
    names = [name for name in (rows[0] if rows else {}) if name.endswith("loss")]
    _lines(losses, epochs, {name.replace("_", " "): [row[name] for row in rows] for name in names})
    losses.set(title="training loss", ylim=(0, None))
    shown = {label: [row[name] for row in rows] for name, label in SCORES.items() if rows and name in rows[0]}
    _lines(scores, epochs, shown)
    _mark_best(scores, rows)
    scores.set(title="validation patients", ylim=(0, 1))
    _lines(rate, epochs, {"": [row["learning_rate"] for row in rows]})
    highest = max((row["learning_rate"] for row in rows), default=1.0)
    rate.set(title="learning rate at the epoch's end", ylim=(0, 1.05 * highest))
    figure.suptitle(f"{title}, {len(rows)} epoch{'s' if len(rows) != 1 else ''}", fontsize=12)
    with replaced(path) as temporary:
        figure.savefig(temporary, format="png")


def _lines(axes: Axes, epochs: Sequence[float], series: Mapping[str, Sequence[float]]) -> None:
    from matplotlib.ticker import MaxNLocator

    marker = "o" if len(epochs) < FEW_EPOCHS else None
    for colour, (label, values) in zip(cycle(COLOURS), series.items(), strict=False):
        axes.plot(epochs, values, color=colour, label=label, linewidth=1.6, marker=marker, markersize=4)
    axes.set(xlabel="epoch", xlim=(0.5, max(epochs, default=1) + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    if any(series):
        axes.legend(frameon=False, fontsize=9)


def _mark_best(axes: Axes, rows: Sequence[Mapping[str, float]]) -> None:
    scored = [row for row in rows if "val_score" in row and row["val_score"] == row["val_score"]]
    if not scored:
        return
    best = max(scored, key=lambda row: row["val_score"])["epoch"]
    axes.axvline(best, color="0.6", linewidth=1, linestyle=":", label=f"best epoch: {best:.0f}")
    axes.legend(frameon=False, fontsize=9, loc="lower right")
