"""A lower resolution, made by blurring, taking fewer pixels and interpolating back."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np

from gliascope.training.augment_planes import Image, Planes

TAPS: Final = 5
"""Length of the blur's kernel: enough for a third of the resolution."""

LEAST_SIGMA: Final = 0.1
"""Deviation that blurs nothing; 0 has another meaning to OpenCV."""


def low_resolution(planes: Planes, least: float, rng: np.random.Generator) -> None:
    """Lower the resolution of all channels alike, down to the share `least` of the pixels along each side."""
    share = rng.uniform(least, 1.0)
    for plane in planes.used:
        _coarsen(plane, share, share)


def anisotropic(planes: Planes, least: float, rng: np.random.Generator) -> None:
    """Lower the resolution along one axis alone, in each sequence by itself: those of a study often differ."""
    for sequence in planes.sequences:
        share, down = rng.uniform(least, 1.0), rng.random() < 0.5
        for plane in planes.store[sequence.start : sequence.stop]:
            _coarsen(plane, share if down else 1.0, 1.0 if down else share)


def _coarsen(plane: Image, share_down: float, share_across: float) -> None:
    rows, columns = plane.shape
    size = max(1, round(columns * share_across)), max(1, round(rows * share_down))
    taps = 1 if share_across == 1 else TAPS, 1 if share_down == 1 else TAPS
    cv2.GaussianBlur(plane, taps, _sigma(share_across), dst=plane, sigmaY=_sigma(share_down))
    small = cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)
    cv2.resize(small, (columns, rows), dst=plane, interpolation=cv2.INTER_LINEAR)


def _sigma(share: float) -> float:
    """Deviation that widens a pixel to 1 / share pixels: a box of width w has the variance w ** 2 / 12.

    Averaging over just these pixels does the same and takes OpenCV three times as long.
    """
    return max(math.sqrt((share**-2 - 1) / 12), LEAST_SIGMA)
