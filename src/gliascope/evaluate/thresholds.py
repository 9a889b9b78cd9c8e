"""Thresholds of the slices, chosen by stated rules; with them the operating points of a bundle."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

import numpy as np
from numpy.typing import NDArray

from gliascope.rules import Components, Holes, OperatingPoint

logger = logging.getLogger(__name__)

DEFAULT_THRESHOLD: Final = 0.5
"""Threshold of slices and pixels while nothing has been chosen."""

SENSITIVITY: Final = 0.98
"""Slice sensitivity that the operating point ``sensitive`` is chosen for."""

SPECIFICITY: Final = 0.99
"""Slice specificity that the operating point ``specific`` is chosen for."""

RUN: Final = 3
"""Neighbouring slices that must all be called tumour for a volume to be."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """Every threshold that calls other slices than the one before, from low to high.

    Attributes
    ----------
    threshold : ndarray, float64, shape (candidate,)
        Halfway between two neighbouring scores, so that it does not hang on one slice's exact value; the first is the
        lowest score, at which every slice is called.
    sensitivity, specificity : ndarray, float64, shape (candidate,)
    """

    threshold: NDArray[np.float64]
    sensitivity: NDArray[np.float64]
    specificity: NDArray[np.float64]


def candidates(labels: NDArray[np.bool_], scores: NDArray[np.floating]) -> Candidates | None:
    """List the thresholds of some slices; None where only one kind of slice is there.

    Parameters
    ----------
    labels : ndarray, bool, shape (slice,)
        True where the slice shows a tumour.
    scores : ndarray, float, shape (slice,)
    """
    positives, negatives = int(labels.sum()), int((~labels).sum())
    if not positives or not negatives:
        return None
    order = np.argsort(scores, kind="stable")
    ordered, truth = scores[order].astype(np.float64), labels[order]
    distinct = np.flatnonzero(np.concatenate([[True], ordered[1:] > ordered[:-1]]))
    missed = np.concatenate([[0], np.cumsum(truth)])[distinct]
    spared = np.concatenate([[0], np.cumsum(~truth)])[distinct]
    threshold = ordered[distinct]
    threshold[1:] = (ordered[distinct[1:]] + ordered[distinct[1:] - 1]) / 2
    return Candidates(threshold, 1 - missed / positives, spared / negatives)


def youden_threshold(labels: NDArray[np.bool_], scores: NDArray[np.floating]) -> float:
    """Threshold with the largest sum of sensitivity and specificity (Youden 1950); of equals the lowest.

    Returns
    -------
    float
        `DEFAULT_THRESHOLD` where only one kind of slice is there.
    """
    known = candidates(labels, scores)
    if known is None:
        return DEFAULT_THRESHOLD
    return float(known.threshold[np.argmax(known.sensitivity + known.specificity)])


def balanced_threshold(labels: NDArray[np.bool_], probabilities: NDArray[np.floating]) -> float:
    """Share of the tumour slices, or the threshold nearest to it that is as good as the best by Youden's index.

    For calibrated probabilities, sensitivity plus specificity is greatest where the probability is the share of the
    tumour slices: there a slice adds as much to one as to the other. On the slices of a few patients the sum is as
    large, or nearly, over a long stretch of thresholds, and chance says where it is largest. So the share itself is
    taken as long as its sum is within a standard error of the largest one (after Breiman et al. 1984), and else the
    nearest of the thresholds halfway between two probabilities whose sum is.

    Parameters
    ----------
    labels : ndarray, bool, shape (slice,)
        True where the slice shows a tumour.
    probabilities : ndarray, float, shape (slice,)
        Calibrated.

    Returns
    -------
    float
        `DEFAULT_THRESHOLD` where only one kind of slice is there. The standard error takes slices for independent, and
        counts one more of each kind called right and one called wrong, so that it is not 0 where no slice is.
    """
    known = candidates(labels, probabilities)
    if known is None:
        return DEFAULT_THRESHOLD
    share, tumour, empty = float(labels.mean()), int(labels.sum()), int((~labels).sum())
    sums = known.sensitivity + known.specificity
    best = int(np.argmax(sums))
    error = math.hypot(_error(known.sensitivity[best], tumour), _error(known.specificity[best], empty))
    good = sums >= sums[best] - error
    called = probabilities >= share
    if called[labels].mean() + (~called[~labels]).mean() >= sums[best] - error:
        return share
    return float(min(known.threshold[good], key=lambda one: abs(one - share)))


def _error(share: float, count: int) -> float:
    """Standard error of a share, with one more on either side."""
    shrunk = (share * count + 1) / (count + 2)
    return math.sqrt(shrunk * (1 - shrunk) / count)


def sensitive_threshold(
    labels: NDArray[np.bool_], scores: NDArray[np.floating], target: float = SENSITIVITY
) -> float | None:
    """Highest threshold whose sensitivity is `target` or more.

    Returns
    -------
    float or None
        None where only calling every slice reaches it, or one kind of slice is there.
    """
    known = candidates(labels, scores)
    if known is None:
        return None
    last = int(np.flatnonzero(known.sensitivity >= target)[-1])
    return float(known.threshold[last]) if last else None


def specific_threshold(
    labels: NDArray[np.bool_], scores: NDArray[np.floating], target: float = SPECIFICITY
) -> float | None:
    """Lowest threshold whose specificity is `target` or more.

    Returns
    -------
    float or None
        None where it calls no tumour slice, or one kind of slice is there.
    """
    known = candidates(labels, scores)
    if known is None:
        return None
    reached = np.flatnonzero((known.specificity >= target) & (known.sensitivity > 0))
    return float(known.threshold[reached[0]]) if len(reached) else None


def choose_points(
    labels: NDArray[np.bool_], probabilities: NDArray[np.floating], balanced: OperatingPoint
) -> dict[str, OperatingPoint]:
    """Choose the operating points beside a chosen one.

    A target that is out of reach leaves its point at the threshold of `balanced`, with a warning.

    Parameters
    ----------
    labels : ndarray, bool, shape (slice,)
    probabilities : ndarray, float, shape (slice,)
        Calibrated.
    balanced : OperatingPoint
        Its pixel threshold, components, holes and run are those of all.

    Returns
    -------
    dict of str to OperatingPoint
        ``balanced``, ``sensitive`` (never above it), ``specific`` (never below it).
    """
    low = sensitive_threshold(labels, probabilities)
    high = specific_threshold(labels, probabilities)
    missing = [name for name, one in (("sensitive", low), ("specific", high)) if one is None]
    if missing:
        logger.warning("out of reach, left at the threshold of balanced: operating point %s", " and ".join(missing))
    middle = balanced.detection
    return {
        "balanced": balanced,
        "sensitive": replace(balanced, name="sensitive", detection=middle if low is None else min(low, middle)),
        "specific": replace(balanced, name="specific", detection=middle if high is None else max(high, middle)),
    }


def common_point(points: Sequence[OperatingPoint]) -> OperatingPoint:
    """Put the outlines' rules of several points together: the middle pixel threshold, the commoner rules.

    Parameters
    ----------
    points : sequence of OperatingPoint
        At least one; of an even number the lower middle, of equally common rules the one that changes the least.

    Returns
    -------
    OperatingPoint
        With the first one's name and slice threshold, and runs of `RUN`.
    """
    masks = sorted(one.mask for one in points)
    # The first of the commonest, in the order of those that change the least.
    components = max(get_args(Components), key=[one.components for one in points].count)
    holes = max(get_args(Holes), key=[one.holes for one in points].count)
    return replace(points[0], mask=masks[(len(masks) - 1) // 2], components=components, run=RUN, holes=holes)
