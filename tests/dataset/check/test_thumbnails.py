from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gliascope.dataset.check.thumbnails import SIDE, bright_square, thumbnails
from gliascope.phantom import make_phantom


@pytest.fixture(scope="module")
def flair() -> NDArray[np.uint8]:
    values: NDArray[np.uint8] = make_phantom(0, slices=5, size=96).scan.pixels[..., 1]
    return values


def correlation(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def test_the_head_fills_its_thumbnail(flair: NDArray[np.uint8]) -> None:
    small, fit = thumbnails(flair)
    assert small.shape == (len(fit), SIDE, SIDE)
    middle = small[fit.index(2)]
    for edge in (middle[:, :4], middle[:, -4:], middle[:4], middle[-4:]):
        assert edge.max() > 30


def test_slices_without_a_head_are_left_out(flair: NDArray[np.uint8]) -> None:
    empty = np.zeros_like(flair[0])
    corner = empty.copy()
    corner[:20, :20] = 200
    _, fit = thumbnails(np.stack([empty, flair[2], corner]))
    assert fit == [1]


def test_the_place_of_the_head_does_not_count(flair: NDArray[np.uint8]) -> None:
    middle = flair[2:3]
    (before, _), (after, _) = thumbnails(middle), thumbnails(np.pad(middle, ((0, 0), (20, 4), (3, 21))))
    assert correlation(before, after) > 0.98


def test_a_slice_is_cut_alike_in_another_patient(flair: NDArray[np.uint8]) -> None:
    other = make_phantom(1, slices=4, size=96).scan.pixels[..., 1]
    alone, _ = thumbnails(flair[2:3])
    small, fit = thumbnails(np.concatenate([other, flair[2:3]]))
    assert np.array_equal(small[fit.index(4)], alone[0])


@given(st.floats(0.6, 1.1), st.integers(0, 9))
def test_gain_and_noise_hardly_change_a_thumbnail(flair: NDArray[np.uint8], gain: float, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 2, flair[2:3].shape)
    changed = np.clip(flair[2:3] * gain + noise, 0, 255).astype(np.uint8)
    assert correlation(thumbnails(flair[2:3])[0], thumbnails(changed)[0]) > 0.97


def test_a_black_slice_has_no_head() -> None:
    assert bright_square(np.zeros((40, 50), np.uint8)) == (0, 0, 0)


def test_the_box_leaves_out_what_is_dark() -> None:
    pixels = np.full((100, 120), 5, np.uint8)
    pixels[20:80, 30:70] = 150
    top, left, side = bright_square(pixels)
    assert 56 <= side <= 60
    assert abs(top + side / 2 - 50) <= 1
    assert abs(left + side / 2 - 50) <= 1


def test_16_bits_are_brought_to_8(flair: NDArray[np.uint8]) -> None:
    deep = flair.astype(np.uint16) * np.uint16(100)
    (one, fit), (other, same) = thumbnails(flair), thumbnails(deep)
    assert fit == same
    assert all(correlation(one[place], other[place]) > 0.99 for place in range(len(fit)))
