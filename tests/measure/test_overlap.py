from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813  its users know it by this name
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.measure.overlap import (
    asd,
    dice,
    dice_of_counts,
    hd95,
    iou,
    iou_of_counts,
    measure_surfaces,
    measure_volume_surfaces,
    surface_distances,
)

MASKS = arrays(np.bool_, (7, 6))


def block(top: int, left: int, bottom: int, right: int, shape: tuple[int, int] = (20, 20)) -> NDArray[np.bool_]:
    mask = np.zeros(shape, dtype=np.bool_)
    mask[top:bottom, left:right] = True
    return mask


@pytest.mark.parametrize(
    ("prediction", "truth", "expected_dice", "expected_iou"),
    [
        (block(0, 0, 4, 4), block(0, 0, 4, 4), 1.0, 1.0),
        (block(0, 0, 4, 4), block(0, 2, 4, 6), 2 * 8 / 32, 8 / 24),
        (block(0, 0, 4, 4), block(10, 10, 12, 12), 0.0, 0.0),
        (block(0, 0, 2, 5), block(0, 0, 0, 0), 0.0, 0.0),
        (block(0, 0, 1, 3), block(0, 0, 1, 1), 2 * 1 / 4, 1 / 3),
    ],
)
def test_by_hand(
    prediction: NDArray[np.bool_], truth: NDArray[np.bool_], expected_dice: float, expected_iou: float
) -> None:
    assert dice(prediction, truth) == pytest.approx(expected_dice, abs=1e-15)
    assert iou(prediction, truth) == pytest.approx(expected_iou, abs=1e-15)


def test_two_empty_outlines_say_nothing() -> None:
    empty = block(0, 0, 0, 0)
    assert math.isnan(dice(empty, empty))
    assert math.isnan(iou(empty, empty))
    assert math.isnan(hd95(empty, empty))
    assert math.isnan(hd95(block(0, 0, 2, 2), empty))
    assert math.isnan(asd(empty, empty))
    assert math.isnan(asd(empty, block(0, 0, 2, 2)))
    assert math.isnan(dice_of_counts(0, 0, 0))
    assert math.isnan(iou_of_counts(0, 0, 0))
    assert [one.size for one in surface_distances(block(0, 0, 2, 2), empty)] == [0, 0]


def test_distance_of_a_shifted_block_is_the_shift() -> None:
    assert hd95(block(2, 2, 8, 8), block(2, 5, 8, 11)) == 3.0
    assert hd95(block(2, 2, 3, 3), block(5, 6, 6, 7)) == 5.0


def test_distance_is_between_borders_not_into_the_inside() -> None:
    inner, outer = block(5, 5, 35, 35, (40, 40)), block(4, 4, 36, 36, (40, 40))
    assert hd95(outer, inner) == 1.0


def test_the_larger_direction_counts() -> None:
    """Twenty border pixels lie on the truth; one of twenty-one lies far away, beyond the 95th percentile."""
    truth = block(0, 0, 1, 20, (20, 40))
    near, far = truth.copy(), truth.copy()
    near[19, 0] = True
    far[18:20, 0] = True
    assert hd95(near, truth) == 0.0
    assert hd95(far, truth) > 0.0


def test_surface_distances_of_a_square_and_a_pixel_by_hand() -> None:
    """A square of 3 has 8 border pixels: at distance 1 and sqrt 2 of a pixel in its middle, four of each."""
    square, pixel = block(4, 4, 7, 7), block(5, 5, 6, 6)
    there, back = surface_distances(square, pixel)
    assert sorted(there) == pytest.approx([1.0] * 4 + [math.sqrt(2)] * 4)
    assert back.tolist() == [1.0]
    assert asd(square, pixel) == pytest.approx((4 * 1 + 4 * math.sqrt(2) + 1) / 9)
    assert hd95(square, pixel) == pytest.approx(math.sqrt(2))


def test_average_distance_of_two_shifted_lines_by_hand() -> None:
    """Lines of 4 pixels, one moved by 2: two pixels of each lie on the other, the rest 1 and 2 away."""
    first, second = block(3, 0, 4, 4), block(3, 2, 4, 6)
    assert asd(first, second) == (1 + 2 + 1 + 2) / 8
    assert hd95(first, second) == pytest.approx(np.percentile([0, 0, 1, 2], 95)) == pytest.approx(1.85)


