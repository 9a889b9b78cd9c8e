from __future__ import annotations

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gliascope.detect.descriptor import describe
from gliascope.detect.section import find_section
from gliascope.phantom import make_phantom


def described(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    section = find_section(image)
    assert section is not None
    return describe(section)


def flair(seed: int = 1) -> NDArray[np.uint8]:
    return np.ascontiguousarray(make_phantom(seed, slices=5, size=160).scan.pixels[2, :, :, 1])


def likeness(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    return float(np.corrcoef(first, second)[0, 1])


def test_place_size_and_gain_change_little() -> None:
    image = flair()
    numbers = described(image)
    moved = np.roll(image, (6, -8), axis=(0, 1))
    larger = cv2.resize(image, None, fx=2.5, fy=2.5, interpolation=cv2.INTER_LINEAR)
    padded = cv2.copyMakeBorder(image, 30, 10, 20, 40, cv2.BORDER_CONSTANT, value=0)
    brighter = np.clip(image * 1.6, 0, 255).astype(np.uint8)
    for changed in (moved, larger, padded, brighter):
        assert likeness(numbers[13:], described(np.asarray(changed, dtype=np.uint8))[13:]) > 0.97


def test_another_contrast_and_another_shape_change_much() -> None:
    image = flair()
    numbers = described(image)
    inside = (image > 30).astype(np.uint8)
    inverted = ((200 - np.minimum(image, 200)) * inside).astype(np.uint8)
    squashed = cv2.resize(image, (160, 60), interpolation=cv2.INTER_AREA)
    for changed in (inverted, squashed):
        assert likeness(numbers[13:], described(np.asarray(changed, dtype=np.uint8))[13:]) < 0.955


@given(st.integers(5, 220), st.integers(5, 220), st.integers(0, 5), st.sampled_from([2, 40, 256]))
def test_any_section_has_as_many_finite_numbers(rows: int, columns: int, seed: int, levels: int) -> None:
    image = np.random.default_rng(seed).integers(0, levels, (rows, columns)).astype(np.uint8)
    section = find_section(image)
    if section is not None:
        numbers = describe(section)
        assert numbers.shape == (1417,)
        assert numbers.dtype == np.float32
        assert np.isfinite(numbers).all()


def test_the_same_image_gives_the_same_numbers() -> None:
    assert np.array_equal(described(flair()), described(flair()))
