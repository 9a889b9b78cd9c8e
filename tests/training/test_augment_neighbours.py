"""FLAIR of neighbouring slices in augmentation: it moves and changes as the slice's own does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.recipe import Augmentation
from gliascope.training.augment import augment, augment_batch

QUIET = (
    "flip",
    "p_affine",
    "p_intensity",
    "p_noise",
    "p_blur",
    "p_low_resolution",
    "p_bias_field",
    "drop_pre",
    "drop_post",
    "drop_neighbours",
    "swap_neighbours",
)
NOTHING = Augmentation.model_validate(dict.fromkeys(QUIET, 0.0))
NOISY = ("p_noise", "p_rician")
KINDS = (
    "flip",
    "flip_vertical",
    *(one for one in Augmentation.model_fields if one.startswith("p_") and one not in ("p_flair_only", "p_lone_slice")),
)
QUIET_KINDS = tuple(one for one in KINDS if one not in NOISY)


def only(**changes: object) -> Augmentation:
    return Augmentation.model_validate(NOTHING.model_dump() | changes)


def some_slices(neighbours: int = 1, side: int = 48, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A head with its channels and those of its neighbours, whose tissue differs; and the tumour's mask."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((side, side)) / side - 0.5
    radius = np.hypot(rows / 0.46, columns / 0.38)
    mask = np.hypot(rows + 0.1, columns - 0.08) < 0.09
    image = np.full((side, side, 3 + 2 * neighbours), -2.5, np.float32)
    for channel in range(image.shape[2]):
        texture = 0.2 * np.sin(25 * rows + channel) * np.sin(31 * columns) + 0.02 * rng.standard_normal((side, side))
        image[radius < 1, channel] = 1.5
        image[radius < 0.9, channel] = -2
        image[radius < 0.8, channel] = texture[radius < 0.8]
        image[mask, channel] = (-0.6, 1.8, -0.5, 1.6, 1.7, 1.2, 1.3)[channel]
    return image, mask.astype(np.float32)


@pytest.mark.parametrize("neighbours", [1, 2])
@given(seed=st.integers(0, 2**32 - 1))
def test_nothing_asked_for_changes_nothing(neighbours: int, seed: int) -> None:
    image, mask = some_slices(neighbours)
    changed, moved = augment(image, mask, NOTHING, np.random.default_rng(seed))
    np.testing.assert_array_equal(changed, image)
    np.testing.assert_array_equal(moved, mask)


@pytest.mark.parametrize("kind", ["everything", *KINDS])
@given(seed=st.integers(0, 2**32 - 1))
def test_the_slice_s_own_flair_in_a_neighbour_s_place_stays_its_copy(kind: str, seed: int) -> None:
    image, mask = some_slices(2)
    image[..., 4:6] = image[..., 1:2]
    how = NOTHING.model_copy(update=dict.fromkeys(KINDS if kind == "everything" else (kind,), 1.0))
    changed, _ = augment(image, mask, how, np.random.default_rng(seed))
    np.testing.assert_array_equal(changed[..., 4:6], changed[..., [1, 1]])
    assert not np.array_equal(changed[..., 3], changed[..., 1])
    assert np.isfinite(changed).all()


@pytest.mark.parametrize("kind", [one for one in QUIET_KINDS if one != "p_skull_strip"])
@given(seed=st.integers(0, 2**32 - 1))
def test_what_is_as_bright_as_flair_becomes_as_bright_as_flair(kind: str, seed: int) -> None:
    image, mask = some_slices(1)
    image[..., 3:] = image[..., 1:2]
    image[24, 22, 3:] += np.float32(1e-3)  # no copies by a hair
    how = NOTHING.model_copy(update={kind: 1.0})
    changed, _ = augment(image, mask, how, np.random.default_rng(seed))
    allowed = 0.03 if kind == "p_jpeg" else 4e-3
    np.testing.assert_allclose(changed[..., 3:], changed[..., [1, 1]], atol=allowed)


@given(seed=st.integers(0, 2**32 - 1))
def test_without_its_skull_each_slice_has_its_own_brain_and_the_whole_tumour(seed: int) -> None:
    image, mask = some_slices(1, side=96)
    rows, columns = np.indices((96, 96)) / 96 - 0.5
    smaller = np.hypot(rows / 0.46, columns / 0.38) / 0.8
    image[..., 3] = -2.5
    for outer, level in ((1.0, 1.5), (0.9, -2.0), (0.8, 0.1)):
        image[smaller < outer, 3] = level
    image[mask > 0, 3] = 1.6
    changed, moved = augment(image, mask, only(p_skull_strip=1.0), np.random.default_rng(seed))
    air = changed[0, 0]
    inside = changed > air + 0.1
    assert inside[..., 3].sum() < 0.85 * inside[..., 1].sum()
    assert inside[..., 4].sum() > 0.85 * inside[..., 1].sum()
    for channel in (0, 1, 2, 3, 4):
        assert inside[moved > 0, channel].all()
        np.testing.assert_array_equal(changed[:8, :8, channel], air[channel])


@pytest.mark.parametrize("kind", NOISY)
def test_noise_of_neighbours_is_their_own(kind: str) -> None:
    image, mask = some_slices(1)
    image[..., 3:] = image[..., 1:2]
    image[24, 22, 3:] += np.float32(1e-3)
    changed, _ = augment(image, mask, only(**{kind: 1.0}), np.random.default_rng(3))
    noise = (changed - image)[12:36, 15:33].reshape(-1, 5)
    assert noise[:, 3].std() == pytest.approx(noise[:, 1].std(), rel=0.15)
    assert abs(np.corrcoef(noise[:, [1, 3, 4]].T) - np.eye(3)).max() < 0.15


def test_they_move_by_the_same_bits() -> None:
    image, mask = some_slices(2)
    how = only(flip=0.5, p_affine=1.0, p_elastic=0.5)
    for seed in range(10):
        changed, _ = augment(image, mask, how, np.random.default_rng(seed))
        turned = image[..., [0, 3, 2, 1, 4, 5, 6]]
        other, _ = augment(turned, mask, how, np.random.default_rng(seed))
        np.testing.assert_array_equal(changed[..., 3], other[..., 1])
        np.testing.assert_array_equal(changed[..., 1], other[..., 3])


def test_neighbours_are_dropped_and_swapped_as_often_as_asked_for() -> None:
    image, mask = some_slices(2, side=16)
    how, rng = only(drop_neighbours=0.25, swap_neighbours=0.5), np.random.default_rng(0)
    changed = [augment(image, mask, how, rng)[0] for _ in range(800)]
    dropped = [np.array_equal(one[..., 3:], one[..., [1] * 4]) for one in changed]
    swapped = [np.array_equal(one[..., 3:], image[..., [4, 3, 6, 5]]) for one in changed]
    kept = [np.array_equal(one, image) for one in changed]
    assert np.mean(dropped) == pytest.approx(0.25, abs=0.05)
    assert np.mean(swapped) == pytest.approx(0.375, abs=0.05)
    assert sum(dropped) + sum(swapped) + sum(kept) == 800


@pytest.mark.parametrize("kind", ["p_lone_slice", "drop_neighbours"])
def test_a_lone_slice_has_no_neighbours(kind: str) -> None:
    image, mask = some_slices(1)
    how = NOTHING.model_copy(update={**dict.fromkeys(KINDS, 1.0), kind: 1.0})
    for seed in range(3):
        changed, _ = augment(image, mask, how, np.random.default_rng(seed))
        np.testing.assert_array_equal(changed[..., 3:], changed[..., [1, 1]])


def test_nothing_of_neighbours_is_drawn_where_there_are_none() -> None:
    image, mask = some_slices(0)
    how = NOTHING.model_copy(update=dict.fromkeys(KINDS, 0.5))
    for seed in range(5):
        first, _ = augment(image, mask, how, np.random.default_rng(seed))
        drops = {"drop_neighbours": 1.0, "swap_neighbours": 1.0}
        again, _ = augment(image, mask, how.model_copy(update=drops), np.random.default_rng(seed))
        np.testing.assert_array_equal(first, again)


def test_missing_channels_stay_zero_beside_neighbours() -> None:
    image, mask = some_slices(2)
    for missing in ([0], [2], [0, 2], [5], [1, 3, 4, 5, 6]):
        some = image.copy()
        some[..., missing] = 0
        for seed in range(3):
            how = NOTHING.model_copy(update=dict.fromkeys(KINDS, 1.0))
            changed, _ = augment(some, mask, how, np.random.default_rng(seed))
            assert not changed[..., missing].any()
            assert changed[..., [one for one in range(7) if one not in missing]].any(axis=(0, 1)).all()


def test_a_batch_is_its_slices_one_after_the_other() -> None:
    made = [some_slices(2, seed=one) for one in range(4)]
    images, masks = np.stack([one for one, _ in made]), np.stack([one for _, one in made])
    images[1, ..., 3] = images[1, ..., 1]
    images[2, ..., 4:] = images[2, ..., 1:2]
    drops = dict.fromkeys(("drop_pre", "drop_post", "drop_neighbours", "swap_neighbours", "p_lone_slice"), 0.3)
    how = NOTHING.model_copy(update=dict.fromkeys(KINDS, 0.5) | drops)
    for seed in range(10):
        together = augment_batch(images.astype(np.float16), masks, how, np.random.default_rng(seed))
        rng = np.random.default_rng(seed)
        for place, (image, mask) in enumerate(zip(images.astype(np.float16), masks, strict=True)):
            changed, moved = augment(image.astype(np.float32), mask, how, rng)
            np.testing.assert_array_equal(together[0][place], changed)
            np.testing.assert_array_equal(together[1][place], moved)


def test_an_empty_slice_beside_a_head_stays_within_bounds() -> None:
    image, mask = some_slices(1)
    image[..., :3] = -2.5
    for seed in range(20):
        how = NOTHING.model_copy(update=dict.fromkeys((*QUIET_KINDS, "p_noise"), 0.5) | {"contrast": 1.0})
        changed, _ = augment(image, np.zeros_like(mask), how, np.random.default_rng(seed))
        assert np.isfinite(changed).all()
        assert np.abs(changed).max() < 30
