from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.read import pixel_hash

SLICES = arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3])))


def test_the_documented_bytes_are_hashed() -> None:
    pixels = np.array([[1, 2, 3], [4, 5, 300]], dtype=np.uint16)
    expected = hashlib.sha256(b"gliascope.pixels/1 uint16 2x3x1\n" + pixels.astype("<u2").tobytes())
    assert pixel_hash(pixels) == expected.hexdigest()


@given(SLICES)
def test_the_same_pixels_have_the_same_digest_in_any_memory_layout(pixels: NDArray[np.uint8]) -> None:
    digest = pixel_hash(pixels)
    assert pixel_hash(np.asfortranarray(pixels)) == digest
    assert pixel_hash(pixels[::-1][::-1]) == digest
    wide = pixels.astype(np.uint16)
    assert pixel_hash(wide.astype(">u2")) == pixel_hash(wide) != digest


@given(SLICES, st.data())
def test_one_changed_pixel_changes_the_digest(pixels: NDArray[np.uint8], data: st.DataObject) -> None:
    place = tuple(data.draw(st.integers(0, length - 1)) for length in pixels.shape)
    changed = pixels.copy()
    changed[place] ^= 1
    assert pixel_hash(changed) != pixel_hash(pixels)


def test_the_shape_counts() -> None:
    assert pixel_hash(np.zeros((2, 6), np.uint8)) != pixel_hash(np.zeros((3, 4), np.uint8))
    assert pixel_hash(np.zeros((2, 6), np.uint8)) == pixel_hash(np.zeros((2, 6, 1), np.uint8))


def test_a_volume_is_refused() -> None:
    with pytest.raises(InputError, match=r"2-D or 3-D .*received shape \(1, 2, 3, 4\)"):
        pixel_hash(np.zeros((1, 2, 3, 4), np.uint8))
