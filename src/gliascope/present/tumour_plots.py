"""Plots of the tumours of a data set: how large they are, and where. Need seaborn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.present.dataset_plots import TUMOUR, WIDTH, logarithmic, whole
from gliascope.present.plot_sheet import FAINT, INK, Heading, bare, plotted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from pandas import DataFrame

COLOUR_MAP: Final = "viridis"
"""Even steps for every kind of colour vision, and in grey."""
BINS: Final = 40
"""Places along a patient's slices."""
HEAD_SHARE: Final = 0.5
"""The head's outline is drawn where it is in at least this share of the patients."""


def tumour_areas(slices: DataFrame, path: Path, *, heading: Heading) -> None:
    """Draw how large tumours are on their slices, in pixels and as a share of the head.

    Parameters
    ----------
    slices : DataFrame
        ``tumour_px`` and ``head_px``.
    path : Path
        The PNG file.
    heading : Heading
    """
    import seaborn as sns

    drawn = slices[slices["tumour_px"].fillna(0) > 0]
    areas = drawn["tumour_px"].astype(float)
    shares = (100 * areas / drawn["head_px"].clip(lower=1)).clip(upper=100)
    with plotted(path, heading, (WIDTH, 3.2)) as figure:
        left, right = figure.subplots(1, 2)
        sns.histplot(x=areas, log_scale=True, bins=30, color=TUMOUR, edgecolor="white", alpha=0.9, ax=left)
        if len(drawn):
            logarithmic(left, "x")
        left.set(xlabel="tumour area on a slice (pixels)", ylabel="tumour slices")
        sns.histplot(x=shares, bins=30, color=TUMOUR, edgecolor="white", alpha=0.9, ax=right)
        right.set(xlabel="tumour area on a slice (% of the head's area)", ylabel="tumour slices")
        for axes, values, unit in ((left, areas, " px"), (right, shares, " %")):
            whole(axes, "y")
            bare(axes, "y")
            if len(values):
                middle = float(values.median())
                text = f"median {middle:,.0f}{unit}" if middle >= 10 else f"median {middle:.1f}{unit}"
                axes.axvline(middle, color=INK, linewidth=1.4, linestyle="--", label=text)
                axes.legend(frameon=False, fontsize=9, loc="lower left", bbox_to_anchor=(0, 1.0), borderaxespad=0.2)


def along_the_slices(slices: DataFrame, path: Path, *, heading: Heading) -> None:
    """Draw where along a patient's slices the tumours are.

    Parameters
    ----------
    slices : DataFrame
        ``folder``, ``position`` (0 first slice, 1 last) and ``tumour_px``.
    path : Path
        The PNG file.
    heading : Heading
    """
    table = _raster(slices)
    with plotted(path, heading, (WIDTH, 4.0)) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
        _share_by_position(left, table)
        _one_row_a_patient(figure, right, table)


def _raster(slices: DataFrame) -> NDArray[np.float64]:
    """Tumour area by patient and place, shape (patient, BINS); patients in the order of their tumours' middles."""
    rows: list[tuple[float, NDArray[np.float64]]] = []
    at = (np.arange(BINS) + 0.5) / BINS
    for _, group in slices[slices["tumour_px"].notna()].groupby("folder", observed=True):
        positions = group["position"].to_numpy(float)
        areas = group["tumour_px"].to_numpy(float)
        nearest = np.abs(at[:, None] - positions[None]).argmin(axis=1)
        if areas.sum() > 0:
            rows.append((float((positions * areas).sum() / areas.sum()), areas[nearest]))
    rows.sort(key=lambda one: one[0])
    return np.stack([one for _, one in rows]) if rows else np.zeros((0, BINS))


def _share_by_position(axes: Axes, table: NDArray[np.float64]) -> None:
    at = (np.arange(BINS) + 0.5) / BINS
    share = (table > 0).mean(axis=0) if len(table) else np.zeros(BINS)
    axes.fill_between(at, share, color=TUMOUR, alpha=0.25, linewidth=0)
    axes.plot(at, share, color=TUMOUR, linewidth=1.8)
    axes.set(xlim=(0, 1), ylim=(0, None), xlabel="position along the slices", ylabel="patients with tumour there")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    _ends(axes)
    bare(axes)


def _ends(axes: Axes) -> None:
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["first\nslice", "¼", "½", "¾", "last\nslice"])


def _one_row_a_patient(figure: Figure, axes: Axes, table: NDArray[np.float64]) -> None:
    from matplotlib.colors import LogNorm

    if not len(table):
        axes.text(0.5, 0.5, "no tumour is outlined", ha="center", va="center", color=FAINT, transform=axes.transAxes)
        axes.set_axis_off()
        return
    shown = np.ma.masked_equal(table, 0)
    scale = LogNorm(max(1.0, float(shown.min())), max(2.0, float(shown.max())))
    style: dict[str, Any] = {"extent": (0, 1, len(table), 0), "aspect": "auto", "interpolation": "nearest"}
    axes.set_facecolor("#f0f2f4")
    image = axes.imshow(shown, cmap=COLOUR_MAP, norm=scale, **style)
    axes.set(xlabel="position along the slices", ylabel="patients, by the middle of the tumour")
    _ends(axes)
    whole(axes, "y")
    bare(axes, "none")
    bar = figure.colorbar(image, ax=axes, pad=0.02)
    bar.set_label("tumour area on the slice (pixels)", fontsize=9, color=INK)
    bar.ax.yaxis.set_major_formatter("{x:,.0f}")
    bar.ax.tick_params(labelsize=8.5, colors=FAINT, labelcolor=INK)
    bar.outline.set_visible(False)


def tumour_places(places: NDArray[np.int64], patients: int, path: Path, *, heading: Heading) -> None:
    """Draw in how many patients the tumour reaches a place of the head, over all slices.

    Parameters
    ----------
    places : ndarray, int64, shape (2, row, column)
        Number of patients whose true outline, and whose head, covers the place on any slice.
    patients : int
    path : Path
        The PNG file.
    heading : Heading
    """
    with plotted(path, heading, (5.6, 4.5)) as figure:
        axes = figure.subplots()
        axes.set_facecolor("#f0f2f4")
        shown = np.ma.masked_equal(places[0], 0)
        image = axes.imshow(shown, cmap=COLOUR_MAP, vmin=0, vmax=max(1, int(places[0].max())), interpolation="nearest")
        if places[1].max() > HEAD_SHARE * patients > places[1].min():
            axes.contour(places[1], [HEAD_SHARE * patients], colors=[INK], linewidths=1.4)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_xlabel("columns of the image", fontsize=9)
        axes.set_ylabel("rows of the image", fontsize=9)
        axes.spines[:].set_visible(False)
        bar = figure.colorbar(image, ax=axes, pad=0.03, shrink=0.9)
        bar.set_label("patients with tumour there", fontsize=9, color=INK)
        whole(bar.ax, "y")
        bar.ax.tick_params(labelsize=8.5, colors=FAINT, labelcolor=INK)
        bar.outline.set_visible(False)
