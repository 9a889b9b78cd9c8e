from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

import keras

from gliascope.recipe import Loss
from gliascope.training.losses import (
    DEEP_WEIGHTS,
    SMOOTH,
    MaskLoss,
    SliceLoss,
    cross_entropy,
    dice_loss,
    focal_tversky,
    stage_losses,
)

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("plain_keras")]

TRUTH = np.array([[[[1.0], [1.0]], [[0.0], [0.0]]]], np.float32)
LOGIT = np.array([[[[2.0], [-1.0]], [[0.0], [-3.0]]]], np.float32)
INSIDE = 1 / (1 + np.exp(-LOGIT.astype(np.float64)))


def number(tensor: Any) -> float:
    return float(keras.ops.convert_to_numpy(tensor))


def test_cross_entropy_by_hand() -> None:
    expected = -np.mean(TRUTH * np.log(INSIDE) + (1 - TRUTH) * np.log(1 - INSIDE))
    assert number(cross_entropy(TRUTH, LOGIT)) == pytest.approx(expected, rel=1e-6)


def test_cross_entropy_of_extreme_logits_is_finite() -> None:
    logits = np.array([[1e4], [-1e4]], np.float32)
    assert number(cross_entropy(np.array([[1.0], [0.0]], np.float32), logits)) == 0
    assert number(cross_entropy(np.array([[0.0], [1.0]], np.float32), logits)) == pytest.approx(1e4)


def test_dice_loss_by_hand() -> None:
    shared = INSIDE[0, 0].sum()
    expected = 1 - (2 * shared + SMOOTH) / (INSIDE.sum() + 2 + SMOOTH)
    assert number(dice_loss(TRUTH, LOGIT)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("alpha", "gamma"), [(0.7, 0.75), (0.3, 0.75), (0.5, 1.0)])
def test_focal_tversky_by_hand(alpha: float, gamma: float) -> None:
    hit = (INSIDE * TRUTH).sum()
    missed = ((1 - INSIDE) * TRUTH).sum()
    extra = (INSIDE * (1 - TRUTH)).sum()
    index = (hit + SMOOTH) / (hit + alpha * missed + (1 - alpha) * extra + SMOOTH)
    assert number(focal_tversky(TRUTH, LOGIT, alpha, gamma)) == pytest.approx((1 - index) ** gamma, rel=1e-5)


def test_tversky_of_one_half_is_dice() -> None:
    half_smooth = number(focal_tversky(np.tile(TRUTH, (1, 400, 1, 1)), np.tile(LOGIT, (1, 400, 1, 1)), 0.5, 1.0))
    assert half_smooth == pytest.approx(
        number(dice_loss(np.tile(TRUTH, (1, 400, 1, 1)), np.tile(LOGIT, (1, 400, 1, 1)))), abs=1e-3
    )


def test_missed_pixels_cost_more_than_extra_ones() -> None:
    truth = np.zeros((1, 8, 8, 1), np.float32)
    truth[0, 2:6, 2:6] = 1
    missing, extra = truth.copy(), truth.copy()
    missing[0, 2, 2:6] = 0
    extra[0, 6, 2:6] = 1
    sharp = [40 * (one - 0.5) for one in (missing, extra)]
    assert number(focal_tversky(truth, sharp[0], 0.7, 0.75)) > number(focal_tversky(truth, sharp[1], 0.7, 0.75))


@pytest.mark.parametrize("kind", ["dice_ce", "focal_tversky"])
@pytest.mark.parametrize("level", [-60.0, -15.0, 0.0, 15.0, 60.0])
@pytest.mark.parametrize("covered", [0.0, 1.0])
def test_gradients_are_finite(kind: str, level: float, covered: float) -> None:
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("gradients are taken with TensorFlow")
    loss = MaskLoss(Loss.model_validate({"mask": kind}))
    logit = tf.Variable(np.full((2, 8, 8, 1), level, np.float32))
    with tf.GradientTape() as tape:
        value = loss(np.full((2, 8, 8, 1), covered, np.float32), logit)
    assert math.isfinite(float(value))
    assert np.isfinite(tape.gradient(value, logit).numpy()).all()


def test_a_batch_without_tumour_pulls_the_mask_down() -> None:
    truth = np.zeros((2, 8, 8, 1), np.float32)
    for kind in ("dice_ce", "focal_tversky"):
        loss = MaskLoss(Loss.model_validate({"mask": kind}))
        values = [number(loss(truth, np.full_like(truth, level))) for level in (2.0, 0.0, -4.0)]
        assert values == sorted(values, reverse=True)


def test_mask_loss_is_dice_and_cross_entropy() -> None:
    expected = number(dice_loss(TRUTH, LOGIT)) + number(cross_entropy(TRUTH, LOGIT))
    assert number(MaskLoss(Loss())(TRUTH, LOGIT)) == pytest.approx(expected, rel=1e-6)


def test_truth_is_averaged_down_to_small_outputs() -> None:
    truth = np.zeros((1, 4, 4, 1), np.float32)
    truth[0, :2, :3] = 1
    small = np.array([[[[1.0], [0.5]], [[0.0], [0.0]]]], np.float32)
    assert number(MaskLoss(Loss())(truth, LOGIT)) == pytest.approx(number(MaskLoss(Loss())(small, LOGIT)), rel=1e-6)


def test_smoothed_labels() -> None:
    labels, logits = np.array([[1.0], [0.0]], np.float32), np.array([[0.3], [-0.8]], np.float32)
    expected = number(cross_entropy(np.array([[0.95], [0.05]], np.float32), logits))
    assert number(SliceLoss(0.1)(labels, logits)) == pytest.approx(expected, rel=1e-6)


def test_weights_of_a_joint_stage() -> None:
    losses, weights = stage_losses("joint", Loss(slice_weight=0.3), ["mask_logit", "slice_logit"])
    assert set(losses) == set(weights) == {"mask_logit", "slice_logit"}
    assert weights == {"mask_logit": 1.0, "slice_logit": 0.3}


def test_weights_of_deep_supervision_sum_to_one() -> None:
    names = ["slice_logit", "mask_logit_2", "mask_logit", "mask_logit_1"]
    _, weights = stage_losses("joint", Loss(), names)
    assert sum(weights[one] for one in names[1:]) == pytest.approx(1)
    ratios = [weights[one] / weights["mask_logit"] for one in ("mask_logit", "mask_logit_1", "mask_logit_2")]
    assert ratios == pytest.approx(list(DEEP_WEIGHTS))


def test_a_classifier_alone_weighs_one() -> None:
    losses, weights = stage_losses("classifier", Loss(slice_weight=0.3), ["slice_logit"])
    assert isinstance(losses["slice_logit"], SliceLoss)
    assert weights == {"slice_logit": 1.0}
