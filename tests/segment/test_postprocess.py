from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import ndimage

from gliascope.segment.postprocess import NEIGHBOURS, keep_components

VOLUMES = arrays(np.bool_, st.tuples(st.integers(1, 4), st.integers(1, 6), st.integers(1, 6)))


def test_the_largest_component_of_the_volume_is_kept() -> None:
    mask = np.zeros((4, 10, 10), dtype=np.bool_)
    mask[0, :3, :3] = True  # 9 on one slice
    mask[1:4, 6:8, 6:8] = True  # 12 over three slices
    kept = keep_components(mask, "largest")
    assert kept.sum() == 12
    assert not kept[0].any()
    assert np.array_equal(keep_components(mask, "all"), mask)


def test_voxels_that_touch_by_a_corner_belong_together() -> None:
    mask = np.zeros((2, 4, 4), dtype=np.bool_)
    mask[0, 1, 1] = mask[1, 2, 2] = True
    assert np.array_equal(keep_components(mask, "largest"), mask)


def test_of_equals_the_first_is_kept() -> None:
    mask = np.zeros((5, 3, 3), dtype=np.bool_)
    mask[0, 0, 0] = mask[4, 2, 2] = True
    assert np.argwhere(keep_components(mask, "largest")).tolist() == [[0, 0, 0]]


@given(VOLUMES)
def test_what_is_kept_is_one_of_the_largest_parts(mask: NDArray[np.bool_]) -> None:
    kept = keep_components(mask, "largest")
    assert not (kept & ~mask).any()
    sizes = np.bincount(ndimage.label(mask, NEIGHBOURS)[0].ravel())[1:]
    assert kept.sum() == (sizes.max() if sizes.size else 0)
    assert np.array_equal(keep_components(kept, "largest"), kept)


def test_parts_far_apart_are_those_of_the_whole_volume() -> None:
    mask = np.random.default_rng(2).random((6, 40, 40)) < 0.05
    mask[:2] = mask[:, :9] = mask[:, :, 33:] = False
    labels = ndimage.label(mask, NEIGHBOURS)[0]
    largest = labels == 1 + np.argmax(np.bincount(labels.ravel())[1:])
    assert 1 < largest.sum() < mask.sum()
    assert np.array_equal(keep_components(mask, "largest"), largest)
