from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from gliascope.present.overlay import coverage, fitted, grey_picture, mask_picture, outlined, outlines, tinted


def shoelace(line: NDArray[np.float64]) -> float:
    """Area inside a closed line (Gauss's formula), signed by its direction."""
    x, y = line[:, 0], line[:, 1]
    return 0.5 * float(x @ np.roll(y, -1) - y @ np.roll(x, -1))


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(8, 600))
def test_fitted_keeps_the_shape_and_the_box(rows: int, columns: int, side: int) -> None:
    width, height = fitted((rows, columns), side, side)
    assert 1 <= width <= side
    assert 1 <= height <= side
    assert max(width, height) == side
    if min(width, height) > 20:
        assert width / height == pytest.approx(columns / rows, rel=0.05)


def test_outline_runs_half_way_between_inside_and_outside() -> None:
    mask = np.zeros((10, 12), dtype=np.bool_)
    mask[3:6, 4:9] = True
    (line,) = outlines(mask)
    assert line[:, 0].min() == 3.5
    assert line[:, 0].max() == 8.5
    assert line[:, 1].min() == 2.5
    assert line[:, 1].max() == 5.5
    assert np.array_equal(line[0], line[-1])


@given(mask=hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=15)))
def test_outlines_hold_the_masks_area_but_for_corners(mask: NDArray[np.bool_]) -> None:
    lines = outlines(mask)
    area = abs(sum(shoelace(line) for line in lines))
    corners = sum(len(line) for line in lines)
    assert abs(area - np.count_nonzero(mask)) <= 0.125 * corners + 1e-9
    assert bool(lines) == bool(mask.any())


def test_a_hole_has_its_own_outline() -> None:
    mask = np.ones((9, 9), dtype=np.bool_)
    mask[4, 4] = False
    assert sorted(round(abs(shoelace(line)), 3) for line in outlines(mask)) == [0.5, 80.5]


def test_outline_is_drawn_on_the_border_and_nowhere_else() -> None:
    mask = np.zeros((64, 64), dtype=np.bool_)
    mask[16:48, 16:48] = True
    black = np.zeros((256, 256, 3), dtype=np.uint8)
    drawn = outlined(black, mask, (255, 159, 28))
    rows, columns = np.nonzero(drawn.any(axis=2))
    assert not black.any()
    # The border lies between display pixels 63 and 64: both take part of the line.
    assert (drawn[128, 63:65].astype(int).sum(axis=0) >= (255, 159, 28)).all()
    assert np.abs(drawn[128, 63].astype(int) - drawn[128, 64]).max() < 16
    inside_border = (np.abs(rows - 63.5) < 3) | (np.abs(rows - 191.5) < 3)
    assert (inside_border | (np.abs(columns - 63.5) < 3) | (np.abs(columns - 191.5) < 3)).all()
    thickness = drawn[100, 50:80].any(axis=1).sum()
    assert thickness <= 3


@given(scale=st.integers(1, 5), mask=hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)))
def test_coverage_of_a_whole_scale_repeats_pixels(scale: int, mask: NDArray[np.bool_]) -> None:
    rows, columns = mask.shape
    expected = np.kron(mask, np.ones((scale, scale), dtype=np.bool_))
    assert np.array_equal(coverage(mask, (columns * scale, rows * scale)), expected.astype(np.float32))


def test_coverage_of_any_scale_keeps_the_share() -> None:
    mask = np.zeros((256, 256), dtype=np.bool_)
    mask[30:90, 100:170] = True
    assert coverage(mask, (304, 304)).mean() == pytest.approx(mask.mean(), rel=0.02)


def test_tint_mixes_colour_only_inside() -> None:
    mask = np.zeros((4, 4), dtype=np.bool_)
    mask[1, 2] = True
    grey = np.full((4, 4, 3), 100, dtype=np.uint8)
    mixed = tinted(grey, mask, (200, 0, 50), 0.5)
    assert mixed[1, 2].tolist() == [150, 50, 75]
    assert (mixed[~mask] == 100).all()
    assert mask_picture(mask, (4, 4), (200, 0, 50))[1, 2].tolist() == [200, 0, 50]


def test_grey_picture_has_equal_channels() -> None:
    picture = grey_picture(np.arange(64, dtype=np.uint8).reshape(8, 8), (40, 20))
    assert picture.shape == (20, 40, 3)
    assert (picture[..., 0] == picture[..., 1]).all()
    assert (picture[..., 0] == picture[..., 2]).all()
