from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import ndimage

from gliascope.segment.postprocess import MOST_FILLED, NEIGHBOURS, fill_holes, keep_components

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


def test_parts_on_one_slice_are_dropped_but_for_the_largest() -> None:
    mask = np.zeros((6, 10, 10), dtype=np.bool_)
    mask[1:4, :3, :3] = True  # 27 over three slices
    mask[2, 6:9, :3] = True  # 9 on one slice
    mask[4:6, 6:8, 8:] = True  # 8 over two slices
    kept = keep_components(mask, "spanning")
    assert kept[2].sum() == 9
    assert kept.sum() == 27 + 8
    assert keep_components(mask, "spanning", step=2).sum() == 27  # where slices lie closer, more are one training slice
    mask[1:4] = False
    mask[0, 3:9, :5] = True  # 30 on one slice, now the largest
    assert keep_components(mask, "spanning").sum() == 30 + 8


@given(VOLUMES, st.integers(1, 3))
def test_what_spans_slices_lies_between_all_and_the_largest(mask: NDArray[np.bool_], step: int) -> None:
    kept = keep_components(mask, "spanning", step)
    assert not (kept & ~mask).any()
    assert not (keep_components(mask, "largest") & ~kept).any()
    assert np.array_equal(keep_components(kept, "spanning", step), kept)


def test_small_holes_are_filled_and_large_ones_are_not() -> None:
    mask = np.zeros((3, 30, 30), dtype=np.bool_)
    mask[1, 5:25, 5:25] = True  # 400
    mask[1, 8:10, 8:10] = False  # 4, a hole
    mask[1, 5, 12:14] = False  # open to the edge
    mask[1, 15:18, 15:18] = False
    mask[1, 14, 14] = False  # joined to the hole by a corner alone: another hole
    filled = fill_holes(mask)
    assert filled[1, 8:10, 8:10].all()
    assert filled[1, 14, 14]
    assert filled[1, 15:18, 15:18].all()
    assert not filled[1, 5, 12:14].any()
    assert filled.sum() == 400 - 2
    mask[1, 8:16, 8:16] = False
    assert not fill_holes(mask)[1, 8:16, 8:16].any()  # more than a tenth of what is around it
    assert not fill_holes(np.zeros_like(mask)).any()


@given(VOLUMES)
def test_filling_adds_nothing_outside(mask: NDArray[np.bool_]) -> None:
    filled = fill_holes(mask)
    assert (filled >= mask).all()
    for before, after in zip(mask, filled, strict=True):
        assert (after <= ndimage.binary_fill_holes(before)).all()
        assert after.sum() - before.sum() <= ndimage.label(after & ~before)[1] * MOST_FILLED * before.sum()
