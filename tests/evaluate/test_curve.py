from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.evaluate.curve import area_under_curve


def area(labels: list[int], scores: list[float]) -> float:
    return area_under_curve(np.array(labels, dtype=np.bool_), np.array(scores))


def test_pairs_in_the_right_order_count_one_and_ties_half() -> None:
    assert area([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1]) == 1.0
    assert area([1, 1, 0, 0], [0.1, 0.2, 0.8, 0.9]) == 0.0
    assert area([1, 0], [0.5, 0.5]) == 0.5
    assert area([1, 1, 0, 0], [0.9, 0.4, 0.6, 0.4]) == pytest.approx((1 + 1 + 0 + 0.5) / 4)


@pytest.mark.parametrize("labels", [[1, 1], [0, 0], []])
def test_one_class_alone_has_no_area(labels: list[int]) -> None:
    assert math.isnan(area(labels, [0.1] * len(labels)))


PAIRS = st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=2, max_size=40)


@given(PAIRS)
def test_agrees_with_scikit_learn(pairs: list[tuple[bool, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    labels, scores = (np.array(one) for one in zip(*pairs, strict=True))
    if labels.all() or not labels.any():
        return
    assert area_under_curve(labels, scores) == pytest.approx(metrics.roc_auc_score(labels, scores))


@given(PAIRS)
def test_swapping_the_classes_mirrors_the_area(pairs: list[tuple[bool, int]]) -> None:
    labels, scores = (np.array(one) for one in zip(*pairs, strict=True))
    if labels.all() or not labels.any():
        return
    assert area_under_curve(labels, scores) == pytest.approx(1 - area_under_curve(~labels, scores))
