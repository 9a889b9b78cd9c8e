from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gliascope.present.canvas import NOTICE
from gliascope.present.curves import COLOURS
from gliascope.present.paired_plot import Pair, paired_figure
from gliascope.present.patient_plots import Bar, Dot, dice_by_group, dice_by_patient, dice_by_size, distance_by_patient
from gliascope.present.plot_sheet import ALARM, Heading, looks
from gliascope.present.slice_plots import POINT, Mark, confusion_figure, precision_recall_figure, roc_figure

STAMP = "In-sample: the model has seen these images. The figures are no evidence of accuracy."
PLAIN, STAMPED = Heading("A title", "what was scored"), Heading("A title", "what was scored", STAMP)
RISING = np.array([0.0, 0.0, 0.2, 1.0]), np.array([0.0, 0.8, 0.9, 1.0])
DOTS = [
    Dot("TCGA_AA_0001", "AA", 0.91, 900, (1.0, 3.0)),
    Dot("TCGA_BB_0002", "BB", 0.42, 30, (9.0,)),
    Dot("TCGA_AA_0003", "AA", math.nan),
]
BARS = [
    Bar("By institution", "AA", 0.9, 0.8, 0.95, "2 patients"),
    Bar("By size", "small", 0.4, math.nan, math.nan, "1"),
]
MARK = Mark(0.2, 0.9, "operating point")

PLOTS: dict[str, Callable[[Path, Heading], None]] = {
    "roc": lambda path, heading: roc_figure(RISING[0], RISING[1], path, label="area", mark=MARK, heading=heading),
    "pr": lambda path, heading: precision_recall_figure(
        RISING[1][::-1], RISING[0][::-1], path, label="area", mark=MARK, prevalence=0.3, heading=heading
    ),
    "confusion": lambda path, heading: confusion_figure((9, 1, 2, 88), path, heading=heading),
    "patients": lambda path, heading: dice_by_patient(DOTS, path, limit=0.7, median=0.66, heading=heading),
    "distance": lambda path, heading: distance_by_patient(DOTS, path, label="HD95, px", heading=heading),
    "size": lambda path, heading: dice_by_size(DOTS, path, limit=0.7, edges=(100.5,), heading=heading),
    "group": lambda path, heading: dice_by_group(
        BARS, path, overall=Bar("", "all", 0.8, 0.7, 0.9, "3"), level=0.95, heading=heading
    ),
    "pairs": lambda path, heading: paired_figure(
        [Pair("AA", 0.9, 0.8), Pair("BB", 0.4, 0.5)], path, labels=("a", "b"), limit=0.7, heading=heading
    ),
}


def read(path: Path) -> tuple[NDArray[np.uint8], dict[str, str]]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")), {f"{key}": f"{value}" for key, value in picture.info.items()}


def rows_of(picture: NDArray[np.uint8], colour: str) -> NDArray[np.intp]:
    """Rows that hold at least 100 pixels of one colour."""
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.uint8)
    return np.flatnonzero((picture == wanted).all(axis=-1).sum(axis=1) >= 100)


def count(picture: NDArray[np.uint8], colour: str) -> int:
    wanted = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)], np.uint8)
    return int((picture == wanted).all(axis=-1).sum())


@pytest.mark.parametrize("name", PLOTS)
def test_every_plot_carries_its_stamp_and_the_notice(name: str, tmp_path: Path) -> None:
    PLOTS[name](tmp_path / "stamped.png", STAMPED)
    picture, notes = read(tmp_path / "stamped.png")
    assert (notes["Disclaimer"], notes["Title"], notes["Comment"]) == (NOTICE, "A title", STAMP)
    frame = rows_of(picture, ALARM)
    assert frame.size >= 2  # upper and lower edge of the frame, above everything that is plotted
    assert frame[1] < 0.3 * len(picture)


def test_without_a_stamp_there_is_no_frame_and_the_same_values_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one.png", "two.png"):
        PLOTS["confusion"](tmp_path / name, PLAIN)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    picture, notes = read(tmp_path / "one.png")
    assert "Comment" not in notes
    assert rows_of(picture, ALARM).size == 0


def test_the_operating_point_is_marked(tmp_path: Path) -> None:
    draw = partial(roc_figure, *RISING, label="area", heading=PLAIN)
    draw(tmp_path / "with.png", mark=MARK)
    draw(tmp_path / "without.png", mark=None)
    assert count(read(tmp_path / "with.png")[0], POINT) > 60
    assert count(read(tmp_path / "without.png")[0], POINT) == 0


def test_each_institution_has_a_look_of_its_own() -> None:
    names = ["HT", "CS", "DU", "CS", "EZ", "FG"]
    found = looks(names)
    assert list(found) == sorted(set(names))
    assert len({colour for colour, _ in found.values()}) == len({marker for _, marker in found.values()}) == 5
    assert looks(names[::-1]) == found


@pytest.mark.parametrize("patients", [1, 40])
def test_as_many_rows_as_patients(patients: int, tmp_path: Path) -> None:
    dots = [Dot(f"P{n}", "AA" if n % 2 else "BB", 0.5 + n / 200) for n in range(patients)]
    dice_by_patient(dots, tmp_path / "plot.png", limit=0.7, median=0.7, heading=PLAIN)
    picture, _ = read(tmp_path / "plot.png")
    assert picture.shape[0] >= 20 * patients
    assert count(picture, COLOURS[0]) > 0


@pytest.mark.parametrize("counts", [(0, 0, 0, 5), (0, 0, 0, 0), (3, 0, 0, 0)])
def test_a_confusion_matrix_without_one_kind_of_slice(counts: tuple[int, int, int, int], tmp_path: Path) -> None:
    confusion_figure(counts, tmp_path / "plot.png", heading=PLAIN)
    assert read(tmp_path / "plot.png")[0].size


@pytest.mark.parametrize("dots", [[], [Dot("P", "AA", math.nan)], [Dot("P", "AA", 0.0, 1, (0.0,))]])
def test_nobody_and_nothing_to_draw(dots: Sequence[Dot], tmp_path: Path) -> None:
    dice_by_patient(dots, tmp_path / "dice.png", limit=0.7, median=0.5, heading=PLAIN)
    distance_by_patient(dots, tmp_path / "hd95.png", label="HD95, px", heading=PLAIN)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dice.png", "hd95.png"]


def test_the_corner_is_enlarged_where_it_shows_the_curve_alone(tmp_path: Path) -> None:
    poor = np.linspace(0, 1, 20)
    sizes = []
    for name, curve, mark in (
        ("good", (np.array([0.0, 0.01, 0.1, 1.0]), np.array([0.0, 0.95, 0.99, 1.0])), Mark(0.05, 0.96, "point")),
        ("poor", (poor, np.sqrt(poor)), Mark(0.05, 0.96, "point")),
        ("far", (np.array([0.0, 0.01, 0.1, 1.0]), np.array([0.0, 0.95, 0.99, 1.0])), Mark(0.5, 0.5, "point")),
    ):
        roc_figure(curve[0], curve[1], tmp_path / f"{name}.png", label="area", mark=mark, heading=PLAIN)
        sizes.append(count(read(tmp_path / f"{name}.png")[0], POINT))
    assert sizes[0] > 1.3 * sizes[1]  # the point is drawn in the corner as well
    assert sizes[1] == pytest.approx(sizes[2], rel=0.3)
