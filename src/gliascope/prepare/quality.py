"""Contrast and noise of an image as numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError

WINDOW: Final = 9
"""Side of the square over which local contrast is taken, in pixels."""
WHITE: Final = 255.0
"""Grey level that contrast is a share of."""
LAPLACIAN_DIFFERENCE: Final = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=np.float32)
"""Immerkaer's mask, the difference of two Laplacians: 0 on every plane, deviation 6 on noise of deviation 1."""
MEDIAN_TO_DEVIATION: Final = 0.6744897501960817
"""Median of the absolute value of a normal variable of deviation 1."""


@dataclass(frozen=True)
class Quality:
    """Contrast and noise of one image, over its foreground.

    Attributes
    ----------
    contrast : float
        Root-mean-square contrast: the deviation of the grey levels as a share of white (Peli, JOSA A 7, 1990, 2032).
    local_contrast : float
        The same over 9 x 9 pixels, averaged over the foreground.
    entropy : float
        Shannon's entropy of the histogram, in bits; 8 where all grey levels are equally frequent.
    noise : float
        Deviation of the noise, in grey levels (Immerkaer, Comput Vis Image Underst 64, 1996, 300), by the median
        instead of the mean of the filtered image, so that edges count little (Donoho, IEEE Trans Inf Theory 41, 1995,
        613).
    """

    contrast: float
    local_contrast: float
    entropy: float
    noise: float


def quality(image: NDArray[np.uint8], foreground: NDArray[np.bool_] | None = None) -> Quality:
    """Measure contrast and noise.

    Parameters
    ----------
    image : ndarray, uint8, shape (row, column)
    foreground : ndarray, bool, shape (row, column), or None
        Pixels that are measured, such as the head. None, or a foreground without a pixel, takes them all.

    Returns
    -------
    Quality

    Raises
    ------
    InputError
        If the image is not uint8, not 2-D or empty, or the foreground has another shape.
    """
    if image.dtype != np.uint8 or image.ndim != 2 or image.size == 0:
        raise InputError(f"an image must be uint8 of shape (row, column), received {image.dtype} of {image.shape}")
    inside = np.ones(image.shape, dtype=np.bool_) if foreground is None or not foreground.any() else foreground
    if inside.shape != image.shape:
        raise InputError(f"a foreground must have the image's shape {image.shape}, received {inside.shape}")
    values = image[inside]
    share = np.bincount(values, minlength=256) / values.size
    filled = share[share > 0]
    return Quality(
        contrast=float(values.std(dtype=np.float64)) / WHITE,
        local_contrast=float(_local_deviation(image)[inside].mean()) / WHITE,
        entropy=float(-(filled * np.log2(filled)).sum()) + 0.0,
        noise=_noise(image, inside),
    )


def _local_deviation(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    values = image.astype(np.float64)
    mean = cv2.blur(values, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT_101)
    square = cv2.blur(values * values, (WINDOW, WINDOW), borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(np.sqrt(np.maximum(square - mean * mean, 0.0)), dtype=np.float64)


def _noise(image: NDArray[np.uint8], inside: NDArray[np.bool_]) -> float:
    filtered = cv2.filter2D(
        image.astype(np.float32), cv2.CV_32F, LAPLACIAN_DIFFERENCE, borderType=cv2.BORDER_REFLECT_101
    )
    deviation = float(np.linalg.norm(LAPLACIAN_DIFFERENCE))
    return float(np.median(np.abs(filtered[inside]))) / (MEDIAN_TO_DEVIATION * deviation)
