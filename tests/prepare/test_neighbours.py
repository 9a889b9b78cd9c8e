from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.phantom import make_phantom
from gliascope.prepare import neighbour_places, prepare
from gliascope.recipe import Preparation
from gliascope.scan import SEQUENCES, Scan, Sequence, Source

FLAIR = SEQUENCES.index("flair")


def scan_of(slices: int, spacing: float | None = None, sequences: tuple[Sequence, ...] = SEQUENCES) -> Scan:
    pixels = make_phantom(1, slices=max(slices, 2), size=64).scan.pixels[:slices]
    pixels = pixels[..., [SEQUENCES.index(one) for one in sequences]]
    affine = np.diag([1.0, 1.0, spacing or 1.0, 1.0])
    sources = tuple(Source(None, 0, 1, "") for _ in range(slices))
    return Scan(pixels, sequences, sources, slices > 1, affine, spacing is not None)


def test_neighbours_are_before_and_after_and_at_the_ends_the_slice_itself() -> None:
    places = neighbour_places(scan_of(4), Preparation(neighbours=2))
    assert places.tolist() == [[0, 1, 0, 2], [0, 2, 1, 3], [1, 3, 0, 2], [2, 3, 1, 3]]
    assert neighbour_places(scan_of(4), Preparation()).shape == (4, 0)
    assert neighbour_places(scan_of(1), Preparation(neighbours=1)).tolist() == [[0, 0]]


@pytest.mark.parametrize(
    ("spacing", "steps"),
    [(1.0, (5, 10)), (5.0, (1, 2)), (2.0, (2, 5)), (3.0, (2, 3)), (6.5, (1, 2)), (20.0, (1, 2)), (None, (1, 2))],
)
def test_millimetres_decide_where_they_are_known(spacing: float | None, steps: tuple[int, int]) -> None:
    places = neighbour_places(scan_of(24, spacing), Preparation(neighbours=2))
    assert (places[12] - 12).tolist() == [-steps[0], steps[0], -steps[1], steps[1]]


@given(st.integers(2, 9), st.integers(1, 2), st.floats(0.5, 12))
def test_places_stay_in_the_scan_and_the_way_there_is_the_way_back(slices: int, count: int, spacing: float) -> None:
    places = neighbour_places(scan_of(slices, spacing), Preparation(neighbours=count))
    assert places.min() >= 0
    assert places.max() < slices
    for before, after in zip(places.T[::2], places.T[1::2], strict=True):
        for one in range(slices):
            assert before[one] == one or after[before[one]] == one


@pytest.mark.parametrize("sequences", [SEQUENCES, ("flair",), ("pre",)])
def test_a_volume_gets_the_prepared_flair_of_its_neighbours(sequences: tuple[Sequence, ...]) -> None:
    scan, how = scan_of(5, sequences=sequences), Preparation(size=32, neighbours=2)
    own = prepare(scan, Preparation(size=32)).images
    images = prepare(scan, how).images
    assert images.shape == (5, 32, 32, how.channels) == (5, 32, 32, 7)
    np.testing.assert_array_equal(images[..., :3], own)
    for channel, places in enumerate(neighbour_places(scan, how).T, start=3):
        np.testing.assert_array_equal(images[..., channel], own[places, ..., FLAIR])


def test_a_lone_image_repeats_its_own_flair() -> None:
    images = prepare(scan_of(1), Preparation(size=32, neighbours=1)).images
    np.testing.assert_array_equal(images[..., 3:], images[..., [FLAIR, FLAIR]])
    assert images[..., FLAIR].any()
