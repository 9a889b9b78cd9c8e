from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from gliascope.evaluate.definitions import BINS
from gliascope.evaluate.figures import headline
from gliascope.evaluate.reliability import DIAGRAM_BINS, bins_of, edges_of, reliability_figures, reliability_of
from gliascope.evaluate.score import PatientScore, SliceScore

Slice = tuple[float, bool]
SLICES = st.lists(st.tuples(st.integers(0, 100).map(lambda one: one / 100), st.booleans()), min_size=1, max_size=30)


def patient(name: str, slices: list[Slice], raw: list[float] | None = None) -> PatientScore:
    scores = tuple(
        SliceScore(
            name,
            f"{place}.tif",
            0,
            probability,
            "not assessable" if math.isnan(probability) else "tumour",
            9 if tumour else 0,
            0,
            0,
            seen=False,
            raw=probability if raw is None else raw[place],
        )
        for place, (probability, tumour) in enumerate(slices)
    )
    return PatientScore(name, "AA", (name,), scores)


def figures_of(patients: list[PatientScore], weights: list[int] | None = None) -> dict[str, float]:
    counted = np.array([weights or [1] * len(patients)])
    return {name: float(one[0]) for name, one in reliability_figures(bins_of(patients), counted).items()}


def by_definition(slices: list[Slice]) -> float:
    """Guo et al. 2017, bin by bin."""
    total = 0.0
    for place in range(BINS):
        low, high = place / BINS, (place + 1) / BINS
        mine = [one for one in slices if low <= one[0] < high or (one[0] == 1 and place == BINS - 1)]
        total += abs(sum(p for p, _ in mine) - sum(t for _, t in mine))
    return total / len(slices)


def test_by_hand() -> None:
    # 0.02 and 0.04 share the first bin of 15, neither a tumour; 0.9 is one and 0.92 is none, both in the 14th bin
    one, two = patient("A", [(0.02, False), (0.9, True)]), patient("B", [(0.04, False), (0.92, False)])
    found = figures_of([one, two])
    assert found["ece"] == pytest.approx((0.06 + abs(1.82 - 1)) / 4)
    assert found["brier"] == pytest.approx((0.02**2 + 0.04**2 + 0.1**2 + 0.92**2) / 4)
    assert found["ece"] == found["ece_raw"]
    twice = figures_of([one, two], [2, 0])
    assert twice["ece"] == pytest.approx((0.02 + 0.1) / 2)


def test_before_and_after_are_told_apart() -> None:
    one = patient("A", [(0.1, False), (0.8, True)], raw=[0.4, 0.7])
    found = figures_of([one])
    assert found["brier"] == pytest.approx((0.01 + 0.04) / 2)
    assert found["brier_raw"] == pytest.approx((0.16 + 0.09) / 2)
    assert found["ece"] == pytest.approx((0.1 + 0.2) / 2)
    assert found["ece_raw"] == pytest.approx((0.4 + 0.3) / 2)


@given(SLICES)
def test_errors_are_those_of_their_definitions(slices: list[Slice]) -> None:
    found = figures_of([patient("A", slices[: len(slices) // 2]), patient("B", slices[len(slices) // 2 :])])
    probabilities, tumour = [p for p, _ in slices], [t for _, t in slices]
    assert found["brier"] == pytest.approx(brier_score_loss(tumour, probabilities, labels=[False, True]))
    edged = any(abs(p * BINS - round(p * BINS)) < 1e-9 for p in probabilities)
    assert edged or found["ece"] == pytest.approx(by_definition(slices))
    gap = abs(np.mean(probabilities) - np.mean(tumour))
    assert gap - 1e-9 <= found["ece_mass"] <= 1  # no binning is below the distance of both means


@given(SLICES)
def test_bins_of_equal_mass_hold_equally_many_different_probabilities(slices: list[Slice]) -> None:
    values = np.unique([p for p, _ in slices]).astype(np.float64)
    edges = edges_of(values, "mass", 5)
    counts = np.bincount(np.searchsorted(edges, values, side="right"))
    assert counts.sum() == len(values)
    assert counts.max() <= math.ceil(len(values) / 5) + 1


def test_slices_without_a_probability_are_left_out() -> None:
    with_gap = patient("A", [(0.2, False), (math.nan, True), (0.7, True)])
    without = patient("A", [(0.2, False), (0.7, True)])
    assert figures_of([with_gap]) == figures_of([without])
    figure = headline([with_gap], resamples=0)["brier"]
    assert (figure.patients, figure.slices) == (1, 2)
    nothing = figures_of([patient("A", [(math.nan, True)])])
    assert all(math.isnan(one) for one in nothing.values())


def test_the_diagram_has_equally_wide_bins() -> None:
    slices = [((place + 0.5) / 100, place >= 50) for place in range(100)]
    record = reliability_of([patient("A", slices, raw=[0.5] * 100)])
    assert [one.slices for one in record.after] == [10] * DIAGRAM_BINS
    assert record.after[0].probability == pytest.approx(0.05)
    assert [one.tumour for one in record.after] == [0.0] * 5 + [1.0] * 5
    (only,) = record.before
    assert (only.slices, only.probability, only.tumour) == (100, 0.5, 0.5)
