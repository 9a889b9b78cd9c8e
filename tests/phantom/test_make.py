from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from gliascope.errors import InputError
from gliascope.phantom import Phantom, make_phantom
from gliascope.prepare.head import head_mask
from gliascope.read import pixel_hash

EDGE_PX = 7
"""The oedema-like edge fades out within this distance of the outline."""


def _same(one: Phantom, other: Phantom) -> bool:
    return np.array_equal(one.scan.pixels, other.scan.pixels) and np.array_equal(one.truth, other.truth)


def test_one_seed_gives_one_phantom() -> None:
    np.random.seed(3)  # noqa: NPY002  the state of the old global generator must not matter
    first = make_phantom(7, slices=3)
    np.random.seed(4)  # noqa: NPY002  as above
    assert _same(first, make_phantom(7, slices=3))
    assert first.name == "PHANTOM_LS_0007_19000101"


def test_seeds_give_different_heads() -> None:
    first, second = make_phantom(0, slices=2, healthy=True), make_phantom(1, slices=2, healthy=True)
    assert not np.array_equal(head_mask(first.scan.pixels[..., 1]), head_mask(second.scan.pixels[..., 1]))


def test_the_scan_is_a_volume_of_three_sequences_without_geometry(phantoms: list[Phantom]) -> None:
    scan, truth = phantoms[0].scan, phantoms[0].truth
    assert scan.pixels.shape == (16, 256, 256, 3)
    assert scan.pixels.dtype == np.uint8
    assert scan.sequences == ("pre", "flair", "post")
    assert scan.is_volume
    assert not scan.has_geometry
    assert [one.sha256 for one in scan.sources] == [pixel_hash(one) for one in scan.pixels]
    assert truth.shape == (16, 256, 256)
    assert truth.dtype == np.bool_


def test_the_healthy_twin_is_the_same_head_without_the_lesion(phantoms: list[Phantom]) -> None:
    for seed in (0, 3):
        ill, healthy = phantoms[seed], make_phantom(seed, slices=16, healthy=True)
        assert not healthy.truth.any()
        assert healthy.name.startswith("PHANTOM_HC_")
        changed = (ill.scan.pixels != healthy.scan.pixels).any(axis=3)
        near = np.stack([ndimage.distance_transform_edt(~one) <= EDGE_PX for one in ill.truth if one.any()])
        assert not changed[~ill.truth.any(axis=(1, 2))].any()
        assert not (changed[ill.truth.any(axis=(1, 2))] & ~near).any()


def test_the_lesion_is_where_the_truth_says(phantoms: list[Phantom]) -> None:
    for seed in (0, 2):
        ill, healthy = phantoms[seed], make_phantom(seed, slices=16, healthy=True)
        gain = ill.scan.pixels[..., 1].astype(float) - healthy.scan.pixels[..., 1]
        core = np.stack([ndimage.binary_erosion(one, iterations=3) for one in ill.truth])
        brighter = ndimage.uniform_filter(gain, (0, 3, 3)) > 0
        assert brighter[core].mean() > 0.97
        assert np.median(gain[core]) > 0.2 * np.median(healthy.scan.pixels[core][:, 1])
        dark = ill.scan.pixels[..., 0].astype(float) - healthy.scan.pixels[..., 0]
        assert dark[core].mean() < 0


def test_the_lesion_is_one_body_within_the_head(phantoms: list[Phantom]) -> None:
    for one in phantoms:
        assert ndimage.label(one.truth)[1] == 1
        head = np.stack([ndimage.binary_fill_holes(slice_) for slice_ in head_mask(one.scan.pixels[..., 1])])
        assert head[one.truth].all()
        touched = np.flatnonzero(one.truth.any(axis=(1, 2)))
        assert touched.size == touched[-1] - touched[0] + 1


@settings(max_examples=5)
@given(seed=st.integers(0, 10_000), radius=st.floats(3, 40))
def test_the_largest_slice_has_the_area_asked_for(seed: int, radius: float) -> None:
    made = make_phantom(seed, slices=6, lesion_radius_px=radius)
    largest = np.count_nonzero(made.truth, axis=(1, 2)).max()
    assert largest == pytest.approx(np.pi * radius**2, rel=0.06, abs=4)


def test_a_radius_counts_in_pixels_of_the_image() -> None:
    small = make_phantom(5, slices=6, size=128, lesion_radius_px=10)
    assert small.scan.pixels.shape == (6, 128, 128, 3)
    assert np.count_nonzero(small.truth, axis=(1, 2)).max() == pytest.approx(314, rel=0.06)


def test_neighbouring_slices_cohere_and_the_head_ends_at_the_vertex(phantoms: list[Phantom]) -> None:
    for one in phantoms:
        flair = one.scan.pixels[..., 1].astype(float)
        beside = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in itertools.pairwise(flair[3:11])]
        assert min(beside) > 0.7
        areas = np.count_nonzero(head_mask(one.scan.pixels[..., 1]), axis=(1, 2))
        assert areas[-1] < 0.5 * areas.max()
        assert areas[-1] > 500


def test_one_slice_shows_the_middle_of_the_brain() -> None:
    made = make_phantom(2, slices=1, lesion_radius_px=15)
    assert not made.scan.is_volume
    assert made.truth.any()


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"seed": -1}, "must not be negative, received -1"),
        ({"seed": 0, "slices": 0}, "at least 1 slice, received 0"),
        ({"seed": 0, "size": 32}, "at least 64 rows, received 32"),
        ({"seed": 0, "lesion_radius_px": 0.5}, "at least 2.0 pixels, received 0.5"),
        ({"seed": 0, "lesion_radius_px": float("nan")}, "received nan"),
        ({"seed": 0, "slices": 3, "lesion_radius_px": 90}, "must fit into one hemisphere"),
    ],
)
def test_impossible_phantoms_are_refused(arguments: dict[str, float], rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        make_phantom(**arguments)  # type: ignore[arg-type]  # values of several types in one table


def test_a_slice_takes_less_than_0_15_s() -> None:
    start = time.process_time()
    make_phantom(1, slices=10)
    assert time.process_time() - start < 1.5
