"""The scanner: blur, bias field, gain, Rician noise and rounding to 8 bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

GAIN: Final = (59.0, 51.0, 59.0)
"""Middle grey level of white matter in each channel."""

NOISE: Final = (0.027, 0.048, 0.025)
"""Middle deviation of the noise in each channel, as a share of white matter."""

SLICE_GAIN: Final = 0.03
"""Deviation of the gain from slice to slice, as slices excited in turn show it."""

SHARPNESS: Final = 0.6
"""Deviation of the point spread, pixels."""

BIAS_TERMS: Final = 9
"""Products of the first three cosines along rows and columns."""


@dataclass(frozen=True, eq=False)
class Scanner:
    """How one patient's channels were taken; the arrays have one value a channel.

    Attributes
    ----------
    gain : ndarray, float32, shape (3,)
        Grey level of white matter.
    noise : ndarray, float32, shape (3,)
        Deviation of the noise of each part of the complex signal, as a share of white matter.
    bias : ndarray, float32, shape (3, 3, 3)
        Strength of the field's terms: channel, cosine along rows, cosine along columns.
    """

    gain: NDArray[np.float32]
    noise: NDArray[np.float32]
    bias: NDArray[np.float32]


def draw_scanner(rng: np.random.Generator) -> Scanner:
    """Draw gain, noise and bias field of the three channels."""
    common = rng.normal(0, 0.18)
    gain = np.asarray(GAIN) * np.exp(np.clip(common + rng.normal(0, 0.1, 3), -0.4, 0.4))
    noise = np.asarray(NOISE) * np.exp(np.clip(rng.normal(0, 0.2, 3), -0.4, 0.5))
    decay = np.asarray([[0, 1, 0.5], [1, 0.5, 0.3], [0.5, 0.3, 0.2]])
    bias = rng.normal(0, 0.1, (3, 3, 3)) * decay
    return Scanner(gain.astype(np.float32), noise.astype(np.float32), bias.astype(np.float32))


def acquire(signal: NDArray[np.float32], scanner: Scanner, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Turn a perfect signal into what a scanner stores.

    Noise is Rician: the magnitude of a complex signal with Gaussian noise in both parts (Gudbjartsson & Patz 1995),
    slightly blurred, as interpolation in the scanner does.

    Parameters
    ----------
    signal : ndarray, float32, shape (slice, row, column, 3)
        Multiples of white matter.
    scanner : Scanner
    rng : Generator

    Returns
    -------
    ndarray, uint8, same shape
    """
    stored = np.empty(signal.shape, dtype=np.uint8)
    field = _bias_field(scanner, signal.shape[1])
    for index, perfect in enumerate(signal):
        blurred = ndimage.gaussian_filter(perfect, (SHARPNESS, SHARPNESS, 0), truncate=3) * field
        gain = scanner.gain * np.float32(1 + SLICE_GAIN * rng.standard_normal())
        noise = rng.standard_normal((2, *perfect.shape), dtype=np.float32)
        noise = ndimage.gaussian_filter(noise, (0, 0.45, 0.45, 0), truncate=3) * scanner.noise
        magnitude = np.sqrt((blurred + noise[0]) ** 2 + noise[1] ** 2)
        stored[index] = np.rint(np.clip(magnitude * gain, 0, 255)).astype(np.uint8)
    return stored


def _bias_field(scanner: Scanner, size: int) -> NDArray[np.float32]:
    position = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
    cosines = np.stack([np.cos(np.float32(np.pi) * order * position) for order in range(3)])
    return np.asarray(np.exp(np.einsum("cij,ir,jk->rkc", scanner.bias, cosines, cosines)), dtype=np.float32)
