from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.phantom import make_phantom
from gliascope.prepare import InverseMap, prepare, prepare_mask, real_sequences, to_uint8
from gliascope.prepare.clahe import enhance_for_network
from gliascope.prepare.head import LONE_SLICE_SIDE, head_box, head_mask
from gliascope.prepare.intensity import normalise
from gliascope.recipe import Clahe, Preparation
from gliascope.scan import SEQUENCES, Scan, Sequence, Source


def scan_of(
    pixels: NDArray[np.uint8], sequences: tuple[Sequence, ...] = SEQUENCES, *, is_volume: bool | None = None
) -> Scan:
    sources = tuple(Source(None, 0, 1, "") for _ in range(len(pixels)))
    return Scan(pixels, sequences, sources, len(pixels) > 1 if is_volume is None else is_volume)


def centroid(weights: NDArray[np.float32]) -> tuple[float, float]:
    rows, columns = np.indices(weights.shape)
    return float((rows * weights).sum() / weights.sum()), float((columns * weights).sum() / weights.sum())


Box = tuple[int, int, int, int, tuple[int, int], tuple[int, int]]


@st.composite
def made_boxes(draw: st.DrawFn) -> Box:
    """Rows and columns of an image, and a box in the proportions of what it is resized to."""
    sides = st.sampled_from([32, 64, 96])
    size = draw(sides), draw(sides)
    scale = draw(st.integers(24, 100)) / max(size)
    rows, columns, top, left = (draw(one) for one in [st.integers(20, 90)] * 2 + [st.integers(-10, 15)] * 2)
    return rows, columns, top, left, (round(scale * size[0]), round(scale * size[1])), size


boxes = made_boxes()


@given(boxes, st.integers(0, 2**32 - 1))
def test_a_mask_comes_back_with_its_centroid_within_half_a_pixel(box: Box, seed: int) -> None:
    rows, columns, top, left, cut, size = box
    inverse = InverseMap((rows, columns), top, left, cut, size)
    rng = np.random.default_rng(seed)
    first, last = max(top, 0) + 2, min(top + cut[0], rows) - 2
    begin, end = max(left, 0) + 2, min(left + cut[1], columns) - 2
    if last - first < 8 or end - begin < 8:
        return
    mask = np.zeros((1, rows, columns), dtype=np.bool_)
    row, column = rng.integers(first, last - 7), rng.integers(begin, end - 7)
    mask[0, row : row + 7, column : column + 7] = True
    back = inverse.restore(prepare_mask(mask, inverse))[0]
    assert back.max() >= 0.5
    there = centroid((back >= 0.5).astype(np.float32))
    assert there == pytest.approx(centroid(mask[0].astype(np.float32)), abs=0.5)


@given(st.integers(1, 3), st.integers(-20, 20), st.integers(-20, 20), st.integers(0, 2**32 - 1))
def test_a_mask_comes_back_bit_exact_where_nothing_was_resized(slices: int, top: int, left: int, seed: int) -> None:
    inverse = InverseMap((50, 60), top, left, (64, 64), (64, 64))
    mask = np.random.default_rng(seed).random((slices, 50, 60)) < 0.3
    inside = np.zeros_like(mask)
    inside[:, max(top, 0) : top + 64, max(left, 0) : left + 64] = True
    back = inverse.restore(prepare_mask(mask, inverse))
    assert np.array_equal(back == 1, mask & inside)
    assert set(np.unique(back)) <= {0.0, 1.0}


def test_the_inverse_map_names_the_shape_it_needs() -> None:
    inverse = InverseMap((50, 60), 0, 0, (60, 60), (32, 64))
    with pytest.raises(InputError, match=r"\(50, 60\) is needed, received \(60, 50\)"):
        inverse.forward(np.zeros((1, 60, 50), dtype=np.float32))
    with pytest.raises(InputError, match=r"\(32, 64\) is needed, received \(16, 16\)"):
        inverse.restore(np.zeros((1, 16, 16), dtype=np.float32))


