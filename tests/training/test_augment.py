from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.recipe import Augmentation
from gliascope.training.augment import _over_pixels, augment

NOTHING = Augmentation(
    flip=0, p_affine=0, p_intensity=0, p_noise=0, p_blur=0, p_low_resolution=0, p_bias_field=0, drop_pre=0, drop_post=0
)
EVERYTHING = Augmentation(
    flip=1,
    flip_vertical=1,
    p_affine=1,
    p_elastic=1,
    p_intensity=1,
    p_noise=1,
    p_blur=1,
    p_low_resolution=1,
    p_bias_field=1,
    drop_pre=0,
    drop_post=0,
)


def some_slice(seed: int = 0, side: int = 32) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    image = rng.standard_normal((side, side, 3)).astype(np.float32)
    mask = np.zeros((side, side), np.float32)
    mask[6:18, 9:25] = 1
    return image, mask


def only(**changes: object) -> Augmentation:
    return Augmentation.model_validate(NOTHING.model_dump() | changes)


def test_nothing_asked_for_changes_nothing() -> None:
    image, mask = some_slice()
    changed, moved = augment(image, mask, NOTHING, np.random.default_rng(1))
    np.testing.assert_array_equal(changed, image)
    np.testing.assert_array_equal(moved, mask)


@given(st.integers(0, 2**32 - 1))
def test_masks_stay_binary_and_types_stay_float32(seed: int) -> None:
    image, mask = some_slice()
    changed, moved = augment(image, mask, EVERYTHING, np.random.default_rng(seed))
    assert set(np.unique(moved)) <= {0.0, 1.0}
    assert changed.shape == image.shape
    assert moved.shape == mask.shape
    assert changed.dtype == moved.dtype == np.float32
    assert np.isfinite(changed).all()


@given(st.integers(0, 2**32 - 1), st.sampled_from([(0,), (2,), (0, 2)]))
def test_missing_channels_stay_zero(seed: int, missing: tuple[int, ...]) -> None:
    image, mask = some_slice()
    image[..., list(missing)] = 0
    changed, _ = augment(image, mask, EVERYTHING, np.random.default_rng(seed))
    assert not changed[..., list(missing)].any()
    assert changed[..., 1].any()


def test_the_same_random_state_gives_the_same_slice() -> None:
    image, mask = some_slice()
    first = augment(image, mask, EVERYTHING, np.random.default_rng(5))
    again = augment(image, mask, EVERYTHING, np.random.default_rng(5))
    other = augment(image, mask, EVERYTHING, np.random.default_rng(6))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_the_input_is_left_alone() -> None:
    image, mask = some_slice()
    kept = image.copy(), mask.copy()
    augment(image, mask, EVERYTHING, np.random.default_rng(0))
    np.testing.assert_array_equal(image, kept[0])
    np.testing.assert_array_equal(mask, kept[1])


@pytest.mark.parametrize(
    ("changes", "undo"),
    [
        ({"flip": 1.0}, lambda one: one[:, ::-1]),
        ({"flip_vertical": 1.0}, lambda one: one[::-1]),
        ({"flip": 1.0, "flip_vertical": 1.0}, lambda one: one[::-1, ::-1]),
    ],
)
def test_flips_move_image_and_mask_alike(changes: dict[str, float], undo: Callable[[np.ndarray], np.ndarray]) -> None:
    image, mask = some_slice()
    changed, moved = augment(image, mask, only(**changes), np.random.default_rng(0))
    np.testing.assert_array_equal(undo(changed), image)
    np.testing.assert_array_equal(undo(moved), mask)


@pytest.mark.parametrize("kind", ["p_affine", "p_elastic"])
@pytest.mark.parametrize("seed", range(5))
def test_deformations_move_image_and_mask_alike(kind: str, seed: int) -> None:
    _, mask = some_slice(side=64)
    image = np.repeat(mask[..., None], 3, axis=2)
    changed, moved = augment(image, mask, only(**{kind: 1.0}), np.random.default_rng(seed))
    assert not np.array_equal(moved, mask)
    np.testing.assert_array_equal(changed[..., 1] >= 0.5, moved.astype(bool))


def test_a_rotation_about_the_middle_keeps_the_middle() -> None:
    mask = np.zeros((33, 33), np.float32)
    mask[14:19, 14:19] = 1
    how = only(p_affine=1.0, rotate=180.0, scale=(1.0, 1.0), shift=0.0)
    for seed in range(5):
        _, moved = augment(np.ones((33, 33, 3), np.float32), mask, how, np.random.default_rng(seed))
        assert np.argwhere(moved).mean(axis=0) == pytest.approx([16, 16], abs=0.3)


def test_outside_of_a_moved_slice_is_the_background() -> None:
    image = np.full((32, 32, 3), -0.7, np.float32)
    image[8:24, 8:24] = 2
    how = only(p_affine=1.0, rotate=0.0, scale=(0.5, 0.5), shift=0.0)
    changed, _ = augment(image, np.zeros((32, 32), np.float32), how, np.random.default_rng(0))
    np.testing.assert_allclose(changed[0], -0.7, atol=1e-6)
    np.testing.assert_allclose(changed[16, 16], 2, atol=1e-6)


def test_channels_are_dropped_as_often_as_asked_for() -> None:
    image, mask = some_slice(side=8)
    how = only(drop_pre=0.25, drop_post=0.5)
    rng = np.random.default_rng(0)
    gone = np.mean([~augment(image, mask, how, rng)[0].any(axis=(0, 1)) for _ in range(800)], axis=0)
    assert gone == pytest.approx([0.25, 0, 0.5], abs=0.05)


def test_intensity_stays_in_its_range() -> None:
    image, mask = some_slice()
    how = only(p_intensity=1.0, gain=0.0, offset=0.0)
    changed, _ = augment(image, mask, how, np.random.default_rng(0))
    np.testing.assert_allclose(changed.min(axis=(0, 1)), image.min(axis=(0, 1)), atol=1e-5)
    np.testing.assert_allclose(changed.max(axis=(0, 1)), image.max(axis=(0, 1)), atol=1e-5)
    order = np.argsort(image[..., 1], axis=None)
    assert (np.diff(changed[..., 1].ravel()[order]) >= 0).all()


def test_noise_stays_under_its_largest_deviation() -> None:
    image, mask = some_slice(side=64)
    how = only(p_noise=1.0, noise=0.2)
    deviations = [float((augment(image, mask, how, np.random.default_rng(s))[0] - image).std()) for s in range(20)]
    assert max(deviations) < 0.21
    assert min(deviations) < 0.1 < max(deviations)


@given(st.integers(0, 2**32 - 1), st.tuples(st.integers(1, 9), st.integers(1, 9)))
def test_values_over_all_pixels_are_those_of_numpy(seed: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(-2, 3, (*shape, 3)).astype(np.float32)
    np.testing.assert_array_equal(_over_pixels(np.minimum, image), image.min(axis=(0, 1)))
    np.testing.assert_array_equal(_over_pixels(np.maximum, image), image.max(axis=(0, 1)))
    np.testing.assert_array_equal(_over_pixels(np.logical_or, image), image.any(axis=(0, 1)))
