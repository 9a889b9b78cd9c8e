from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.evaluate.thresholds import (
    balanced_threshold,
    candidates,
    choose_points,
    common_point,
    sensitive_threshold,
    specific_threshold,
    youden_threshold,
)
from gliascope.rules import OperatingPoint

LABELS = np.array([False, False, True, False, True, True, True])
SCORES = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.9, 0.95])
BALANCED = OperatingPoint("balanced", 0.5, 0.45, "largest", 3)

SLICES = st.lists(
    st.tuples(st.booleans(), st.integers(0, 12).map(lambda one: one / 12)), min_size=2, max_size=40
).filter(lambda rows: len({label for label, _ in rows}) == 2)


def shares(labels: np.ndarray, scores: np.ndarray, threshold: float) -> tuple[float, float]:
    called = scores >= threshold
    return float(called[labels].mean()), float((~called[~labels]).mean())


def test_by_hand() -> None:
    assert youden_threshold(LABELS, SCORES) == pytest.approx(0.5)  # 3/4 + 1; at 0.25 it is 1 + 2/3
    assert sensitive_threshold(LABELS, SCORES, 1.0) == pytest.approx(0.25)
    assert sensitive_threshold(LABELS, SCORES, 0.7) == pytest.approx(0.5)
    assert specific_threshold(LABELS, SCORES, 1.0) == pytest.approx(0.5)
    assert specific_threshold(LABELS, SCORES, 0.6) == pytest.approx(0.25)


@given(SLICES)
def test_candidates_are_what_their_thresholds_do(rows: list[tuple[bool, float]]) -> None:
    labels, scores = np.array([one for one, _ in rows]), np.array([one for _, one in rows])
    known = candidates(labels, scores)
    assert known is not None
    assert len(known.threshold) == len(set(scores.tolist()))
    for threshold, sensitivity, specificity in zip(known.threshold, known.sensitivity, known.specificity, strict=True):
        assert shares(labels, scores, threshold) == pytest.approx((sensitivity, specificity))


def test_balanced_is_the_share_of_tumour_slices_where_that_is_good_enough() -> None:
    labels = np.arange(100) < 30
    apart = np.where(labels, 0.9, 0.1)
    assert youden_threshold(labels, apart) == pytest.approx(0.5)
    assert balanced_threshold(labels, apart) == pytest.approx(0.3)
    late = np.where(labels, 0.9, np.where(np.arange(100) < 65, 0.6, 0.1))  # half of the others above the share
    assert balanced_threshold(labels, late) == pytest.approx(0.75)
    assert balanced_threshold(labels[:30], apart[:30]) == 0.5


def test_chance_moves_the_balanced_threshold_of_calibrated_slices_less_than_youdens() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(300) < 100
    found = []
    for _ in range(50):
        values = np.where(labels, 1.5, -1.5) + rng.normal(size=300)
        calibrated = 1 / (1 + np.exp(-3 * values - np.log(1 / 2)))  # by Bayes' rule
        found.append((youden_threshold(labels, calibrated), balanced_threshold(labels, calibrated)))
    youdens, balanced = np.std(found, axis=0)
    assert balanced < youdens / 3
    assert np.mean(found, axis=0) == pytest.approx(1 / 3, abs=0.05)


@given(SLICES)
def test_balanced_is_within_a_standard_error_of_the_best(rows: list[tuple[bool, float]]) -> None:
    labels, scores = np.array([one for one, _ in rows]), np.array([one for _, one in rows])
    best = shares(labels, scores, youden_threshold(labels, scores))
    mine = shares(labels, scores, balanced_threshold(labels, scores))
    counts = labels.sum(), (~labels).sum()
    shrunk = [(one * count + 1) / (count + 2) for one, count in zip(best, counts, strict=True)]
    error = sum(one * (1 - one) / count for one, count in zip(shrunk, counts, strict=True)) ** 0.5
    assert sum(best) - error - 1e-9 <= sum(mine) <= sum(best) + 1e-9


@given(SLICES, st.floats(0.5, 1))
def test_targets_are_kept_and_no_better_threshold_is_passed_over(rows: list[tuple[bool, float]], target: float) -> None:
    labels, scores = np.array([one for one, _ in rows]), np.array([one for _, one in rows])
    low, high = sensitive_threshold(labels, scores, target), specific_threshold(labels, scores, target)
    if low is not None:
        assert shares(labels, scores, low)[0] >= target
        assert all(shares(labels, scores, one)[0] < target for one in scores if one > min(scores[scores >= low]))
    if high is not None:
        assert shares(labels, scores, high)[1] >= target
        assert all(shares(labels, scores, one)[1] < target for one in scores[scores < high])


def test_points_stand_in_order_and_share_everything_else() -> None:
    points = choose_points(LABELS, SCORES, BALANCED)
    assert [one.detection for one in points.values()] == [0.5, pytest.approx(0.25), 0.5]
    assert [one.name for one in points.values()] == list(points) == ["balanced", "sensitive", "specific"]
    assert {(one.mask, one.components, one.run) for one in points.values()} == {(0.45, "largest", 3)}


def test_a_target_out_of_reach_leaves_the_threshold_of_balanced(caplog: pytest.LogCaptureFixture) -> None:
    points = choose_points(LABELS[::-1], SCORES, BALANCED)  # the lowest is a tumour, the highest is none
    assert {one.detection for one in points.values()} == {0.5}
    assert "out of reach, left at the threshold of balanced: operating point sensitive and specific" in caplog.text
    assert sensitive_threshold(LABELS[2:3], SCORES[2:3]) is None
    assert specific_threshold(LABELS[2:3], SCORES[2:3]) is None


def test_points_of_several_models_are_put_together() -> None:
    points = [OperatingPoint("balanced", 0.1 * n, 0.2 + 0.05 * n, "all" if n % 2 else "largest") for n in (1, 2, 4)]
    assert common_point(points) == OperatingPoint("balanced", 0.1, 0.2 + 0.05 * 2, "largest", 3)
    assert common_point(points[:2]).components == "all"
    assert (
        common_point([replace(points[0], components=one) for one in ("largest", "spanning")]).components == "spanning"
    )
    assert common_point(points[:2]).mask == pytest.approx(0.25)
    filling = [replace(points[0], holes="filled"), points[1], replace(points[2], holes="filled")]
    assert common_point(filling).holes == "filled"
    assert common_point(filling[:2]).holes == "kept"