@pytest.mark.parametrize("size", [96, (96, 64), (64, 96)])
def test_a_phantom_becomes_normalised_images(size: int | tuple[int, int]) -> None:
    phantom = make_phantom(3, slices=8)
    preparation = Preparation(size=size)
    prepared = prepare(phantom.scan, preparation)
    assert prepared.images.shape == (8, *preparation.shape, 3)
    assert prepared.images.dtype == np.float32
    assert prepared.sequences == SEQUENCES
    head = prepared.inverse.forward(head_mask(phantom.scan.pixels[..., 1]).astype(np.float32)) > 0.5
    for channel in range(3):
        assert prepared.images[..., channel][head].mean() == pytest.approx(0, abs=0.05)
        assert prepared.images[..., channel][head].std() == pytest.approx(1, abs=0.1)
    lost = phantom.truth.copy()
    inverse = prepared.inverse
    top, left = max(inverse.top, 0), max(inverse.left, 0)
    lost[:, top : inverse.top + inverse.box[0], left : inverse.left + inverse.box[1]] = False
    assert phantom.truth.any()
    assert not lost.any()


def test_clahe_changes_what_the_network_sees_and_can_be_switched_off_and_blended() -> None:
    scan = make_phantom(3, slices=4).scan
    plain = prepare(scan, Preparation(size=64, clahe=Clahe(enabled=False))).images
    full = prepare(scan, Preparation(size=64, clahe=Clahe(blend=1.0))).images
    half = prepare(scan, Preparation(size=64, clahe=Clahe(blend=0.5))).images
    none = prepare(scan, Preparation(size=64, clahe=Clahe(blend=0.0))).images
    assert np.array_equal(plain, none)
    assert np.abs(full - plain).mean() > np.abs(half - plain).mean() > 0.01


def test_missing_channels_are_zero_and_the_order_is_the_networks() -> None:
    scan = make_phantom(5, slices=4).scan
    whole = prepare(scan, Preparation(size=64))
    flair = prepare(scan_of(scan.pixels[..., 1:2], ("flair",)), Preparation(size=64))
    assert flair.sequences == ("flair",)
    assert np.array_equal(flair.images[..., 1], whole.images[..., 1])
    assert not flair.images[..., [0, 2]].any()
    turned = prepare(scan_of(scan.pixels[..., ::-1], ("post", "flair", "pre")), Preparation(size=64))
    assert np.array_equal(turned.images, whole.images)


def test_a_copy_of_flair_is_a_missing_channel() -> None:
    pixels = make_phantom(5, slices=4).scan.pixels.copy()
    pixels[..., 2] = pixels[..., 1]
    sequences, warnings = real_sequences(scan_of(pixels))
    assert sequences == ("pre", "flair")
    assert warnings == ("the post-contrast channel is a copy of FLAIR and is treated as missing",)
    assert not prepare(scan_of(pixels), Preparation(size=64)).images[..., 2].any()


def test_a_volume_is_normalised_together_and_a_lone_slice_by_itself() -> None:
    scan = make_phantom(7, slices=6).scan
    together = prepare(scan, Preparation(size=64, crop=False)).images
    alone = prepare(scan_of(scan.pixels[2:3]), Preparation(size=64, crop=False)).images
    assert not np.allclose(together[2], alone[0], atol=1e-3)
    doubled = np.concatenate([scan.pixels, scan.pixels])
    assert np.allclose(prepare(scan_of(doubled), Preparation(size=64, crop=False)).images[:6], together, atol=1e-4)


