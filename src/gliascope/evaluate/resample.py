"""All figures for many draws of patients at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gliascope.evaluate.definitions import LOW_DICE
from gliascope.evaluate.ranking import rank_figures
from gliascope.evaluate.reliability import reliability_figures
from gliascope.evaluate.tally import Tally

Values = NDArray[np.float64]
"""Shape (draw,), or (patient,); NaN where not defined."""


def draw_patients(count: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """Draw patients with replacement, as many as there are.

    Returns
    -------
    ndarray, int64, shape (resamples, count)
    """
    return np.random.default_rng(seed).integers(count, size=(resamples, count))


def weights_of(draws: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count how many times each draw holds each patient.

    Parameters
    ----------
    draws : ndarray, int64, shape (draw, patient)

    Returns
    -------
    ndarray, int64, shape (draw, patient)
    """
    number, count = draws.shape
    places = draws + count * np.arange(number)[:, np.newaxis]
    return np.bincount(places.ravel(), minlength=number * count).reshape(number, count)


def compute(tally: Tally, draws: NDArray[np.int64]) -> dict[str, Values]:
    """Compute every figure of every draw.

    Parameters
    ----------
    tally : Tally
    draws : ndarray, int64, shape (draw, patient)
        Which patients a draw is made of; a patient may occur several times.

    Returns
    -------
    dict of str to ndarray, float64, shape (draw,)
        The names of `gliascope.evaluate.definitions.EVERY`; NaN where a figure is not defined.
    """
    weights = weights_of(draws)

    def total(values: NDArray[np.int64]) -> Values:
        return (weights @ values).astype(np.float64)

    return {
        **_volume_figures(tally, draws, weights, total),
        **_distance_figures(tally, weights, total),
        **_space_figures(tally, draws, weights),
        **rank_figures(tally, weights),
        **reliability_figures(tally.binned, weights),
        **_call_figures(tally, total),
        **_false_positive_figures(tally, draws, total),
    }


Total = Callable[[NDArray[np.int64]], Values]


def _volume_figures(
    tally: Tally, draws: NDArray[np.int64], weights: NDArray[np.int64], total: Total
) -> dict[str, Values]:
    both, predicted, true = total(tally.both), total(tally.predicted), total(tally.true)
    low = total((tally.dice < LOW_DICE).astype(np.int64))
    return {
        "dice_mean": _mean(tally.dice, weights),
        "dice_median": _median(tally.dice, draws),
        "dice_sd": _deviation(tally.dice, weights),
        "dice_low": np.where(weights @ ~np.isnan(tally.dice), low, np.nan),
        "dice_pooled": _share(2 * both, predicted + true),
        "dice_slice": _share((weights * tally.slice_dice).sum(axis=1), total(tally.tumour)),
        "iou_mean": _mean(tally.iou, weights),
        "iou_pooled": _share(both, predicted + true - both),
    }


def _distance_figures(tally: Tally, weights: NDArray[np.int64], total: Total) -> dict[str, Values]:
    return {
        "hd95_mean": _mean(tally.hd95, weights),
        "asd_mean": _mean(tally.asd, weights),
        "hd95_slices": total(tally.compared),
        "missed_slices": _where(total(tally.tumour), total(tally.missed)),
        "empty_slices": _where(total(tally.empty), total(tally.untouched)),
    }


def _space_figures(tally: Tally, draws: NDArray[np.int64], weights: NDArray[np.int64]) -> dict[str, Values]:
    return {
        "hd95_mm_mean": _mean(tally.hd95_mm, weights),
        "hd95_mm_median": _median(tally.hd95_mm, draws),
        "asd_mm_mean": _mean(tally.asd_mm, weights),
        "volume_error_ml_mean": _mean(np.abs(tally.surplus_ml), weights),
        "volume_bias_ml_mean": _mean(tally.surplus_ml, weights),
    }


def _call_figures(tally: Tally, total: Total) -> dict[str, Values]:
    tumour, empty, found, alarms = (total(one) for one in (tally.tumour, tally.empty, tally.found, tally.alarms))
    return {
        "sensitivity": _share(found, tumour),
        "specificity": _share(empty - alarms, empty),
        "precision": _share(found, found + alarms),
        "f1": _share(2 * found, tumour + found + alarms),
        "accuracy": _share(found + empty - alarms, tumour + empty),
    }


def _false_positive_figures(tally: Tally, draws: NDArray[np.int64], total: Total) -> dict[str, Values]:
    empty, pixels = total(tally.empty), total(tally.false_px)
    return {
        "false_positive_share_median": _median(tally.excess, draws),
        "false_positive_px": _where(empty, pixels),
        "false_positive_px_mean": _share(pixels, empty),
        "false_positive_slices": _where(empty, total(tally.false_slices)),
    }


def _mean(values: Values, weights: NDArray[np.int64]) -> Values:
    """Mean over the patients that have a value."""
    known = ~np.isnan(values)
    return _share((weights * np.where(known, values, 0)).sum(axis=1), (weights @ known).astype(np.float64))


def _deviation(values: Values, weights: NDArray[np.int64]) -> Values:
    """Sample standard deviation over the patients that have a value; NaN for fewer than two."""
    known = ~np.isnan(values)
    count = (weights @ known).astype(np.float64)
    apart = np.where(known, values, 0) - _mean(values, weights)[:, np.newaxis]
    squares = (weights * np.where(known, apart, 0) ** 2).sum(axis=1)
    deviation: Values = np.sqrt(_share(squares, count - 1))
    return deviation


def _median(values: Values, draws: NDArray[np.int64]) -> Values:
    """Median over the patients that have a value."""
    ordered = np.sort(values[draws], axis=1)  # NaN comes last
    count = (~np.isnan(ordered)).sum(axis=1)[:, np.newaxis]
    middle = np.maximum(np.concatenate([(count - 1) // 2, count // 2], axis=1), 0)
    return np.where(count[:, 0] > 0, np.take_along_axis(ordered, middle, axis=1).mean(axis=1), np.nan)


def _share(part: Values, whole: Values) -> Values:
    """Part of a count; NaN where the count is 0."""
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def _where(whole: Values, values: Values) -> Values:
    """The values where there is anything they are about."""
    return np.where(whole > 0, values, np.nan)
