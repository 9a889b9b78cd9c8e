from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.detect.case import run_length, run_score
from gliascope.scan import Scan, Source

ALL = np.ones(6, dtype=np.bool_)


def scan(slices: int, spacing: float | None = None, volume: bool = True) -> Scan:
    sources = tuple(Source(None, 0, 1, f"{place:064x}") for place in range(slices))
    affine = np.diag([1.0, 1.0, spacing or 1.0, 1.0])
    return Scan(np.zeros((slices, 4, 4, 1), np.uint8), ("flair",), sources, volume, affine, spacing is not None)


def test_by_hand() -> None:
    values = np.array([0.1, 0.9, 0.2, 0.6, 0.7, 0.5], np.float32)
    assert run_score(values, ALL, 1) == pytest.approx(0.9)
    assert run_score(values, ALL, 2) == pytest.approx(0.6)
    assert run_score(values, ALL, 3) == pytest.approx(0.5)
    assert run_score(values, ALL, 6) == pytest.approx(0.1)
    assert run_score(values, ALL, 9) == pytest.approx(0.1)  # no more slices than there are


def test_no_run_goes_over_a_slice_that_cannot_be_judged() -> None:
    values = np.array([0.9, 0.9, 0.9, 0.9, 0.2, 0.9], np.float32)
    judged = np.array([True, True, False, True, True, True])
    assert run_score(values, judged, 3) == pytest.approx(0.2)
    assert run_score(values, judged, 2) == pytest.approx(0.9)
    assert run_score(values[:3], judged[:3], 3) == pytest.approx(0.9)  # two are the longest row
    assert math.isnan(run_score(values, np.zeros(6, dtype=np.bool_), 3))
    assert math.isnan(run_score(values[:0], judged[:0], 3))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(1, 5), st.floats(0, 1))
def test_the_score_reaches_a_threshold_where_a_run_of_slices_does(values: list[float], run: int, limit: float) -> None:
    score = run_score(np.array(values), np.ones(len(values), dtype=np.bool_), run)
    length = min(run, len(values))
    runs = [values[start : start + length] for start in range(len(values) - length + 1)]
    assert (score >= limit) == any(all(one >= limit for one in mine) for mine in runs)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(1, 5))
def test_a_longer_run_never_scores_higher(values: list[float], run: int) -> None:
    judged = np.ones(len(values), dtype=np.bool_)
    assert run_score(np.array(values), judged, run + 1) <= run_score(np.array(values), judged, run)


def test_a_run_reaches_equally_far_in_thin_slices() -> None:
    assert run_length(scan(20), 3, 5.0) == 3
    assert run_length(scan(20, spacing=5.0), 3, 5.0) == 3
    assert run_length(scan(20, spacing=1.0), 3, 5.0) == 11
    assert run_length(scan(20, spacing=8.0), 3, 5.0) == 3
    assert run_length(scan(20, spacing=1.0), 1, 5.0) == 1
    assert run_length(scan(1, volume=False), 3, 5.0) == 1
