from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.detect.section import LONGEST, find_section, holes


def disc(shape: tuple[int, int] = (100, 120), radius: int = 30, level: int = 120) -> np.ndarray:
    image = np.zeros(shape, dtype=np.uint8)
    return np.asarray(cv2.circle(image, (shape[1] // 2, shape[0] // 2), radius, level, -1))


def test_the_largest_object_is_found_with_its_holes() -> None:
    image = disc()
    image[45:55, 55:65] = 0
    image[5:15, 5:15] = 200
    section = find_section(image)
    assert section is not None
    assert section.filled[50, 60] == 1
    assert section.solid[50, 60] == 0
    assert section.filled[10, 10] == 0
    assert section.foreground[10, 10] == 1
    top, left, height, width = section.box
    assert (top, left) == pytest.approx((20, 30), abs=1)
    assert (height, width) == pytest.approx((61, 61), abs=2)
    assert section.area_share == pytest.approx(np.pi * 30**2 / (100 * 120), rel=0.05)
    assert section.border_share == 0
    assert section.histogram.sum() == pytest.approx(1)


def test_a_large_image_is_reduced_and_keeps_its_shares() -> None:
    small, large = find_section(disc()), find_section(disc((1000, 1200), 300))
    assert small is not None
    assert large is not None
    assert max(large.image.shape) == LONGEST
    assert large.area_share == pytest.approx(small.area_share, rel=0.03)


def test_what_touches_the_border_is_counted() -> None:
    image = np.zeros((50, 50), dtype=np.uint8)
    image[:25] = 100
    section = find_section(image)
    assert section is not None
    assert section.border_share == pytest.approx((50 + 25 + 25) / 200, abs=0.02)


@pytest.mark.parametrize("image", [np.zeros((20, 30)), np.full((20, 30), 7), np.eye(3), np.ones((1, 1))])
def test_nothing_large_enough_is_no_section(image: np.ndarray) -> None:
    section = find_section(image.astype(np.uint8))
    assert section is None or section.border_share == 1


def test_a_ring_that_is_open_has_no_hole() -> None:
    ring = np.asarray(cv2.circle(np.zeros((60, 60), dtype=np.uint8), (30, 30), 20, 1, 3), dtype=np.uint8)
    assert holes(ring)[30, 30] == 1
    ring[30, :] = 0
    assert holes(ring).sum() == 0


@given(st.integers(1, 300), st.integers(1, 40), st.integers(0, 10))
def test_any_image_can_be_looked_at(rows: int, columns: int, seed: int) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (rows, columns), dtype=np.uint8)
    section = find_section(image)
    assert section is None or section.filled.shape == section.image.shape
