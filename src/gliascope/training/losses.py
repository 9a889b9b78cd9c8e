"""What is minimised; everything on logits, by keras.ops alone."""

from __future__ import annotations

from typing import Any, Final

from keras import losses, ops

from gliascope.recipe import Loss
from gliascope.training.networks import Stage

SMOOTH: Final = 1.0
"""Pixels added to both sides of the soft Dice and Tversky ratios, so that a batch without tumour has a gradient."""

LEAST_MISS: Final = 1e-7
"""One minus the Tversky index counts at least this much: at 0 the gradient of a power under 1 is infinite."""

DEEP_WEIGHTS: Final = (1.0, 0.5, 0.25)
"""Weight of the mask's loss at full, half and quarter size, before they are scaled to a sum of 1."""


def cross_entropy(truth: Any, logit: Any) -> Any:
    """Mean binary cross-entropy of logits.

    Parameters
    ----------
    truth, logit : tensor, same shape

    Returns
    -------
    tensor, scalar
    """
    return ops.mean(ops.maximum(logit, 0.0) - logit * truth + ops.softplus(-ops.abs(logit)))


def dice_loss(truth: Any, logit: Any) -> Any:
    """One minus the soft Dice coefficient over the whole batch (Drozdzal et al. 2016).

    Parameters
    ----------
    truth, logit : tensor, shape (n, row, column, 1)

    Returns
    -------
    tensor, scalar
    """
    inside = ops.sigmoid(logit)
    shared = ops.sum(inside * truth)
    return 1.0 - (2.0 * shared + SMOOTH) / (ops.sum(inside) + ops.sum(truth) + SMOOTH)


def focal_tversky(truth: Any, logit: Any, alpha: float, gamma: float) -> Any:
    """Focal Tversky loss (Abraham & Khan 2019): (1 - TI) ** gamma, TI = TP / (TP + alpha FN + (1 - alpha) FP).

    Parameters
    ----------
    truth, logit : tensor, shape (n, row, column, 1)
    alpha : float
        Weight of missed pixels.
    gamma : float

    Returns
    -------
    tensor, scalar
    """
    inside = ops.sigmoid(logit)
    true_positive = ops.sum(inside * truth)
    missed = ops.sum((1.0 - inside) * truth)
    extra = ops.sum(inside * (1.0 - truth))
    index = (true_positive + SMOOTH) / (true_positive + alpha * missed + (1.0 - alpha) * extra + SMOOTH)
    return ops.power(ops.maximum(1.0 - index, LEAST_MISS), gamma)


class MaskLoss(losses.Loss):
    """The recipe's loss of the outline; truth that is larger than the logits is averaged down to their size."""

    def __init__(self, loss: Loss, name: str = "mask_loss") -> None:
        super().__init__(name=name, reduction="sum", dtype="float32")
        self.loss = loss

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss of one batch, a scalar; truth and logits have shape (n, row, column, 1)."""
        factor = y_true.shape[1] // y_pred.shape[1]
        if factor > 1:
            y_true = ops.average_pool(y_true, factor, strides=factor, data_format="channels_last")
        if self.loss.mask == "focal_tversky":
            return focal_tversky(y_true, y_pred, self.loss.tversky_alpha, self.loss.tversky_gamma)
        return dice_loss(y_true, y_pred) + cross_entropy(y_true, y_pred)


class SliceLoss(losses.Loss):
    """Cross-entropy of the slice's logit, with smoothed labels."""

    def __init__(self, smoothing: float, name: str = "slice_loss") -> None:
        super().__init__(name=name, reduction="sum", dtype="float32")
        self.smoothing = smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss of one batch, a scalar; labels and logits have shape (n, 1)."""
        return cross_entropy(y_true * (1.0 - self.smoothing) + 0.5 * self.smoothing, y_pred)


def stage_losses(stage: Stage, loss: Loss, outputs: list[str]) -> tuple[dict[str, losses.Loss], dict[str, float]]:
    """Losses and weights for the outputs of one stage.

    Parameters
    ----------
    stage : str
    loss : Loss
    outputs : list of str
        Names of the stage's outputs.

    Returns
    -------
    losses : dict of str to keras.losses.Loss
    weights : dict of str to float
    """
    masks = sorted(one for one in outputs if one.startswith("mask"))
    total = sum(DEEP_WEIGHTS[: len(masks)])
    chosen: dict[str, losses.Loss] = {one: MaskLoss(loss) for one in masks}
    weights = {one: DEEP_WEIGHTS[position] / total for position, one in enumerate(masks)}
    if "slice_logit" in outputs:
        chosen["slice_logit"] = SliceLoss(loss.label_smoothing)
        weights["slice_logit"] = loss.slice_weight if stage == "joint" else 1.0
    return chosen, weights
