"""A description on disk: tables, JSON, plots and the page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import gliascope
from gliascope.dataset.describe.plots import PHANTOM, Plot, plots_of
from gliascope.dataset.describe.sections import sections_of
from gliascope.dataset.describe.summary import summary
from gliascope.present.files import replaced
from gliascope.present.page import Picture, write_page
from gliascope.present.plot_sheet import Heading

if TYPE_CHECKING:
    from pandas import DataFrame

    from gliascope.dataset.describe.describe import Description

REPORT: Final = "report.html"
FIGURES: Final = "figures"
PLOT_WIDTH: Final = 0.77
"""Width of a plot on the page, in CSS pixels a pixel: sharp on finer screens, and its text as large as the page's."""


def write_description(
    description: Description, out: Path, *, watch: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Write everything known of a data set into a folder.

    ``report.html`` (one self-contained page), ``slices.csv`` and ``slices.parquet`` (the same table, with types in the
    second), ``patients.csv``, ``describe.json``, and the plots as ``figures/*.png``. Each file is written beside and
    moved into place; older ones of the same names are replaced.

    Parameters
    ----------
    description : Description
    out : Path
        Made where it is missing.
    watch : callable
        Called with each plot's name when it has been drawn.

    Returns
    -------
    dict
        What ``describe.json`` holds.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    values = summary(description)
    _write_csv(description.slices, out / "slices.csv")
    with replaced(out / "slices.parquet") as temporary:
        description.slices.to_parquet(temporary, engine="pyarrow", compression="zstd", index=False)
    _write_csv(description.patients, out / "patients.csv")
    stamp = PHANTOM if description.is_phantom else None
    subtitle = f"{values['name']}: {values['patients']:,} patients, {values['slices']['all']:,} slices"
    pictures: dict[str, list[Picture]] = {}
    for plot in plots_of(description):
        path = out / FIGURES / f"{plot.name}.png"
        plot.draw(path, Heading(plot.title, subtitle, stamp))
        pictures.setdefault(plot.section, []).append(_picture(plot, path))
        watch(plot.name)
    write_page(
        out / REPORT,
        f"The data set {values['name']}",
        sections_of(description, values, pictures),
        subtitle=subtitle,
        stamp=stamp,
        footer=[f"Made by gliascope {gliascope.__version__}, gliascope data describe."],
    )
    with replaced(out / "describe.json") as temporary:
        temporary.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    return values


def _write_csv(table: DataFrame, path: Path) -> None:
    with replaced(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8")


def _picture(plot: Plot, path: Path) -> Picture:
    size = Picture(path, plot.alt).size
    width = None if size is None or plot.is_dark else round(size[0] * PLOT_WIDTH)
    return Picture(path, plot.alt, f"{plot.title}. {plot.caption}", width=width)
