from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.present.intensity_plots import brighter, histogram_of, median_level

pd = pytest.importorskip("pandas")

LEVELS = st.lists(st.integers(0, 255), min_size=1, max_size=40)


def counted(levels: list[int]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.bincount(levels, minlength=256).astype(np.float64)


@given(LEVELS, LEVELS)
def test_brighter_is_the_share_of_pairs(one: list[int], other: list[int]) -> None:
    pairs = [1.0 if a > b else 0.5 if a == b else 0.0 for a in one for b in other]
    assert brighter(counted(one), counted(other)) == pytest.approx(np.mean(pairs))


@given(LEVELS)
def test_a_region_is_no_brighter_than_itself(one: list[int]) -> None:
    assert brighter(counted(one), counted(one)) == pytest.approx(0.5)


@given(LEVELS)
def test_the_median_halves_the_pixels(one: list[int]) -> None:
    middle = median_level(counted(one))
    assert middle == np.percentile(one, 50, method="inverted_cdf")


def test_an_empty_region_has_no_figures() -> None:
    assert median_level(np.zeros(256)) is None
    assert brighter(np.zeros(256), counted([3])) is None


def test_rows_are_chosen_by_what_they_are() -> None:
    table = pd.DataFrame(
        {
            "region": ["tumour", "tumour", "rest of the head"],
            "level": [3, 200, 3],
            "pixels": [5, 7, 11],
        }
    )
    tumour = histogram_of(table, region="tumour")
    assert (tumour[3], tumour[200], tumour.sum()) == (5, 7, 12)
    assert histogram_of(table)[3] == 16