def test_the_mean_is_over_all_border_pixels_and_not_over_the_two_directions() -> None:
    """A pixel 3 away from a line of 3: 1 distance one way, 3 the other."""
    line, pixel = block(3, 0, 4, 3), block(3, 5, 4, 6)
    assert asd(pixel, line) == (3 + (5 + 4 + 3)) / 4
    assert asd(line, pixel) == asd(pixel, line)


def test_the_image_s_edge_is_a_border() -> None:
    corner, whole = block(0, 0, 3, 3, (3, 3)), block(1, 1, 2, 2, (3, 3))
    assert sorted(surface_distances(corner, whole)[0]) == pytest.approx([1.0] * 4 + [math.sqrt(2)] * 4)


@given(MASKS, MASKS)
def test_bounds_and_symmetry(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> None:
    d, j, h, a = (measure(prediction, truth) for measure in (dice, iou, hd95, asd))
    for measure, value in ((dice, d), (iou, j), (hd95, h), (asd, a)):
        assert measure(truth, prediction) == pytest.approx(value, nan_ok=True)
    if math.isnan(d):
        assert not (prediction | truth).any()
        return
    assert 0 <= j <= d <= 1
    assert d == pytest.approx(2 * j / (1 + j))
    if not math.isnan(h):
        assert 0 <= h <= math.hypot(*prediction.shape)
        assert h == 0 or d < 1
        furthest = max(one.max() for one in surface_distances(prediction, truth))
        assert 0 <= a <= furthest
        assert h <= furthest
        both = measure_surfaces(prediction, truth)
        assert (both.hd95, both.asd) == (h, a)


@given(MASKS)
def test_an_outline_agrees_with_itself(mask: NDArray[np.bool_]) -> None:
    if mask.any():
        assert (dice(mask, mask), iou(mask, mask), hd95(mask, mask), asd(mask, mask)) == (1.0, 1.0, 0.0, 0.0)


@given(MASKS, MASKS, st.integers(0, 3), st.integers(0, 3))
def test_where_on_the_image_the_outlines_lie_does_not_matter(
    prediction: NDArray[np.bool_], truth: NDArray[np.bool_], rows: int, columns: int
) -> None:
    wider = [np.pad(one, ((rows, 3 - rows), (columns, 3 - columns))) for one in (prediction, truth)]
    for there, here in zip(surface_distances(*wider), surface_distances(prediction, truth), strict=True):
        assert there.tolist() == here.tolist()


@given(MASKS, MASKS)
def test_distances_agree_with_simpleitk(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> None:
    """Its contour filter and its distance map, as its own notebook on segmentation evaluation puts them together."""
    if not (prediction.any() and truth.any()):
        return
    wider = [np.pad(one, 1) for one in (prediction, truth)]
    there, back = surface_distances(*wider)
    expected = simpleitk_distances(*wider), simpleitk_distances(*wider[::-1])
    for mine, theirs in ((there, expected[0]), (back, expected[1])):
        assert sorted(mine) == pytest.approx(sorted(theirs), abs=1e-5)
    assert max(there.max(), back.max()) == pytest.approx(simpleitk_hausdorff(*wider), abs=1e-5)


def ball(middle: tuple[float, float, float], radius_mm: float, steps: tuple[float, float, float]) -> NDArray[np.bool_]:
    """Middle and steps along slice, row, column, in millimetres."""
    axes = [np.arange(round(60 / step)) * step for step in steps]
    places = np.meshgrid(*axes, indexing="ij")
    apart = sum((place - one) ** 2 for place, one in zip(places, middle, strict=True))
    return np.asarray(apart <= radius_mm**2)


@pytest.mark.parametrize("steps", [(1.0, 1.0, 1.0), (3.0, 0.9, 0.9), (5.0, 1.2, 0.6)])
def test_distances_of_volumes_are_millimetres_as_simpleitk_measures_them(steps: tuple[float, float, float]) -> None:
    first, second = ball((30, 30, 30), 15, steps), ball((33, 27, 30), 11, steps)
    affine = np.diag([steps[2], steps[1], steps[0], 1.0])
    apart = measure_volume_surfaces(first, second, affine)
    there, back = simpleitk_distances(first, second, steps=steps), simpleitk_distances(second, first, steps=steps)
    assert apart.asd == pytest.approx(np.concatenate([there, back]).mean(), abs=1e-4)
    assert apart.hd95 == pytest.approx(max(np.percentile(there, 95), np.percentile(back, 95)), abs=1e-4)


def test_a_block_moved_along_an_axis_is_as_far_away_as_it_was_moved() -> None:
    volume = np.zeros((12, 12, 12), dtype=np.bool_)
    volume[2:5, 2:5, 2:5] = True
    affine = np.array([[0, 0.5, 0, 7], [-0.5, 0, 0, 9], [0, 0, 4, -3], [0, 0, 0, 1]], dtype=np.float64)
    for axis, step in enumerate((4.0, 0.5, 0.5)):
        apart = measure_volume_surfaces(volume, np.roll(volume, 1, axis), affine)
        assert apart.hd95 == step
        assert 0 < apart.asd < step
    nothing = measure_volume_surfaces(volume, np.zeros_like(volume), affine)
    assert math.isnan(nothing.hd95)
    assert math.isnan(nothing.asd)
    with pytest.raises(InputError, match="must be 3-D"):
        measure_volume_surfaces(volume[0], volume[0], affine)


def simpleitk_image(mask: NDArray[np.bool_]) -> sitk.Image:
    return sitk.GetImageFromArray(mask.astype(np.uint8))


def simpleitk_distances(
    start: NDArray[np.bool_], end: NDArray[np.bool_], *, steps: tuple[float, ...] | None = None
) -> NDArray[np.float32]:
    contour = sitk.LabelContour(simpleitk_image(end), fullyConnected=False)
    contour.SetSpacing([1.0] * end.ndim if steps is None else list(steps[::-1]))
    distance = sitk.Abs(sitk.SignedMaurerDistanceMap(contour, squaredDistance=False, useImageSpacing=True))
    border = sitk.GetArrayFromImage(sitk.LabelContour(simpleitk_image(start), fullyConnected=False)) > 0
    return np.asarray(sitk.GetArrayFromImage(distance)[border])


def simpleitk_hausdorff(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    measure = sitk.HausdorffDistanceImageFilter()
    measure.Execute(*(sitk.LabelContour(simpleitk_image(one), fullyConnected=False) for one in (prediction, truth)))
    return float(measure.GetHausdorffDistance())


@given(MASKS, MASKS)
def test_overlap_agrees_with_simpleitk(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> None:
    if not (prediction.any() or truth.any()):
        return
    measure = sitk.LabelOverlapMeasuresImageFilter()
    measure.Execute(simpleitk_image(truth), simpleitk_image(prediction))
    assert dice(prediction, truth) == pytest.approx(measure.GetDiceCoefficient())
    assert iou(prediction, truth) == pytest.approx(measure.GetJaccardCoefficient())


def test_volumes_are_compared_as_a_whole_but_have_no_2d_distance() -> None:
    volume = np.zeros((2, 4, 4), dtype=np.bool_)
    volume[0] = True
    other = np.ones((2, 4, 4), dtype=np.bool_)
    assert dice(volume, other) == pytest.approx(2 * 16 / 48)
    with pytest.raises(InputError, match=r"mask must be 2-D, received shape \(2, 4, 4\)"):
        hd95(volume, other)
    with pytest.raises(InputError, match="mask must be 2-D"):
        asd(volume, other)


@pytest.mark.parametrize("measure", [dice, iou, hd95, asd])
def test_other_shapes_and_types_are_refused(measure: type) -> None:
    with pytest.raises(InputError, match="one shape"):
        measure(block(0, 0, 1, 1), block(0, 0, 1, 1, (5, 5)))
    with pytest.raises(InputError, match="boolean, received uint8"):
        measure(block(0, 0, 1, 1).astype(np.uint8), block(0, 0, 1, 1))
