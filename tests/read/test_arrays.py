from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.read import case_from_array, pixel_hash
from gliascope.read.channels import EQUAL_CHANNELS, GREY_IS_FLAIR


@pytest.mark.parametrize(
    ("shape", "channels", "expected"),
    [
        ((5, 4), None, (1, 5, 4, 1)),
        ((5, 4, 3), None, (1, 5, 4, 3)),
        ((3, 5, 4), None, (3, 5, 4, 1)),
        ((2, 5, 4, 3), None, (2, 5, 4, 3)),
        ((2, 5, 4, 1), None, (2, 5, 4, 1)),
        ((6, 5, 2), ("flair", "post"), (1, 6, 5, 2)),
        ((6, 5, 2), ("flair",), (6, 5, 2, 1)),
    ],
)
def test_axes(shape: tuple[int, ...], channels: Any, expected: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    case = case_from_array(values, channels=channels)
    (scan,) = case.scans
    assert scan.pixels.shape == expected
    assert np.array_equal(scan.pixels.ravel(), values.ravel())
    assert scan.is_volume == (expected[0] > 1)
    assert len(case.truths) == expected[0]
    assert [(source.path, source.page, source.pages) for source in scan.sources] == [
        (None, page, expected[0]) for page in range(expected[0])
    ]


@given(arrays(np.uint16, st.tuples(st.integers(1, 3), st.integers(1, 6), st.integers(4, 6))))
def test_values_become_float32_and_the_digest_is_of_the_input(values: NDArray[np.uint16]) -> None:
    case = case_from_array(values)
    assert case.scans[0].pixels.dtype == np.float32
    assert np.array_equal(case.scans[0].pixels[..., 0], values)
    assert [source.sha256 for source in case.sources] == [pixel_hash(one) for one in values]


def test_the_case_does_not_share_memory_with_the_array() -> None:
    values = np.zeros((4, 5), np.uint8)
    case = case_from_array(values)
    values[:] = 9
    assert not case.scans[0].pixels.any()


def test_what_was_assumed_is_told() -> None:
    grey = np.arange(20, dtype=np.uint8).reshape(4, 5)
    assert case_from_array(grey).warnings == (GREY_IS_FLAIR,)
    case = case_from_array(np.dstack([grey] * 3))
    assert case.scans[0].sequences == ("flair",)
    assert case.warnings == (EQUAL_CHANNELS,)
    assert case_from_array(grey, channels=("flair",)).warnings == ()
    assert case_from_array(grey, "a/b").name == "a_b"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros(4), r"2, 3 or 4 axes, received shape \(4,\)"),
        (np.zeros((1, 1, 1, 1, 1)), r"2, 3 or 4 axes, received shape"),
        (np.zeros((0, 4)), r"at least one pixel, received shape \(0, 4\)"),
        (np.full((2, 2), np.nan), "finite as float32, received NaN, infinity"),
        (np.full((2, 2), 1e39), "finite as float32, received NaN, infinity or a value beyond it"),
        (np.zeros((2, 2), bool), "integer or float, received bool"),
        (np.zeros((2, 2), complex), "integer or float, received complex128"),
        ([["a"]], "integer or float, received <U1"),
        (np.zeros((2, 2, 2, 2)), "1 or 3 channels, received 2"),
    ],
)
def test_other_arrays_are_refused(values: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        case_from_array(values)
