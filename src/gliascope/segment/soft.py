"""How sure the segmenter is of an outline, without another pass of the networks."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.findings import SoftAreas, Uncertainty
from gliascope.rules import UncertaintyRule

WIDE: Final = 0.1
"""Pixels from this probability on are counted as ``wide``."""

NARROW: Final = 0.9
"""Pixels from this probability on are counted as ``narrow``."""

LEAST_SPREAD: Final = 0.02
"""Smaller spreads count as this one, so that a very sure outline has an interval as well."""


def soft_areas(probability: NDArray[np.float32], mask: NDArray[np.bool_]) -> SoftAreas:
    """Sum up the probabilities of one slice.

    Parameters
    ----------
    probability : ndarray, float32, shape (row, column)
        Of each pixel, in the scan's own rows and columns.
    mask : ndarray, bool, same shape
        The outline, after everything that was done to it.

    Returns
    -------
    SoftAreas
    """
    return SoftAreas(
        expected=float(probability.sum(dtype=np.float64)),
        inside=float(probability[mask].sum(dtype=np.float64)),
        wide=int(np.count_nonzero(probability >= np.float32(WIDE))),
        narrow=int(np.count_nonzero(probability >= np.float32(NARROW))),
    )


def spread_of(soft: Iterable[SoftAreas]) -> float:
    """Logarithm of a volume's wide area over its narrow one: near 0 where the segmenter is sure of every pixel.

    Parameters
    ----------
    soft : iterable of SoftAreas
        Of its slices.

    Returns
    -------
    float
        `LEAST_SPREAD` or more. One pixel is added to both areas, so that it is always defined.
    """
    parts = list(soft)
    return max(LEAST_SPREAD, math.log((sum(one.wide for one in parts) + 1) / (sum(one.narrow for one in parts) + 1)))


def judge_spread(spread: float, rule: UncertaintyRule) -> Uncertainty:
    """Say how far the volume may be off, and whether somebody should look.

    Parameters
    ----------
    spread : float
        See `spread_of`.
    rule : UncertaintyRule

    Returns
    -------
    Uncertainty
    """
    ends = (math.exp(rule.low * spread), math.exp(rule.high * spread))
    return Uncertainty(spread, *ends, rule.level, spread > rule.review)
