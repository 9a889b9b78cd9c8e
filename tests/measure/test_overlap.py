from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.measure.overlap import dice, dice_of_counts, hd95, iou

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
    assert math.isnan(dice_of_counts(0, 0, 0))


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


@given(MASKS, MASKS)
def test_bounds_and_symmetry(prediction: NDArray[np.bool_], truth: NDArray[np.bool_]) -> None:
    d, j, h = (measure(prediction, truth) for measure in (dice, iou, hd95))
    for measure, value in ((dice, d), (iou, j), (hd95, h)):
        assert measure(truth, prediction) == pytest.approx(value, nan_ok=True)
    if math.isnan(d):
        assert not (prediction | truth).any()
        return
    assert 0 <= j <= d <= 1
    assert d == pytest.approx(2 * j / (1 + j))
    if not math.isnan(h):
        assert 0 <= h <= math.hypot(*prediction.shape)
        assert h == 0 or d < 1


@given(MASKS)
def test_an_outline_agrees_with_itself(mask: NDArray[np.bool_]) -> None:
    if mask.any():
        assert (dice(mask, mask), iou(mask, mask), hd95(mask, mask)) == (1.0, 1.0, 0.0)


def test_volumes_are_compared_as_a_whole_but_have_no_2d_distance() -> None:
    volume = np.zeros((2, 4, 4), dtype=np.bool_)
    volume[0] = True
    other = np.ones((2, 4, 4), dtype=np.bool_)
    assert dice(volume, other) == pytest.approx(2 * 16 / 48)
    with pytest.raises(InputError, match=r"mask must be 2-D, received shape \(2, 4, 4\)"):
        hd95(volume, other)


@pytest.mark.parametrize("measure", [dice, iou, hd95])
def test_other_shapes_and_types_are_refused(measure: type) -> None:
    with pytest.raises(InputError, match="one shape"):
        measure(block(0, 0, 1, 1), block(0, 0, 1, 1, (5, 5)))
    with pytest.raises(InputError, match="boolean, received uint8"):
        measure(block(0, 0, 1, 1).astype(np.uint8), block(0, 0, 1, 1))
