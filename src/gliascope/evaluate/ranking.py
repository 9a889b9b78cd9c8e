"""Figures of the ROC and precision-recall curves for many weightings of the patients at once."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.evaluate.definitions import HIGH_SPECIFICITY
from gliascope.evaluate.tally import Tally

CHUNK: Final = 100
"""Weightings worked on at a time: the running sums of 4,000 slices then stay in the processor's cache."""


def rank_figures(tally: Tally, weights: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Compute what follows from the order of the slices' probabilities.

    Parameters
    ----------
    tally : Tally
    weights : ndarray, int64, shape (draw, patient)
        How many times each patient counts.

    Returns
    -------
    dict of str to ndarray, float64, shape (draw,)
        ``auc``: trapezoids under the ROC curve, ties as one step. ``pr_auc``: average precision, the sum over the
        thresholds of precision times the rise in recall. ``sensitivity_at_96``: the largest sensitivity of a threshold
        whose specificity is `HIGH_SPECIFICITY` or more; nothing is interpolated. All NaN where only one kind of slice
        is there.
    """
    parts = [_chunk(tally, weights[start : start + CHUNK]) for start in range(0, max(len(weights), 1), CHUNK)]
    return {name: np.concatenate([one[name] for one in parts]) for name in ("auc", "pr_auc", "sensitivity_at_96")}


def _chunk(tally: Tally, weights: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    counted = weights.astype(np.int32)[:, tally.owner]
    hits = np.cumsum(counted * tally.label, axis=1, dtype=np.int64)[:, tally.last]
    alarms = np.cumsum(counted * ~tally.label, axis=1, dtype=np.int64)[:, tally.last]
    tumour, empty = hits[:, -1], alarms[:, -1]
    rise, run = _steps(hits), _steps(alarms)
    called = hits + alarms
    defined = (tumour > 0) & (empty > 0)
    share = 1 - HIGH_SPECIFICITY
    allowed = alarms * share.denominator <= (empty * share.numerator)[:, np.newaxis]
    precision = hits / np.maximum(called, 1)
    positives, negatives = np.maximum(tumour, 1), np.maximum(empty, 1)
    values = {
        "auc": (run * (hits - rise / 2)).sum(axis=1) / (positives * negatives),
        "pr_auc": (rise * precision).sum(axis=1) / positives,
        "sensitivity_at_96": np.where(allowed, hits, 0).max(axis=1) / positives,
    }
    return {name: np.where(defined, one, np.nan) for name, one in values.items()}


def _steps(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.diff(counts, axis=1, prepend=0)
