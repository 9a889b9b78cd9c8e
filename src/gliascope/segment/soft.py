"""How sure the segmenter is of an outline, without another pass of the networks."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.findings import SoftAreas

WIDE: Final = 0.1
"""Pixels from this probability on are counted as ``wide``."""

NARROW: Final = 0.9
"""Pixels from this probability on are counted as ``narrow``."""


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


def expected_dice(expected: float, inside: float, area: float) -> float:
    """Dice that an outline would have if its pixels were inside as often as their probabilities say.

    Parameters
    ----------
    expected, inside : float
        Summed over the slices of a case; see `SoftAreas`.
    area : float
        Pixels inside the outline.

    Returns
    -------
    float
        ``2 inside / (expected + area)``; NaN where both are 0.
    """
    return 2 * inside / (expected + area) if expected + area else float("nan")
