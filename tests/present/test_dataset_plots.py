"""Every plot of a data set is drawn from made-up tables; no two of its texts may cover each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("seaborn")

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from gliascope.present import clinical_plots, dataset_plots, intensity_plots, tumour_plots
from gliascope.present.dataset_plots import beside, short_names
from gliascope.present.plot_sheet import Heading

HEADING = Heading("A title", "of many patients", "phantom")


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Every figure that is saved, still to be looked at."""
    kept: list[Any] = []
    save = Figure.savefig

    def keep(self: Any, *arguments: Any, **options: Any) -> None:
        save(self, *arguments, **options)
        kept.append(self)

    monkeypatch.setattr(Figure, "savefig", keep)
    yield kept
    kept.clear()


def check_texts(figure: Any) -> None:
    """No text covers another or is cut off; slanted labels are left out, their boxes say nothing."""
    renderer = figure.canvas.get_renderer()
    width, height = figure.canvas.get_width_height()
    texts = [one for one in figure.findobj(Text) if one.get_visible() and one.get_text().strip()]
    upright = [one for one in texts if one.get_rotation() % 90 == 0]
    hidden = not_drawn(figure)
    boxes = [(one.get_text(), one.get_window_extent(renderer)) for one in upright if id(one) not in hidden]
    for text, box in boxes:
        assert box.x0 > -2, text
        assert box.y0 > -2, text
        assert box.x1 < width + 2, text
        assert box.y1 < height + 2, text
    for (first, one), (second, other) in combinations(boxes, 2):
        wide = min(one.x1, other.x1) - max(one.x0, other.x0)
        high = min(one.y1, other.y1) - max(one.y0, other.y0)
        assert wide <= 4 or high <= 4, f"{first!r} covers {second!r}"


def not_drawn(figure: Any) -> set[int]:
    """Texts that matplotlib keeps and does not draw: labels of ticks outside an axis' limits, axes switched off."""
    hidden: set[int] = set()
    for axes in figure.findobj(Axes):
        for axis, ends in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            slack = abs(ends[1] - ends[0]) * 1e-9
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not axes.axison or not min(ends) - slack <= tick.get_loc() <= max(ends) + slack:
                    hidden |= {id(tick.label1), id(tick.label2)}
    return hidden


