"""Padding that no header declares does not spend the grey levels; a background is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gliascope.read.nifti.decode import decode_nifti
from gliascope.read.nifti.padding import replace_padding

SaveVolume = Callable[..., Path]


@pytest.mark.parametrize("padding", [-32768, -2000])
def test_padding_gets_the_lowest_other_value(save_volume: SaveVolume, values: NDArray[Any], padding: int) -> None:
    padded = values.copy()
    padded[:2] = padding
    path = save_volume("a.nii", padded)
    decoded = decode_nifti(path)
    assert np.array_equal(decoded.values[2:], values[2:])
    assert (decoded.values[:2] == values[2:].min()).all()
    assert decoded.notes == (
        f"voxels of {padding}, far below all others, are taken as padding and given the lowest other value",
    )
    assert np.array_equal(decode_nifti(path, is_mask=True).values, padded)


@pytest.mark.parametrize(
    ("background", "count"),
    [(0, 84), (-100, 84), (-32768, 0), (-32768, 210)],
    ids=["a background of 0", "near the others", "none", "all"],
)
def test_what_may_be_more_than_padding_is_left(values: NDArray[Any], background: int, count: int) -> None:
    plain = values.astype(np.float32)
    plain.ravel()[:count] = background
    kept = plain.copy()
    assert replace_padding(plain) == ()
    assert np.array_equal(plain, kept)


def test_a_few_voxels_are_no_padding() -> None:
    values = np.random.default_rng(0).random((20, 20, 20)).astype(np.float32)
    values[0, 0, :7] = -32768
    assert replace_padding(values) == ()
    values[0, 0, :8] = -32768
    assert replace_padding(values)
    assert values.min() >= 0


def test_labels_and_two_values_are_left() -> None:
    values = np.repeat(np.array([-1000, 1], np.float32), 500)
    assert replace_padding(values) == ()
