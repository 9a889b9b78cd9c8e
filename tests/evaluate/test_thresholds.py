from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.evaluate.thresholds import (
    candidates,
    choose_points,
    common_point,
    sensitive_threshold,
    specific_threshold,
    youden_threshold,
)
from gliascope.findings import OperatingPoint

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
    assert common_point(points[:2]).mask == pytest.approx(0.25)
