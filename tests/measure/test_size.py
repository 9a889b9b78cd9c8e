from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import ndimage

from gliascope.errors import InputError
from gliascope.measure.size import Size, measure_size


def test_nothing_has_no_place() -> None:
    assert measure_size(np.zeros((4, 5), dtype=np.bool_)) == Size(0, 0, None, None, None)


def test_a_single_pixel() -> None:
    mask = np.zeros((4, 5), dtype=np.bool_)
    mask[2, 3] = True
    assert measure_size(mask) == Size(1, 1, (2.0, 3.0), (2, 3, 3, 4), math.sqrt(2))


def test_a_block_and_a_larger_but_shorter_part() -> None:
    mask = np.zeros((30, 40), dtype=np.bool_)
    mask[2:4, 1:13] = True
    mask[10:16, 20:26] = True
    size = measure_size(mask)
    assert (size.area_px, size.components) == (24 + 36, 2)
    assert size.box == (2, 1, 16, 26)
    assert size.centroid == pytest.approx(((24 * 2.5 + 36 * 12.5) / 60, (24 * 6.5 + 36 * 22.5) / 60))
    assert size.diameter_px == pytest.approx(math.hypot(2, 12))


def test_pixels_that_touch_by_a_corner_are_one_part() -> None:
    mask = np.eye(3, dtype=np.bool_)
    size = measure_size(mask)
    assert size.components == 1
    assert size.diameter_px == pytest.approx(math.hypot(3, 3))


@given(arrays(np.bool_, st.tuples(st.integers(1, 9), st.integers(1, 9))))
def test_bounds(mask: NDArray[np.bool_]) -> None:
    size = measure_size(mask)
    assert size.area_px == mask.sum()
    if size.centroid is None or size.box is None or size.diameter_px is None:
        assert not mask.any()
        return
    top, left, bottom, right = size.box
    assert mask[top:bottom, left:right].sum() == size.area_px
    assert mask[top].any()
    assert mask[:, right - 1].any()
    assert top <= size.centroid[0] <= bottom - 1
    assert left <= size.centroid[1] <= right - 1
    assert 1 <= size.components <= size.area_px
    assert math.sqrt(2) <= size.diameter_px * (1 + 1e-12) <= math.hypot(bottom - top, right - left) * (1 + 1e-9)


def test_other_shapes_and_types_are_refused() -> None:
    with pytest.raises(InputError, match="2-D"):
        measure_size(np.zeros((2, 3, 4), dtype=np.bool_))
    with pytest.raises(InputError, match="boolean"):
        measure_size(np.zeros((3, 4), dtype=np.uint8))


@given(arrays(np.bool_, st.tuples(st.integers(1, 8), st.integers(1, 8))))
def test_the_diameter_is_the_longest_way_between_corners_of_a_part(mask: NDArray[np.bool_]) -> None:
    size = measure_size(mask)
    if size.diameter_px is None:
        return
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    longest = 0.0
    for part in range(1, count + 1):
        corners = np.concatenate([np.argwhere(labels == part) + one for one in ((0, 0), (0, 1), (1, 0), (1, 1))])
        longest = max(longest, float(np.sqrt(((corners[:, None] - corners[None]) ** 2).sum(axis=2)).max()))
    assert size.diameter_px == pytest.approx(longest, rel=1e-12)
