"""From intensities to the grey levels that a screen shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError

Window = tuple[float, float]

PREFERENCE: Final = ("flair", "post", "pre")
"""Which sequence is shown: the lesion's whole extent is bright on FLAIR."""
LOW_PERCENTILE: Final = 1.0
"""Of the foreground: what is darker is shown black."""
HIGH_PERCENTILE: Final = 99.8
"""Of the foreground: what is brighter is shown white; a few vessels and fat only."""
FOREGROUND: Final = 0.1
"""Foreground is what is brighter than this share of the brightest percentile: air around the head is not counted."""

BRIGHTEST: Final = 99.0
"""Percentile of what is marked that still shows its texture."""
BRAIN: Final = 75.0
"""Percentile of the foreground that is never shown white."""
HEADROOM: Final = 1.3
"""How far white is above both."""


def shown_sequence(sequences: Sequence[str]) -> str:
    """Name of the sequence that figures show: FLAIR, else post-contrast, else pre-contrast, else the first."""
    return next((one for one in PREFERENCE if one in sequences), sequences[0])


def plane(pixels: NDArray[Any], sequences: Sequence[str]) -> NDArray[Any]:
    """Pick the channel that figures show.

    Parameters
    ----------
    pixels : ndarray, shape (row, column) or (row, column, channel)
    sequences : sequence of str
        Name of each channel.

    Returns
    -------
    ndarray, shape (row, column)
        A view in the input's own type.

    Raises
    ------
    InputError
        If the number of names is not the number of channels.
    """
    if pixels.ndim not in (2, 3) or (1 if pixels.ndim == 2 else pixels.shape[2]) != len(sequences):
        raise InputError(
            f"an image must be (row, column, channel) with one sequence a channel, received shape {pixels.shape} "
            f"and sequences {tuple(sequences)}"
        )
    return pixels if pixels.ndim == 2 else pixels[..., list(sequences).index(shown_sequence(sequences))]


def display_window(planes: Iterable[NDArray[Any]]) -> Window:
    """Intensities to be shown black and white: percentiles of the foreground, over all planes together.

    Parameters
    ----------
    planes : iterable of ndarray, shape (row, column)
        The slices that are to be shown alike: one slice, or a patient's volume.

    Returns
    -------
    tuple of float
        Low and high; high is always greater than low.
    """
    values = np.concatenate([np.asarray(one, dtype=np.float32).ravel() for one in planes] or [np.zeros(1, np.float32)])
    values = values[np.isfinite(values)]
    if values.size == 0 or values.min() == values.max():
        level = float(values[0]) if values.size else 0.0
        return level, level + 1.0
    darkest, brightest = (float(value) for value in np.percentile(values, (0.0, 99.0)))
    head = values[values > darkest + FOREGROUND * (brightest - darkest)]
    ends = np.percentile(head if head.size else values, (LOW_PERCENTILE, HIGH_PERCENTILE))
    low, high = float(ends[0]), float(ends[1])
    return low, max(high, float(np.nextafter(np.float32(low), np.float32(np.inf))))


def lesion_window(planes: Sequence[NDArray[Any]], marked: Sequence[NDArray[np.bool_]]) -> Window:
    """Intensities to be shown black and white, so that brain and lesion are not dark beside bright fat of the scalp.

    The white end is lowered to `HEADROOM` times the brightest that is marked, but not below the foreground's
    `BRAIN` percentile.

    Parameters
    ----------
    planes : sequence of ndarray, shape (row, column)
    marked : sequence of ndarray, bool, shape (row, column)
        What is in one outline or the other.

    Returns
    -------
    tuple of float
        Low and high; high is greater than low.
    """
    low, high = display_window(planes)
    inside = np.concatenate([one[mask] for one, mask in zip(planes, marked, strict=True)] or [np.zeros(0)])
    head = np.concatenate([one[one > low] for one in planes] or [np.zeros(0)])
    if not inside.size or not head.size:
        return low, high
    wanted = HEADROOM * max(float(np.percentile(inside, BRIGHTEST)), float(np.percentile(head, BRAIN)))
    return low, min(high, max(wanted, low + 1e-3 * (high - low)))


def to_grey(values: NDArray[Any], window: Window) -> NDArray[np.uint8]:
    """Map intensities to grey levels linearly between the window's ends.

    Parameters
    ----------
    values : ndarray, shape (row, column)
    window : tuple of float
        Intensities shown as 0 and 255.

    Returns
    -------
    ndarray, uint8, shape (row, column)
        What is not a finite number is black.
    """
    low, high = window
    finite = np.nan_to_num(np.asarray(values, dtype=np.float64), nan=low, posinf=high, neginf=low)
    return np.asarray(np.rint(np.clip((finite - low) / (high - low), 0.0, 1.0) * 255.0), dtype=np.uint8)
