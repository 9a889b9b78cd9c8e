from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.errors import InputError
from gliascope.evaluate.definitions import FIGURES
from gliascope.evaluate.figures import Figure, headline
from gliascope.evaluate.score import PatientScore, SliceScore
from gliascope.findings import Verdict

EMPTY = (0, 0, 0)
NEED_TUMOUR = {"volumes", "tumour volumes", "tumour slices", "slices called tumour", "slices with both outlines"}


def slice_score(
    pixels: tuple[int, int, int],
    probability: float,
    verdict: Verdict | None = None,
    distances: tuple[float, float] = (math.nan, math.nan),
) -> SliceScore:
    """Pixels: true, predicted, both. Distances: HD95 and average surface distance."""
    said: Verdict = verdict or ("tumour" if probability >= 0.5 else "no tumour")
    return SliceScore("folder", "file.tif", 0, probability, said, *pixels, False, *distances, raw=probability)


def patient(name: str, *slices: SliceScore) -> PatientScore:
    return PatientScore(name, "AA", (name,), slices)


A = patient(
    "a",
    slice_score((100, 120, 90), 0.9, distances=(4.0, 1.0)),
    slice_score(EMPTY, 0.2),
    slice_score((0, 8, 0), 0.6),
    slice_score((40, 32, 24), 0.7, distances=(1.0, 0.5)),
)
B = patient(
    "b",
    slice_score((50, 0, 0), 0.4),
    slice_score((10, 30, 10), 0.8, distances=(7.0, 2.0)),
    slice_score(EMPTY, 0.1),
)
C = patient("c", slice_score(EMPTY, 0.3))


def test_figures_of_two_patients_by_hand() -> None:
    """A: 140 true pixels, 160 found, 114 both, so 46 false. B: 60 true, 30 found, 10 both, so 20 false.

    By falling probability the slices are T T T E T E E (T tumour, E empty); called are the first four.
    """
    figures = headline([A, B], resamples=0)
    dice_a, dice_b = 2 * 114 / (160 + 140), 2 * 10 / (30 + 60)
    values = {name: one.value for name, one in figures.items()}
    assert values == pytest.approx(
        {
            "dice_mean": (dice_a + dice_b) / 2,
            "dice_median": (dice_a + dice_b) / 2,
            "dice_sd": abs(dice_a - dice_b) / math.sqrt(2),
            "dice_low": 1,
            "dice_pooled": 2 * 124 / (190 + 200),
            "dice_slice": (2 * 90 / 220 + 2 * 24 / 72 + 0 + 2 * 10 / 40) / 4,
            "iou_mean": (114 / (160 + 140 - 114) + 10 / (30 + 60 - 10)) / 2,
            "iou_pooled": 124 / (190 + 200 - 124),
            "hd95_mean": ((4 + 1) / 2 + 7) / 2,
            "asd_mean": ((1 + 0.5) / 2 + 2) / 2,
            "hd95_slices": 3,
            "missed_slices": 1,
            "empty_slices": 2,
            "auc": (3 + 3 + 3 + 2) / 12,
            "pr_auc": (1 + 1 + 1 + 4 / 5) / 4,
            "sensitivity": 3 / 4,
            "specificity": 2 / 3,
            "sensitivity_at_96": 3 / 4,
            "precision": 3 / 4,
            "f1": 2 * 3 / (4 + 4),
            "accuracy": 5 / 7,
            "brier": (0.01 + 0.04 + 0.36 + 0.09 + 0.36 + 0.04 + 0.01) / 7,
            "brier_raw": (0.01 + 0.04 + 0.36 + 0.09 + 0.36 + 0.04 + 0.01) / 7,
            "ece": (0.1 + 0.2 + 0.6 + 0.3 + 0.6 + 0.2 + 0.1) / 7,  # each slice is alone in its bin
            "ece_raw": (0.1 + 0.2 + 0.6 + 0.3 + 0.6 + 0.2 + 0.1) / 7,
            "ece_mass": (0.1 + 0.2 + 0.6 + 0.3 + 0.6 + 0.2 + 0.1) / 7,
            "ece_mass_raw": (0.1 + 0.2 + 0.6 + 0.3 + 0.6 + 0.2 + 0.1) / 7,
            "false_positive_share_median": (46 / 140 + 20 / 60) / 2,
            "false_positive_px": 8,
            "false_positive_px_mean": 8 / 3,
            "false_positive_slices": 1,
        }
    )
    assert [one.name for one in FIGURES] == list(figures)
    counts = {name: (one.patients, one.slices) for name, one in figures.items()}
    over = {one.counted: counts[one.name] for one in FIGURES}
    assert over == {
        "volumes": (2, 7),
        "tumour volumes": (2, 7),
        "slices": (2, 7),
        "tumour slices": (2, 4),
        "tumour-free slices": (2, 3),
        "slices called tumour": (2, 4),
        "slices with both outlines": (2, 3),
        "slices with a probability": (2, 7),
    }
    assert all(math.isnan(one.low) and math.isnan(one.high) for one in figures.values())


