"""Intensities: any input range to 8 bits, and to what the networks were trained on."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.recipe import Preparation

DISPLAY_PERCENTILES: Final = (0.1, 99.9)
"""Range of a channel without a fixed scale that becomes 0 to 255, in percentiles of its non-zero pixels."""

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
    signal = finite[finite != 0]
    if signal.size == 0:
        return np.zeros(values.shape, dtype=np.uint8)
    low, high = np.percentile(signal, DISPLAY_PERCENTILES)
    low = min(low, 0.0) if signal.min() < 0 or signal.size < finite.size else low
    span = max(float(high - low), np.finfo(np.float32).tiny)
    return np.asarray(np.rint(np.clip((finite - low) / span, 0, 1) * 255), dtype=np.uint8)


def normalise(values: NDArray[np.float32], head: NDArray[np.bool_], preparation: Preparation) -> NDArray[np.float32]:
    """Bring intensities to the networks' scale.

    Parameters
    ----------
    values : ndarray, float32, shape (slice, row, column, channel), 0 to 255
    head : ndarray, bool, shape (slice, row, column)
        Pixels that mean and deviation are taken over.
    preparation : Preparation
        ``zscore`` takes them over the scan, ``zscore_slice`` over each slice, channel by channel; ``unit`` divides by
        255.

    Returns
    -------
    ndarray, float32, same shape
    """
    if preparation.normalise == "unit":
        return values / np.float32(255)
    if preparation.normalise == "zscore_slice":
        parts = zip(np.split(values, len(values)), np.split(head, len(head)), strict=True)
        return np.concatenate([_zscore(*part, preparation.clip) for part in parts])
    return _zscore(values, head, preparation.clip)


def _zscore(values: NDArray[np.float32], head: NDArray[np.bool_], clip: float) -> NDArray[np.float32]:
    signal = values[head] if head.any() else values.reshape(-1, values.shape[3])
    mean = signal.mean(axis=0, dtype=np.float64)
    deviation = np.maximum(signal.std(axis=0, dtype=np.float64), MINIMUM_DEVIATION)
    scaled = values - mean.astype(np.float32)
    scaled /= deviation.astype(np.float32)
    return np.asarray(np.clip(scaled, -clip, clip, out=scaled), dtype=np.float32)
