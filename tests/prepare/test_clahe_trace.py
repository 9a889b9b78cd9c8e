"""The mappings of all tiles, interpolated, are OpenCV's output."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.prepare.clahe import enhance
from gliascope.prepare.clahe_trace import TileTrace, clip_histogram, most_informative, trace_tiles
from gliascope.recipe import Clahe


def head_like(rows: int, columns: int, seed: int) -> NDArray[np.uint8]:
    """A bright smooth ellipse with texture and noise on a dark ground, as a slice of a head."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    texture = cv2.GaussianBlur(rng.normal(size=(rows, columns)), (0, 0), max(rows, columns) / 20)
    values = np.where(x**2 + y**2 < 0.7, 90 + 400 * texture + 60 * x, 4) + rng.normal(0, 3, (rows, columns))
    return np.clip(values, 0, 255).astype(np.uint8)


def interpolated(channel: NDArray[np.uint8], tiles: list[TileTrace], grid: int) -> NDArray[np.float32]:
    """Bilinear mean of the mappings of the four nearest tile centres (Zuiderveld 1994), in single precision."""
    top, left, bottom, right = tiles[0].box
    maps = np.stack([tile.mapping for tile in tiles]).reshape(grid, grid, 256).astype(np.float32)

    def neighbours(length: int, tile: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        place = np.arange(length, dtype=np.float32) * np.float32(1 / tile) - np.float32(0.5)
        first = np.floor(place).astype(np.int64)
        return np.maximum(first, 0), np.minimum(first + 1, grid - 1), (place - first).astype(np.float32)

    y1, y2, v = neighbours(channel.shape[0], bottom - top)
    x1, x2, u = neighbours(channel.shape[1], right - left)
    v, u = v[:, None], u[None]
    upper = maps[y1[:, None], x1[None], channel] * (1 - u) + maps[y1[:, None], x2[None], channel] * u
    lower = maps[y2[:, None], x1[None], channel] * (1 - u) + maps[y2[:, None], x2[None], channel] * u
    return np.asarray(upper * (1 - v) + lower * v, dtype=np.float32)


@given(
    rows=st.integers(40, 150),
    columns=st.integers(40, 150),
    grid=st.integers(1, 12),
    limit=st.floats(0.1, 40),
    seed=st.integers(0, 10_000),
)
def test_interpolated_mappings_are_what_opencv_returns(
    rows: int, columns: int, grid: int, limit: float, seed: int
) -> None:
    channel = head_like(rows, columns, seed)
    clahe = Clahe(clip_limit=limit, tile_grid=grid)
    own = np.rint(interpolated(channel, trace_tiles(channel, clahe), grid))
    difference = np.abs(own - enhance(channel, clahe))
    # A processor that fuses multiplication and addition may round a half to its other neighbour.
    assert difference.max() <= 1
    assert np.count_nonzero(difference) <= channel.size * 0.005


def test_default_grid_on_a_slice_of_the_usual_size() -> None:
    channel = head_like(256, 256, 0)
    tiles = trace_tiles(channel, Clahe())
    assert len(tiles) == 64
    assert tiles[9].box == (32, 32, 64, 64)
    assert tiles[0].limit == 8  # 2 x 32 x 32 / 256
    assert np.array_equal(np.rint(interpolated(channel, tiles, 8)), enhance(channel, Clahe()))


@given(st.lists(st.integers(0, 400), min_size=256, max_size=256), st.integers(1, 300))
def test_clipping_moves_pixels_and_loses_none(counts: list[int], limit: int) -> None:
    histogram = np.array(counts, dtype=np.int64)
    clipped = clip_histogram(histogram, limit)
    assert clipped.sum() == histogram.sum()
    batch = np.maximum(histogram - limit, 0).sum() // 256
    assert ((clipped - np.minimum(histogram, limit) - batch) <= 1).all()
    assert (clipped >= np.minimum(histogram, limit) + batch).all()


@given(seed=st.integers(0, 1000), grid=st.integers(1, 9))
def test_cumulative_and_mapping_rise_to_the_top(seed: int, grid: int) -> None:
    for tile in trace_tiles(head_like(50, 70, seed), Clahe(tile_grid=grid)):
        assert tile.cumulative[-1] == 1
        assert (np.diff(tile.cumulative) >= 0).all()
        assert (np.diff(tile.mapping.astype(int)) >= 0).all()
        assert tile.mapping[-1] == 255
        assert 0 <= tile.entropy <= 8


def test_the_most_informative_tile_is_the_one_with_most_grey_levels() -> None:
    channel = np.full((64, 64), 7, dtype=np.uint8)
    channel[32:48, 16:32] = np.arange(256, dtype=np.uint8).reshape(16, 16)
    tiles = trace_tiles(channel, Clahe(tile_grid=4))
    everywhere, upper = np.ones((64, 64), dtype=bool), np.arange(64)[:, None].repeat(64, axis=1) < 16
    tile = most_informative(tiles, everywhere)
    assert (tile.row, tile.column) == (2, 1)
    assert tile.entropy == pytest.approx(8)
    assert most_informative(tiles, upper).row == 0
    assert most_informative(tiles, ~everywhere) is tile


@pytest.mark.parametrize(
    "bad", [np.zeros((4, 4), np.float32), np.zeros((4, 4, 3), np.uint8), np.zeros((0, 4), np.uint8)]
)
def test_a_channel_must_be_2d_uint8(bad: NDArray[np.uint8]) -> None:
    with pytest.raises(InputError, match=r"a channel must be uint8 of shape \(row, column\)"):
        trace_tiles(bad, Clahe())