def test_a_patient_without_any_outline_is_left_out_of_dice_and_counted_elsewhere() -> None:
    figures = headline([A, B, C], resamples=0)
    assert math.isnan(C.dice)
    assert figures["dice_mean"].value == headline([A, B], resamples=0)["dice_mean"].value
    assert (figures["dice_mean"].patients, figures["dice_mean"].slices) == (2, 7)
    assert (figures["specificity"].patients, figures["specificity"].slices) == (3, 4)
    assert (figures["sensitivity"].patients, figures["sensitivity"].slices) == (2, 4)
    assert figures["specificity"].value == 3 / 4
    assert figures["empty_slices"].value == 3


def test_what_is_not_defined_is_nan() -> None:
    figures = headline([C], resamples=50)
    undefined = {name for name, one in figures.items() if math.isnan(one.value)}
    need_tumour = {one.name for one in FIGURES if one.counted in NEED_TUMOUR} - {"hd95_slices"}
    assert undefined == need_tumour | {"auc", "pr_auc", "f1", "sensitivity_at_96"}
    assert (figures["hd95_slices"].value, figures["empty_slices"].value) == (0, 1)
    tumour_only = headline([patient("d", slice_score((9, 9, 9), 0.9))], resamples=50)
    assert math.isnan(tumour_only["false_positive_px"].value)
    assert math.isnan(tumour_only["specificity"].value)
    assert tumour_only["dice_mean"].value == 1.0


def test_a_slice_that_could_not_be_assessed_counts_as_not_called_with_probability_nought() -> None:
    blank_ill = slice_score((5, 0, 0), float("nan"), "not assessable")
    blank_well = slice_score(EMPTY, float("nan"), "not assessable")
    figures = headline([patient("a", blank_ill, blank_well, slice_score(EMPTY, 0.1))], resamples=0)
    assert figures["sensitivity"].value == 0.0
    assert figures["specificity"].value == 1.0
    assert figures["auc"].value == (0.5 + 0) / 2


def test_the_interval_follows_from_the_seed_alone() -> None:
    people = [replace(one, patient=f"{one.patient}{n}") for n in range(4) for one in (A, B, C)]
    first, again, other = (headline(people, resamples=200, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first["dice_mean"] != other["dice_mean"]
    assert {name: one.value for name, one in first.items()} == {name: one.value for name, one in other.items()}


def test_the_interval_is_the_percentiles_over_drawn_patients() -> None:
    people = [A, B]
    figure = headline(people, resamples=400, seed=3)["dice_mean"]
    draws = np.random.default_rng(3).integers(2, size=(400, 2))
    means = np.array([A.dice, B.dice])[draws].mean(axis=1)
    assert (figure.low, figure.high) == pytest.approx(tuple(np.percentile(means, [2.5, 97.5])))


def test_one_patient_has_no_interval() -> None:
    figure = headline([A], resamples=100)["dice_mean"]
    assert figure.value == A.dice
    assert math.isnan(figure.low)
    assert math.isnan(figure.high)


def test_patients_are_needed() -> None:
    with pytest.raises(InputError, match="at least one patient"):
        headline([])
    with pytest.raises(InputError, match="0 or more"):
        headline([A], resamples=-1)


PIXELS = st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)).map(
    lambda one: (one[0], one[1], min(one))
)
SLICES = st.builds(slice_score, PIXELS, st.floats(0, 1))
PEOPLE = st.lists(
    st.lists(SLICES, min_size=1, max_size=5).map(lambda some: patient("p", *some)), min_size=2, max_size=6
)


def value(figure: Figure) -> float | None:
    return None if math.isnan(figure.value) else round(figure.value, 9)


@given(PEOPLE)
def test_the_order_of_patients_does_not_matter_and_shares_stay_in_range(people: list[PatientScore]) -> None:
    figures, mirrored = headline(people, resamples=20), headline(people[::-1], resamples=20)
    assert {name: value(one) for name, one in figures.items()} == {name: value(one) for name, one in mirrored.items()}
    for name in ("dice_mean", "dice_median", "dice_pooled", "auc", "sensitivity", "specificity", "accuracy"):
        one = figures[name]
        assert math.isnan(one.value) or 0 <= one.value <= 1
        assert math.isnan(one.low) or 0 <= one.low <= one.high <= 1


def test_a_figure_that_one_patient_supports_has_no_interval() -> None:
    lone = patient("lone", slice_score((100, 120, 90), 0.9, distances=(4.0, 1.0)), slice_score(EMPTY, 0.2))
    found = headline([lone, C, replace(C, patient="d")], resamples=50)
    assert found["hd95_mean"].patients == 1
    assert found["hd95_mean"].value == 4.0
    assert math.isnan(found["hd95_mean"].low)
    assert math.isnan(found["hd95_mean"].high)
    assert found["specificity"].patients == 3
    assert not math.isnan(found["specificity"].low)
