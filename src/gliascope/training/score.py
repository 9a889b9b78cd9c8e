"""Scores on validation patients while training, and the thresholds that are chosen there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.evaluate.curve import area_under_curve
from gliascope.evaluate.thresholds import DEFAULT_THRESHOLD, RUN, balanced_threshold, youden_threshold
from gliascope.rules import Components, OperatingPoint
from gliascope.segment.postprocess import keep_components
from gliascope.training.table import SliceTable

COMPONENTS: Final[tuple[Components, ...]] = ("spanning", "all", "largest")
"""What may be kept of a volume's outline: the first, unless another is better by more than a standard error."""

MOST_LOST: Final = 0.01
"""Share of the best mean Dice that is given up at most for a pixel threshold nearer to one half."""

MASK_THRESHOLDS: Final = tuple(round(0.05 + 0.05 * step, 2) for step in range(16))
"""Candidates for the pixel threshold: 0.05 to 0.80."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a network says about every slice of a table.

    Attributes
    ----------
    slices : ndarray, float32, shape (slice,), or None
        Probability of tumour; None from a segmenter alone.
    masks : ndarray, float16, shape (slice, size, size), or None
        Probability of each pixel; None from a classifier alone.
    """

    slices: NDArray[np.float32] | None
    masks: NDArray[np.float16] | None


def patient_dice(
    table: SliceTable,
    predictions: Predictions,
    detection: float,
    mask_thresholds: Iterable[float],
    components: Components = "all",
) -> NDArray[np.float64]:
    """Dice over each patient's volume in the scan's own pixels, behind the slice gate.

    Parameters
    ----------
    table : SliceTable
    predictions : Predictions
    detection : float
        Slices under this probability have an empty mask.
    mask_thresholds : iterable of float
    components : str
        See `gliascope.segment.postprocess.keep_components`.

    Returns
    -------
    ndarray, float64, shape (patient, threshold)
        NaN for a patient whose true and predicted volumes are both empty.
    """
    if predictions.masks is None:
        raise ValueError("Dice needs masks, received none")
    thresholds = tuple(mask_thresholds)
    result = np.full((len(table.patients), len(thresholds)), np.nan)
    for row, patient in enumerate(table.patients):
        probability = patient.inverse.restore(predictions.masks[patient.rows].astype(np.float32))
        if predictions.slices is not None:
            probability[predictions.slices[patient.rows] < detection] = 0
        for column, threshold in enumerate(thresholds):
            outline = keep_components(probability >= threshold, components, patient.step)
            total = int(outline.sum()) + int(patient.truth.sum())
            if total:
                result[row, column] = 2 * int((outline & patient.truth).sum()) / total
    return result


def validation_scores(
    table: SliceTable, predictions: Predictions, gate: NDArray[np.float32] | None = None
) -> dict[str, float]:
    """Compute the figures of one epoch.

    Parameters
    ----------
    table : SliceTable
    predictions : Predictions
    gate : ndarray, float32, shape (slice,), optional
        Slice probabilities of another network, which gate the masks of one that gives none.

    Returns
    -------
    dict of str to float
        ``auc`` and ``dice`` (mean over patients, pixel threshold 0.5, slice threshold by Youden) where the network
        gives them, and ``score``, their mean, which the best epoch is chosen by. A figure that the patients do not
        define (no tumour among them, or nothing else) is NaN and left out of the mean.
    """
    figures: dict[str, float] = {}
    gate = gate if predictions.slices is None else predictions.slices
    detection = DEFAULT_THRESHOLD if gate is None else youden_threshold(table.labels, gate)
    if predictions.slices is not None:
        figures["auc"] = area_under_curve(table.labels, predictions.slices)
    if predictions.masks is not None:
        dice = patient_dice(table, Predictions(gate, predictions.masks), detection, [DEFAULT_THRESHOLD])
        figures["dice"] = float(_mean_known(dice)[0])
    figures["score"] = float(_mean_known(np.array([list(figures.values())]).T)[0])
    return figures


