"""The area under the ROC curve, for evaluation and for the choice of an epoch in training."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def area_under_curve(labels: NDArray[np.bool_], scores: NDArray[Any]) -> float:
    """Area under the ROC curve, as the Mann-Whitney statistic with ties counted half (Hanley & McNeil 1982).

    Parameters
    ----------
    labels : ndarray, bool, shape (slice,)
        True where there is a tumour.
    scores : ndarray, float, shape (slice,)
        Higher is likelier to be a tumour; finite.

    Returns
    -------
    float
        The chance that a tumour slice scores above a tumour-free one; NaN where only one class is there.
    """
    from scipy.stats import rankdata

    positives, negatives = int(labels.sum()), int((~labels).sum())
    if not positives or not negatives:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))