def test_the_box_follows_a_small_head_and_not_a_lone_slice() -> None:
    head = np.zeros((2, 200, 240), dtype=np.bool_)
    head[:, 60:140, 80:180] = True
    assert head_box(head, 0.0, is_volume=True) == (50, 80, (100, 100))
    top, left, sides = head_box(head, 0.0, is_volume=False)
    assert sides == (LONE_SLICE_SIDE * 200, LONE_SLICE_SIDE * 200)
    assert (top, left) == (100 - sides[0] // 2, 130 - sides[1] // 2)


@pytest.mark.parametrize(("size", "box"), [((160, 128), (60, 80)), ((128, 160), (50, 100)), ((64, 32), (60, 120))])
def test_the_box_has_the_proportions_asked_for_and_holds_the_head(size: tuple[int, int], box: tuple[int, int]) -> None:
    head = np.zeros((2, 200, 240), dtype=np.bool_)
    head[:, 60 : 60 + box[0], 80 : 80 + box[1]] = True
    top, left, (height, width) = head_box(head, 0.1, True, size)
    border = 2 * round(0.1 * max(box))
    assert height / width == pytest.approx(size[0] / size[1], rel=0.02)
    assert height >= box[0] + border
    assert width >= box[1] + border
    assert height == box[0] + border or width == box[1] + border
    assert (2 * top + height, 2 * left + width) == pytest.approx((120 + box[0], 160 + box[1]), abs=2)


def test_without_a_head_the_whole_image_is_used() -> None:
    assert head_box(np.zeros((1, 50, 80), dtype=np.bool_), 0.0, is_volume=True) == (-15, 0, (80, 80))
    prepared = prepare(scan_of(np.zeros((1, 50, 80, 3), dtype=np.uint8)), Preparation(size=32))
    assert np.isfinite(prepared.images).all()


def test_float_intensities_become_8_bits_by_percentiles() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(1000, 200, (3, 40, 40, 1)).astype(np.float32)
    scaled = to_uint8(values)
    assert scaled.dtype == np.uint8
    assert scaled.min() == 0
    assert scaled.max() == 255
    assert np.corrcoef(values.ravel(), scaled.ravel())[0, 1] > 0.999
    assert np.array_equal(to_uint8(np.full((1, 4, 4, 1), np.nan, dtype=np.float32)), np.zeros((1, 4, 4, 1), np.uint8))


@pytest.mark.parametrize("added", [-1024, 4096])
def test_8_bits_do_not_depend_on_the_background_s_value(added: int) -> None:
    values = np.random.default_rng(0).integers(0, 900, (3, 40, 40, 1)).astype(np.float32)
    values[:, :12] = values[:, -12:] = values[:, :, :12] = values[:, :, -12:] = 0
    assert np.array_equal(to_uint8(values + added), to_uint8(values))


def test_a_background_of_0_between_normalised_values_stays_where_it_was() -> None:
    values = np.random.default_rng(0).normal(0, 1, (3, 40, 40, 1)).astype(np.float32)
    values[:, :8] = values[:, -8:] = values[:, :, :8] = values[:, :, -8:] = 0
    low, high = np.percentile(values[values != 0], (0.1, 99.9))
    expected = np.rint(np.clip((values - low) / float(high - low), 0, 1) * 255).astype(np.uint8)
    assert np.array_equal(to_uint8(values), expected)


def test_bytes_pass_unchanged() -> None:
    values = np.arange(48, dtype=np.uint8).reshape(1, 4, 4, 3)
    assert to_uint8(values) is values


def test_unit_normalisation_divides_by_255() -> None:
    values = np.full((1, 4, 4, 1), 51, dtype=np.float32)
    result = normalise(values, np.ones((1, 4, 4), np.bool_), Preparation(normalise="unit"))
    assert np.allclose(result, 0.2)


def test_slices_can_be_normalised_each_by_itself() -> None:
    scan = make_phantom(3, slices=4).scan
    how = Preparation(size=64, normalise="zscore_slice", clip=50.0)
    prepared = prepare(scan, how)
    lone = [
        Scan(scan.pixels[one : one + 1], scan.sequences, scan.sources[one : one + 1], is_volume=False)
        for one in range(4)
    ]
    head = prepared.inverse.forward(head_mask(scan.pixels[..., 1]).astype(np.float32)) > 0.5
    for one, inside in zip(prepared.images, head, strict=True):
        np.testing.assert_allclose(one[inside].mean(axis=0), 0, atol=1e-3)
        np.testing.assert_allclose(one[inside].std(axis=0), 1, atol=1e-3)
    for one in lone:
        alone = prepare(one, how).images
        np.testing.assert_array_equal(alone, prepare(one, how.model_copy(update={"normalise": "zscore"})).images)


def test_a_slice_without_a_head_can_be_normalised_by_itself() -> None:
    values = np.zeros((2, 4, 4, 1), dtype=np.float32)
    values[0, :2] = 10
    head = np.zeros((2, 4, 4), dtype=np.bool_)
    scaled = normalise(values, head, Preparation(normalise="zscore_slice"))
    np.testing.assert_allclose(scaled[0, :, 0, 0], [1, 1, -1, -1], atol=1e-6)
    assert not scaled[1].any()


def test_scores_are_those_of_the_head_s_pixels() -> None:
    random = np.random.default_rng(5)
    values = random.uniform(0, 255, (6, 16, 20, 3)).astype(np.float32)
    head = random.random((6, 16, 20)) < 0.3
    head[2] = False
    inside = values[head].astype(np.float64)
    expected = np.clip((values - inside.mean(axis=0)) / inside.std(axis=0), -1.5, 1.5)
    scaled = normalise(values, head, Preparation(clip=1.5))
    np.testing.assert_allclose(scaled, expected, atol=2e-6)
    assert scaled is values  # no second copy of a volume


def test_values_that_are_part_of_other_arrays_are_left_alone() -> None:
    whole = np.random.default_rng(6).uniform(0, 255, (2, 8, 8, 4)).astype(np.float32)
    before = whole.copy()
    scaled = normalise(whole[..., :3], np.ones((2, 8, 8), dtype=np.bool_), Preparation())
    assert np.array_equal(whole, before)
    np.testing.assert_allclose(scaled.mean(axis=(0, 1, 2)), 0, atol=1e-5)


@pytest.mark.parametrize("how", [Clahe(), Clahe(blend=1.0), Clahe(blend=0.3), Clahe(enabled=False)])
def test_enhancing_a_window_is_enhancing_the_whole_and_cutting(how: Clahe) -> None:
    pixels = make_phantom(4, slices=2).scan.pixels
    window = (slice(11, 90), slice(30, 101))
    assert np.array_equal(
        enhance_for_network(pixels, SEQUENCES, how, window), enhance_for_network(pixels, SEQUENCES, how)[:, *window]
    )


@pytest.mark.parametrize("blend", [1.0, 0.5])
def test_only_the_sequences_of_the_recipe_are_enhanced(blend: float) -> None:
    scan = make_phantom(4, slices=2).scan
    how = Clahe(blend=blend, sequences=("post", "flair"))
    assert how.sequences == ("flair", "post")
    everywhere = enhance_for_network(scan.pixels, SEQUENCES, Clahe(blend=blend))
    some = enhance_for_network(scan.pixels, SEQUENCES, how)
    assert np.array_equal(some[..., 1:], everywhere[..., 1:])
    assert np.array_equal(some[..., 0], scan.pixels[..., 0])
    assert not np.array_equal(everywhere[..., 0], scan.pixels[..., 0])
    lone = enhance_for_network(scan.pixels[..., :1], ("pre",), how)
    assert np.array_equal(lone, scan.pixels[..., :1])


def test_a_recipe_s_choice_of_sequences_reaches_the_networks() -> None:
    scan = make_phantom(4, slices=2).scan
    flair = prepare(scan, Preparation(clahe=Clahe(sequences=("flair",)))).images
    everywhere, nowhere = (prepare(scan, Preparation(clahe=Clahe(enabled=one))).images for one in (True, False))
    assert np.array_equal(flair[..., 1], everywhere[..., 1])
    assert np.array_equal(flair[..., [0, 2]], nowhere[..., [0, 2]])
    assert not np.array_equal(everywhere[..., [0, 2]], nowhere[..., [0, 2]])


@given(boxes, st.integers(0, 2**32 - 1))
def test_resizing_the_window_is_the_way_forward(box: Box, seed: int) -> None:
    rows, columns, top, left, cut, size = box
    inverse = InverseMap((rows, columns), top, left, cut, size)
    image = np.random.default_rng(seed).random((2, rows, columns, 3), dtype=np.float32)
    assert np.array_equal(inverse.resize_window(image[:, *inverse.window]), inverse.forward(image))


@given(boxes)
def test_a_rectangular_input_without_a_crop_holds_the_whole_image(box: Box) -> None:
    rows, columns, _, _, _, size = box
    scan = scan_of(np.full((1, rows, columns, 3), 90, dtype=np.uint8))
    inverse = prepare(scan, Preparation(size=size, crop=False)).inverse
    whole = np.ones((1, rows, columns), dtype=np.float32)
    assert (inverse.restore(inverse.forward(whole)) > 0).all()
    assert inverse.box[0] >= rows - 1
    assert inverse.box[1] >= columns - 1