def set_of(count: int, institutions: tuple[str, ...] = ("CS", "DU", "HT"), slices: int = 8) -> tuple[Any, Any]:
    """Tables of slices and patients of a made-up data set; the last patient has no tumour."""
    generator = np.random.default_rng(count)
    rows = []
    for patient in range(count):
        place = institutions[patient * len(institutions) // count]
        for number in range(slices):
            inside = slices // 3 <= number <= slices // 2 and patient < count - 1
            area = int(generator.lognormal(6, 1)) + 1 if inside else 0
            row = {"folder": f"TCGA_{place}_{patient:04d}_1", "institution": place, "tumour_px": area}
            row |= {"position": number / (slices - 1), "head_px": 20000, "tumour": "tumour" if area else "no tumour"}
            rows.append(row)
    table = pd.DataFrame(rows).astype({"tumour_px": "Int64"})
    groups = table.groupby("folder")
    patients = pd.DataFrame(
        {
            "institution": groups["institution"].first(),
            "slices": groups.size(),
            "tumour_slices": groups["tumour_px"].agg(lambda one: int((one > 0).sum())),
            "tumour_px": groups["tumour_px"].sum(),
        }
    ).reset_index()
    patients["missing"] = ["post" if one % 5 == 0 else "pre+post" if one % 7 == 0 else "" for one in range(count)]
    return table, patients


Draw = Callable[[Any, Any, Path], None]


def draw(name: str) -> Draw:
    def call(slices: Any, patients: Any, path: Path) -> None:
        table = slices if name in {"class_balance", "tumour_areas", "along_the_slices"} else patients
        module = tumour_plots if name in {"tumour_areas", "along_the_slices"} else dataset_plots
        getattr(module, name)(table, path, heading=HEADING)

    return call


@pytest.mark.parametrize("count", [2, 90])
@pytest.mark.parametrize(
    "name",
    ["class_balance", "by_patient", "by_institution", "missing_sequences", "tumour_areas", "along_the_slices"],
)
def test_plots_of_small_and_large_sets(name: str, count: int, tmp_path: Path, figures: list[Any]) -> None:
    draw(name)(*set_of(count), tmp_path / "plot.png")
    (figure,) = figures
    check_texts(figure)
    with Image.open(tmp_path / "plot.png") as picture:
        assert picture.width > 1000
        assert picture.info["Title"] == "A title"
        assert picture.info["Comment"] == "phantom"


def test_many_patients_are_shown_by_their_distribution(tmp_path: Path, figures: list[Any]) -> None:
    dataset_plots.by_patient(set_of(300, slices=4)[1], tmp_path / "plot.png", heading=HEADING)
    (figure,) = figures
    check_texts(figure)
    assert [one.get_xlabel() for one in figure.axes] == [
        "slices of a patient",
        "tumour of a patient (pixels, all slices)",
    ]


def test_a_patient_s_bar_is_as_high_as_its_slices(tmp_path: Path, figures: list[Any]) -> None:
    slices, patients = set_of(10)
    dataset_plots.by_patient(patients, tmp_path / "plot.png", heading=HEADING)
    bars = figures[0].axes[1].patches
    assert sum(one.get_height() for one in bars) == len(slices)
    assert max(one.get_y() + one.get_height() for one in bars) == 8


def test_classes_without_masks_are_named(tmp_path: Path, figures: list[Any]) -> None:
    slices, _ = set_of(4)
    slices["tumour"] = pd.Series([None] * len(slices), dtype="string")
    slices["tumour_px"] = pd.Series([None] * len(slices), dtype="Int64")
    dataset_plots.class_balance(slices, tmp_path / "plot.png", heading=HEADING)
    (figure,) = figures
    check_texts(figure)
    assert [one.get_text() for one in figure.axes[0].get_xticklabels()] == ["no mask"]


@pytest.mark.parametrize("patients", [1, 7])
def test_the_map_of_tumours(patients: int, tmp_path: Path, figures: list[Any]) -> None:
    places = np.zeros((2, 64, 64), np.int64)
    places[0, 20:30, 20:30] = patients
    places[1, 5:60, 10:55] = patients
    tumour_plots.tumour_places(places, patients, tmp_path / "plot.png", heading=HEADING)
    check_texts(figures[0])


def clinical(count: int) -> Any:
    generator = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "a_name_that_is_rather_long_indeed": generator.integers(1, 6, count),
            "age": generator.integers(20, 80, count),
            "site": ["somewhere in the left lobe", "right"] * (count // 2),
            "constant": 1,
            "many": [f"value {one % 12}" for one in range(count)],
            "remark": [f"text {one}" for one in range(count)],
            "empty": None,
        }
    ).convert_dtypes()
    table.loc[: count // 4, "age"] = pd.NA
    table.loc[count // 2 :, ["site", "many"]] = pd.NA
    return table


def test_clinical_plots(tmp_path: Path, figures: list[Any]) -> None:
    table = clinical(40)
    areas = pd.Series(np.arange(40) * 100)
    clinical_plots.clinical_columns(table, tmp_path / "columns.png", heading=HEADING)
    clinical_plots.missing_values(table, tmp_path / "missing.png", heading=HEADING)
    clinical_plots.tumour_by_column(table, areas, tmp_path / "tumour.png", heading=HEADING)
    for figure in figures:
        check_texts(figure)
    columns, missing, tumour = figures
    names = [one.get_title(loc="left") for one in columns.axes if one.axison]
    assert names == ["a_name_that_is_rather_long…", "age", "site", "constant", "many"]
    labels = [one.get_text() for one in missing.axes[0].get_xticklabels()]
    assert labels[1:3] == ["age (11)", "site (20)"]
    assert [one.get_title(loc="left") for one in tumour.axes if one.axison] == [*names[:3], "many"]
    assert "missing" in [one.get_text() for one in columns.axes[2].get_xticklabels()]


def test_intensity_plots(tmp_path: Path, figures: list[Any]) -> None:
    generator = np.random.default_rng(0)
    keys = [
        (institution, stage, region, sequence)
        for institution in ("CS", "DU", "EZ", "FG", "HT", "XX")
        for stage in ("before CLAHE", "after CLAHE")
        for region in ("tumour", "rest of the head")
        for sequence in ("pre", "flair")
    ]
    rows = [
        (*key, level, int(pixels))
        for key in keys
        for level, pixels in enumerate(np.bincount(generator.normal(100, 25, 2000).astype(int).clip(0, 255)))
        if pixels
    ]
    table = pd.DataFrame(rows, columns=["institution", "stage", "region", "sequence", "level", "pixels"])
    intensity_plots.intensity_by_region(table, tmp_path / "region.png", heading=HEADING)
    intensity_plots.intensity_by_institution(table, tmp_path / "institution.png", heading=HEADING)
    regions, institutions = figures
    for figure in figures:
        check_texts(figure)
    assert [one.get_title() for one in regions.axes if one.get_title()] == ["pre-contrast", "FLAIR"]
    panel = institutions.axes[0]
    assert len(panel.lines) == 6
    assert {one.get_linestyle() for one in panel.lines} == {"-", "--"}
    assert np.isclose(panel.lines[0].get_ydata().sum(), 1, atol=0.01)


def test_short_names() -> None:
    assert short_names(["TCGA_CS_4941_19960909", "TCGA_DU_5849_19950405"]) == ["CS_4941", "DU_5849"]
    assert short_names(["TCGA_CS_4941_19960909"]) == ["TCGA_CS_4941"]
    assert short_names(["TCGA_CS_1_1996", "TCGA_CS_1_1997"]) == ["TCGA_CS_1_1996", "TCGA_CS_1_1997"]
    assert short_names(["one", "two"]) == ["one", "two"]


def test_dots_keep_apart() -> None:
    offsets = beside(50, 0.2)
    assert np.abs(offsets).max() <= 0.2
    assert len(np.unique(offsets)) == 50
    assert (beside(50, 0.2) == offsets).all()
