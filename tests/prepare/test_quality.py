from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.prepare.quality import Quality, quality


@given(st.floats(2, 20), st.integers(0, 1000))
def test_noise_of_a_known_deviation_is_found(deviation: float, seed: int) -> None:
    image = np.random.default_rng(seed).normal(128, deviation, (200, 200))
    found = quality(np.clip(np.rint(image), 0, 255).astype(np.uint8)).noise
    assert found == pytest.approx(deviation, rel=0.06, abs=0.13)  # grey levels are whole: steps of 0.25


def test_edges_and_slopes_are_no_noise() -> None:
    y, x = np.mgrid[0:200, 0:200]
    image = (x * 0.5 + y * 0.25 + 60 * ((x - 100) ** 2 + (y - 100) ** 2 < 2500)).astype(np.float64)
    noisy = image + np.random.default_rng(0).normal(0, 4, image.shape)
    assert quality(np.clip(np.rint(noisy), 0, 255).astype(np.uint8)).noise == pytest.approx(4, rel=0.12)


def test_contrast_is_the_share_of_white() -> None:
    board = np.kron(np.indices((20, 20)).sum(axis=0) % 2, np.ones((5, 5))) * 255
    found = quality(board.astype(np.uint8))
    assert found.contrast == pytest.approx(0.5)
    assert found.entropy == pytest.approx(1)


def test_a_uniform_histogram_has_eight_bits() -> None:
    assert quality(np.arange(256, dtype=np.uint8).reshape(16, 16)).entropy == pytest.approx(8)


def test_an_even_image_has_nothing() -> None:
    assert quality(np.full((30, 30), 7, dtype=np.uint8)) == Quality(0, 0, 0, 0)


def test_only_the_foreground_counts() -> None:
    rng = np.random.default_rng(0)
    image = np.zeros((120, 120), dtype=np.uint8)
    inside = np.zeros_like(image, dtype=np.bool_)
    inside[20:100, 20:100] = True
    image[inside] = rng.normal(100, 5, 6400).astype(np.uint8)
    assert quality(image, inside).contrast == pytest.approx(5 / 255, rel=0.05)
    assert quality(image).contrast > 0.15
    assert quality(image, np.zeros_like(inside)) == quality(image)


def test_gain_scales_contrast_and_noise() -> None:
    texture = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 60, (150, 150)), (0, 0), 2) + 60
    soft = np.clip(texture, 0, 127).astype(np.uint8)
    one, two = quality(soft), quality(soft * 2)
    for name in ("contrast", "local_contrast", "noise"):
        assert getattr(two, name) == pytest.approx(2 * getattr(one, name), rel=1e-9)
    assert two.entropy == pytest.approx(one.entropy)


@pytest.mark.parametrize("bad", [np.zeros((4, 4), np.int16), np.zeros((4, 4, 1), np.uint8), np.zeros((0, 0), np.uint8)])
def test_an_image_must_be_2d_uint8(bad: NDArray[np.uint8]) -> None:
    with pytest.raises(InputError, match="an image must be uint8"):
        quality(bad)


def test_a_foreground_must_fit() -> None:
    with pytest.raises(InputError, match=r"a foreground must have the image's shape \(4, 4\)"):
        quality(np.zeros((4, 4), np.uint8), np.ones((2, 2), np.bool_))
