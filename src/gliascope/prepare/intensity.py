"""Intensities: any input range to 8 bits, and to what the networks were trained on."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.recipe import Preparation
from gliascope.scan import background_level

DISPLAY_PERCENTILES: Final = (0.1, 99.9)
"""Range of a channel without a fixed scale that becomes 0 to 255, in percentiles of its pixels but the background."""

MINIMUM_DEVIATION: Final = 1e-3
"""Smallest deviation, in grey levels, that z-scores are divided by: a constant channel becomes 0."""


def to_uint8(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Bring intensities to 8 bits, as CLAHE and the networks expect them.

    uint8 is returned as it is. Anything else has no fixed scale: each channel is scaled over the whole scan so that
    `DISPLAY_PERCENTILES` become 0 and 255.

    Parameters
    ----------
    pixels : ndarray, uint8 or float32, shape (slice, row, column, channel)

    Returns
    -------
    ndarray, uint8, same shape
    """
    if pixels.dtype == np.uint8:
        return pixels
    return np.stack([_scale(pixels[..., channel]) for channel in range(pixels.shape[3])], axis=-1)


def _scale(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    finite = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    level = background_level(finite)
    signal = finite[finite != np.float32(level)]
    if signal.size == 0:
        return np.zeros(values.shape, dtype=np.uint8)
    low, high = np.percentile(signal, DISPLAY_PERCENTILES)
    low = min(low, level) if signal.min() < level or signal.size < finite.size else low
    span = max(float(high - low), np.finfo(np.float32).tiny)
    return np.asarray(np.rint(np.clip((finite - low) / span, 0, 1) * 255), dtype=np.uint8)


def normalise(values: NDArray[np.float32], head: NDArray[np.bool_], preparation: Preparation) -> NDArray[np.float32]:
    """Bring intensities to the networks' scale.

    Parameters
    ----------
    values : ndarray, float32, shape (slice, row, column, channel), 0 to 255
        At most four channels. Overwritten where it is C-contiguous: a second copy of a volume is not held.
    head : ndarray, bool, shape (slice, row, column)
        Pixels that mean and deviation are taken over.
    preparation : Preparation
        ``zscore`` takes them over the scan, ``zscore_slice`` over each slice, channel by channel; ``unit`` divides by
        255.

    Returns
    -------
    ndarray, float32, same shape
    """
    values = np.ascontiguousarray(values)
    if preparation.normalise == "unit":
        values /= np.float32(255)
        return values
    step = 1 if preparation.normalise == "zscore_slice" else len(values)
    for start in range(0, len(values), step):
        _zscore(values[start : start + step], head[start : start + step], preparation.clip)
    return values


def _zscore(values: NDArray[np.float32], head: NDArray[np.bool_], clip: float) -> None:
    mean, deviation = _moments(values, head if head.any() else np.ones_like(head))
    # A row at a time: NumPy's loops are as long as the last axis, which has three numbers otherwise.
    rows = values.reshape(*values.shape[:2], -1)
    rows -= np.tile(mean.astype(np.float32), values.shape[2])
    rows /= np.tile(np.maximum(deviation, MINIMUM_DEVIATION).astype(np.float32), values.shape[2])
    np.clip(rows, -clip, clip, out=rows)


def _moments(values: NDArray[np.float32], head: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation of each channel over the head, from those of the slices: nothing is copied."""
    counts = np.count_nonzero(head, axis=(1, 2)).astype(np.float64)[:, None]
    parts = [cv2.meanStdDev(one, mask=its_head) for one, its_head in zip(values, head.view(np.uint8), strict=True)]
    means, deviations = (np.stack([part[which][:, 0] for part in parts]) for which in (0, 1))
    mean = (counts * means).sum(axis=0) / counts.sum()
    square = (counts * (deviations**2 + (means - mean) ** 2)).sum(axis=0) / counts.sum()
    return mean, np.sqrt(square)