def _mean_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean of every column over the rows that are a number; NaN where none is."""
    known = np.isfinite(values).sum(axis=0)
    means: NDArray[np.float64] = np.where(known, np.nansum(values, axis=0) / np.maximum(known, 1), np.nan)
    return means


def merge_predictions(parts: Sequence[Predictions]) -> Predictions:
    """Put the slices' and the masks' predictions of separate networks together.

    Parameters
    ----------
    parts : sequence of Predictions

    Returns
    -------
    Predictions
    """
    slices = next((one.slices for one in parts if one.slices is not None), None)
    masks = next((one.masks for one in parts if one.masks is not None), None)
    return Predictions(slices, masks)


def choose_operating_point(
    table: SliceTable, predictions: Predictions, choices: Sequence[Components] = COMPONENTS
) -> OperatingPoint:
    """Choose the thresholds on validation patients.

    The slice threshold by `gliascope.evaluate.thresholds.balanced_threshold`; behind that gate the pixel
    threshold: of those whose mean Dice over the patients is within one standard error of the best one's and
    `MOST_LOST`, the nearest to one half (after Breiman et al. 1984); and which components of a volume are kept. Dice
    hardly hangs on either, and few patients would choose by chance.

    Parameters
    ----------
    table : SliceTable
    predictions : Predictions
        With slices, calibrated, and masks.
    choices : sequence of str
        Which components may be kept; the first, unless another is better by more than a standard error.

    Returns
    -------
    OperatingPoint
        Named ``balanced``; it fills holes.
    """
    if predictions.slices is None:
        raise ValueError("an operating point needs slice probabilities, received none")
    detection = balanced_threshold(table.labels, predictions.slices)
    chosen = OperatingPoint("balanced", detection, DEFAULT_THRESHOLD, choices[0], RUN, "filled")
    best: NDArray[np.float64] | None = None
    for components in choices:
        dice = patient_dice(table, predictions, detection, MASK_THRESHOLDS, components)
        means = _mean_known(dice)
        at = int(np.argmax(means))
        if np.isfinite(means[at]) and (best is None or _is_better(dice[:, at], best)):
            best = dice[:, at]
            chosen = replace(chosen, mask=MASK_THRESHOLDS[nearest_to_half(dice, at)], components=components)
    return chosen


def _is_better(these: NDArray[np.float64], others: NDArray[np.float64]) -> bool:
    """Whether patients' Dice are higher by more than a standard error of the mean difference."""
    gained = (these - others)[np.isfinite(these) & np.isfinite(others)]
    if len(gained) < 2:
        return bool(gained.sum() > 0)
    return bool(gained.mean() > gained.std(ddof=1) / np.sqrt(len(gained)))


def nearest_to_half(dice: NDArray[np.float64], best: int) -> int:
    """Of the pixel thresholds that are as good as the best one, give or take a standard error, the nearest to one half.

    None that loses more than `MOST_LOST`: of networks that outline little yet, two patients' error is large.

    Parameters
    ----------
    dice : ndarray, float64, shape (patient, threshold)
        By `MASK_THRESHOLDS`; patients without a number are left out.
    best : int
        Place of the one with the highest mean; it is taken where fewer than two patients are left, or none of them has
        any overlap.

    Returns
    -------
    int
        Its place. The error is that of the patients' mean difference from the best.
    """
    known = dice[np.isfinite(dice).all(axis=1)]
    if len(known) < 2 or not known[:, best].any():
        return best
    lost = known[:, [best]] - known
    error = lost.std(axis=0, ddof=1) / np.sqrt(len(lost))
    good = np.flatnonzero(lost.mean(axis=0) <= np.minimum(error, MOST_LOST * known[:, best].mean()))
    return int(min(good, key=lambda one: (abs(MASK_THRESHOLDS[one] - DEFAULT_THRESHOLD), one)))
