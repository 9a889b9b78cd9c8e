"""Slices that hold nothing to be judged."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def blank_slices(pixels: NDArray[Any]) -> NDArray[np.bool_]:
    """Find the slices on which every channel has one value throughout: padding, or an image that was never filled.

    Parameters
    ----------
    pixels : ndarray, shape (slice, row, column, channel)

    Returns
    -------
    ndarray, bool, shape (slice,)
    """
    return np.asarray((pixels == pixels[:, :1, :1]).all(axis=(1, 2, 3)))
