from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.recipe import Augmentation
from gliascope.training.augment import augment, augment_batch
from gliascope.training.augment_geometry import smooth
from gliascope.training.augment_skull import AIR

NOTHING = Augmentation(
    flip=0, p_affine=0, p_intensity=0, p_noise=0, p_blur=0, p_low_resolution=0, p_bias_field=0, drop_pre=0, drop_post=0
)
KINDS = (
    "flip",
    "flip_vertical",
    *(one for one in Augmentation.model_fields if one.startswith("p_") and one != "p_flair_only"),
)
EVERYTHING = NOTHING.model_copy(update=dict.fromkeys(KINDS, 1.0))


def some_slice(seed: int = 0, side: int = 32) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    image = rng.standard_normal((side, side, 3)).astype(np.float32)
    mask = np.zeros((side, side), np.float32)
    mask[6:18, 9:25] = 1
    return image, mask


def some_head(side: int = 96) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A head with scalp, skull and a tumour, as prepared; its mask; and where its brain is."""
    rows, columns = np.indices((side, side)) / side - 0.5
    radius = np.hypot(rows / 0.46, columns / 0.38)
    texture = 0.2 * np.sin(25 * rows) * np.sin(31 * columns)
    brain = radius < 0.8
    mask = np.hypot(rows + 0.1, columns - 0.08) < 0.09
    flair = np.full((side, side), -2.5)
    flair[radius < 1] = 1.5
    flair[radius < 0.9] = -2
    flair[brain] = texture[brain]
    flair[mask] = 1.8
    first = np.where(mask, -0.6, flair)
    image = np.stack([first, flair, first + 0.1], axis=-1).astype(np.float32)
    return image, mask.astype(np.float32), brain


def only(**changes: object) -> Augmentation:
    return Augmentation.model_validate(NOTHING.model_dump() | changes)


def test_nothing_asked_for_changes_nothing() -> None:
    image, mask = some_slice()
    changed, moved = augment(image, mask, NOTHING, np.random.default_rng(1))
    np.testing.assert_array_equal(changed, image)
    np.testing.assert_array_equal(moved, mask)


def test_what_was_added_is_off_unless_asked_for() -> None:
    default = Augmentation()
    asked = ("p_skull_strip", "p_lone_slice", "p_flair_only", "p_contrast", "p_rician", "p_anisotropic", "p_jpeg")
    assert not any(getattr(default, one) for one in (*asked, "p_channel_shift", "p_elastic"))


@pytest.mark.parametrize("kind", ["everything", *KINDS])
@given(seed=st.integers(0, 2**32 - 1))
def test_masks_stay_binary_and_types_stay_float32(kind: str, seed: int) -> None:
    how = EVERYTHING if kind == "everything" else only(**{kind: 1.0})
    image, mask, _ = some_head(64)
    changed, moved = augment(image, mask, how, np.random.default_rng(seed))
    assert set(np.unique(moved)) <= {0.0, 1.0}
    assert changed.shape == image.shape
    assert moved.shape == mask.shape
    assert changed.dtype == moved.dtype == np.float32
    assert np.isfinite(changed).all()
    assert changed[..., 1].any()


@pytest.mark.parametrize("kind", ["everything", *KINDS])
@pytest.mark.parametrize("missing", [(0,), (2,), (0, 2), (1,), (0, 1, 2)])
def test_missing_channels_stay_zero(kind: str, missing: tuple[int, ...]) -> None:
    how = EVERYTHING if kind == "everything" else only(**{kind: 1.0})
    image, mask, _ = some_head(64)
    image[..., list(missing)] = 0
    for seed in range(3):
        changed, _ = augment(image, mask, how, np.random.default_rng(seed))
        assert not changed[..., list(missing)].any()
        present = [one for one in range(3) if one not in missing]
        assert changed[..., present].any(axis=(0, 1)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_blank_slice_is_no_trouble(kind: str) -> None:
    image, mask = np.full((32, 32, 3), -2.5, np.float32), np.zeros((32, 32), np.float32)
    changed, moved = augment(image, mask, only(**{kind: 1.0}), np.random.default_rng(0))
    assert np.isfinite(changed).all()
    assert not moved.any()


@given(st.integers(0, 2**32 - 1))
def test_a_batch_is_its_slices_one_after_the_other(seed: int) -> None:
    images, masks = (np.stack(one) for one in zip(*(some_slice(one) for one in range(3)), strict=True))
    how = only(**dict.fromkeys(KINDS, 0.5), p_flair_only=0.2, drop_pre=0.2, drop_post=0.2)
    together = augment_batch(images, masks, how, np.random.default_rng(seed))
    rng = np.random.default_rng(seed)
    for place, (image, mask) in enumerate(zip(images, masks, strict=True)):
        changed, moved = augment(image, mask, how, rng)
        np.testing.assert_array_equal(together[0][place], changed)
        np.testing.assert_array_equal(together[1][place], moved)


def test_half_precision_gives_the_same_slice() -> None:
    image, mask = some_slice()
    half = image.astype(np.float16)
    for seed in range(5):
        first = augment(half, mask.astype(np.uint8), EVERYTHING, np.random.default_rng(seed))
        again = augment(half.astype(np.float32), mask, EVERYTHING, np.random.default_rng(seed))
        np.testing.assert_array_equal(first[0], again[0])
        np.testing.assert_array_equal(first[1], again[1])


def test_the_same_random_state_gives_the_same_slice() -> None:
    image, mask = some_slice()
    first = augment(image, mask, EVERYTHING, np.random.default_rng(5))
    again = augment(image, mask, EVERYTHING, np.random.default_rng(5))
    other = augment(image, mask, EVERYTHING, np.random.default_rng(6))
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_threads_do_not_disturb_each_other() -> None:
    images, masks = (np.stack(one) for one in zip(*(some_slice(one) for one in range(4)), strict=True))

    def run(seed: int) -> np.ndarray:
        return augment_batch(images, masks, EVERYTHING, np.random.default_rng(seed))[0]

    with ThreadPoolExecutor(max_workers=4) as pool:
        for alone, beside in zip(map(run, range(24)), pool.map(run, range(24)), strict=True):
            np.testing.assert_array_equal(alone, beside)


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


def test_a_mirror_image_is_the_same_by_way_of_the_interpolation() -> None:
    image, mask = some_slice()
    for flips in ({"flip": 1.0}, {"flip_vertical": 1.0}, {"flip": 1.0, "flip_vertical": 1.0}):
        direct = augment(image, mask, only(**flips), np.random.default_rng(0))
        still = {"p_affine": 1.0, "rotate": 0.0, "scale": (1.0, 1.0), "shift": 0.0}
        moved = augment(image, mask, only(**flips, **still), np.random.default_rng(0))
        np.testing.assert_allclose(moved[0], direct[0], atol=1e-3)
        np.testing.assert_array_equal(moved[1], direct[1])


def test_smooth_fields_are_those_of_opencv() -> None:
    knots = np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32)
    expected = cv2.resize(knots, (41, 30), interpolation=cv2.INTER_CUBIC)
    np.testing.assert_allclose(smooth(knots, (30, 41)), expected, atol=1e-5)


@given(st.integers(0, 2**32 - 1))
def test_shifted_channels_leave_flair_and_mask(seed: int) -> None:
    image, mask, _ = some_head()
    how = only(p_channel_shift=1.0, channel_shift=0.03, channel_rotate=0.0)
    changed, moved = augment(image, mask, how, np.random.default_rng(seed))
    np.testing.assert_allclose(changed[..., 1], image[..., 1], atol=1e-5)
    np.testing.assert_array_equal(moved, mask)
    for channel in (0, 2):
        before, after = (np.argwhere(one[..., channel] > -2.4).mean(axis=0) for one in (image, changed))
        assert np.abs(after - before).max() <= 0.03 * 96 + 0.5


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


def test_flair_alone_is_left_as_often_as_asked_for() -> None:
    image, mask = some_slice(side=8)
    rng = np.random.default_rng(0)
    how = only(p_flair_only=0.3)
    here = np.array([augment(image, mask, how, rng)[0].any(axis=(0, 1)) for _ in range(800)])
    assert here[:, 1].all()
    np.testing.assert_array_equal(here[:, 0], here[:, 2])
    assert here[:, 0].mean() == pytest.approx(0.7, abs=0.05)


@given(st.integers(0, 2**32 - 1))
def test_skull_removal_keeps_brain_and_tumour_and_nothing_else(seed: int) -> None:
    image, mask, brain = some_head()
    changed, moved = augment(image, mask, only(p_skull_strip=1.0), np.random.default_rng(seed))
    flair = changed[..., 1]
    inside = flair > flair.min() + 0.1
    assert moved.sum() > mask.sum()
    assert inside[moved > 0].all()
    assert flair.min() == flair[0, 0]
    # The brain fills more of the frame than before, and nearly all of what is there is brain.
    zoom = moved.sum() / mask.sum()
    assert 0.8 * zoom < inside.sum() / brain.sum() < 1.25 * zoom
    assert -7 < flair.min() < -2.5
    assert abs(flair[inside].mean()) < 0.5
    assert 0.6 < flair[inside].std() < 1.4
    for channel in (0, 2):
        np.testing.assert_array_equal(changed[..., channel][~inside], changed[0, 0, channel])


@pytest.mark.parametrize("kind", ["p_noise", "p_rician", "p_bias_field"])
def test_nothing_happens_outside_a_brain_without_its_skull(kind: str) -> None:
    image, mask, _ = some_head()
    changed, _ = augment(image, mask, only(p_skull_strip=1.0, **{kind: 1.0}), np.random.default_rng(0))
    corner = changed[:16, :16]
    np.testing.assert_array_equal(corner, np.broadcast_to(corner[0, 0], corner.shape))


def test_a_tumour_that_the_brain_misses_is_not_cut_out() -> None:
    image, _, _ = some_head()
    mask = np.zeros((96, 96), np.float32)
    mask[2:12, 2:12] = 1
    changed, moved = augment(image, mask, only(p_skull_strip=1.0), np.random.default_rng(0))
    np.testing.assert_array_equal(changed, image)
    np.testing.assert_array_equal(moved, mask)


def test_a_slice_without_a_brain_keeps_what_it_has() -> None:
    faint = (some_slice()[0] / 100).astype(np.float32)
    changed, _ = augment(faint, some_slice()[1], only(p_skull_strip=1.0), np.random.default_rng(0))
    np.testing.assert_array_equal(changed, faint)


def test_a_lone_slice_is_normalised_by_itself() -> None:
    image, mask, _ = some_head()
    for how in (only(p_lone_slice=1.0), only(p_lone_slice=1.0, p_skull_strip=1.0)):
        changed, _ = augment((image / 2 - 0.3).astype(np.float32), mask, how, np.random.default_rng(0))
        again, _ = augment(image, mask, how, np.random.default_rng(0))
        np.testing.assert_allclose(changed, again, atol=1e-4)
    stripped = changed[..., 1]
    inside = stripped > stripped.min() + 0.1
    assert stripped[inside].mean() == pytest.approx(0, abs=0.02)
    assert stripped[inside].std() == pytest.approx(1, abs=0.02)
    assert AIR > 1


@given(st.integers(0, 2**32 - 1))
def test_contrast_keeps_order_mean_and_deviation_of_the_tissue(seed: int) -> None:
    image, mask, _ = some_head()
    changed, _ = augment(image, mask, only(p_contrast=1.0, contrast=1.0), np.random.default_rng(seed))
    tissue = image[..., 1] > image[..., 1].min() + 0.1 * np.ptp(image[..., 1])
    for channel in range(3):
        order = np.argsort(image[..., channel], axis=None)
        assert np.diff(changed[..., channel].ravel()[order]).min() >= -1e-4
        assert changed[tissue, channel].mean() == pytest.approx(image[tissue, channel].mean(), abs=1e-3)
        assert changed[tissue, channel].std() == pytest.approx(image[tissue, channel].std(), abs=1e-3)


def test_a_strength_of_nothing_changes_nothing() -> None:
    image, mask, _ = some_head()
    for nothing in (
        {"p_contrast": 1.0, "contrast": 0.0},
        {"p_bias_field": 1.0, "bias_field": 0.0},
        {"p_noise": 1.0, "noise": 0.0},
        {"p_rician": 1.0, "rician": 0.0},
        {"p_low_resolution": 1.0, "low_resolution": 1.0},
        {"p_channel_shift": 1.0, "channel_shift": 0.0, "channel_rotate": 0.0},
        {"p_intensity": 1.0, "gain": 0.0, "offset": 0.0, "gamma": (1.0, 1.0)},
    ):
        changed, moved = augment(image, mask, only(**nothing), np.random.default_rng(0))
        np.testing.assert_allclose(changed, image, atol=2e-5)
        np.testing.assert_array_equal(moved, mask)


def test_rician_noise_brightens_air_and_spreads_tissue() -> None:
    image = np.full((128, 128, 3), -2.0, np.float32)
    image[:, 64:] = 3
    how = only(p_rician=1.0, rician=0.4)
    for seed in range(8):
        noise = augment(image, np.zeros((128, 128), np.float32), how, np.random.default_rng(seed))[0] - image
        deviation = float(noise[:, 64:].std())
        assert deviation < 0.42
        assert noise[:, :64].mean() == pytest.approx(deviation * np.sqrt(np.pi / 2), rel=0.05)
        assert noise[:, :64].min() >= 0


@pytest.mark.parametrize("kind", ["p_low_resolution", "p_anisotropic"])
def test_a_lower_resolution_takes_the_finest_detail(kind: str) -> None:
    image, mask = some_slice(side=64)
    how = only(**{kind: 1.0}, low_resolution=0.34)
    left = [augment(image, mask, how, np.random.default_rng(seed))[0].std() / image.std() for seed in range(12)]
    assert max(left) < 1
    assert min(left) < 0.6


def test_compression_stays_near_the_image() -> None:
    image, mask, _ = some_head()
    changed, _ = augment(image, mask, only(p_jpeg=1.0), np.random.default_rng(0))
    assert 0 < np.abs(changed - image).mean() < 0.15
    assert changed.min() >= image.min() - 1e-5
    assert changed.max() <= image.max() + 1e-5
