"""Pictures of no head: bodies, textures, sectors, and windows that show a part of a head."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.training.assessor.disturb import Picture, to_picture

SIZE: Final = 176
"""Rows and columns of made-up pictures."""

Field = NDArray[np.float64]


def body(rng: np.random.Generator) -> Picture:
    """Draw a section of some body: a wavy outline with a rim, and organs of any brightness in it."""
    wide, reach = float(np.exp(rng.uniform(-0.9, 0.9))), SIZE * rng.uniform(0.3, 0.46)
    across, down = reach * min(1.0, wide), reach * min(1.0, 1 / wide)
    outline = _blob((0.0, 0.0), (across, down), rng.uniform(1.6, 4), rng.uniform(-0.3, 0.3))
    grid = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    waves = [(one + 6 * _smooth(rng, 5)).astype(np.float32) for one in grid]
    outline = cv2.remap(outline.astype(np.float32), waves[0], waves[1], cv2.INTER_LINEAR) > 0.5
    depth = cv2.distanceTransform(outline.astype(np.uint8), cv2.DIST_L2, 3)
    rim = rng.uniform(1, 14)
    values = np.where(outline, rng.uniform(40, 120), 0.0)
    values[(depth > 0) & (depth < rim)] = rng.uniform(10, 255)
    for _ in range(rng.integers(2, 14)):
        centre = (rng.uniform(-0.8, 0.8) * across, rng.uniform(-0.8, 0.8) * down)
        organ = _blob(centre, reach * rng.uniform(0.05, 0.4, 2), rng.uniform(1.5, 3), rng.uniform(0, 3))
        values[organ & (depth > rim)] = rng.uniform(0, 255)
    values *= 1 + 0.3 * (_noise(rng, 1.2) - 0.5)
    return to_picture(cv2.GaussianBlur(values, (0, 0), rng.uniform(0.5, 1.5)))


def texture(rng: np.random.Generator) -> Picture:
    """Fill a picture, a disc or a sector with noise of any coarseness, with rectangles in half of them."""
    values = _noise(rng, rng.uniform(0, 2))
    if rng.random() < 0.5:
        for _ in range(rng.integers(1, 8)):
            left, top = rng.integers(0, SIZE, 2)
            width, height = rng.integers(8, SIZE, 2)
            values[top : top + height, left : left + width] *= 0.4
            values[top : top + height, left : left + width] += rng.random() * 0.6
    way = rng.random()
    if way < 0.2:
        values = values * _blob((0.0, 0.0), SIZE * rng.uniform(0.3, 0.45, 2), 2.0, 0.0)
    elif way < 0.45:
        values = values * _sector(rng)
    return to_picture(values * 255)


def window(flair: Picture, head: NDArray[np.uint8], rng: np.random.Generator) -> Picture | None:
    """Cut a window out of a head, so small that no outline is seen; None where the head is too small for one."""
    rows, columns = np.nonzero(head)
    if not rows.size:
        return None
    share = rng.uniform(0.35, 0.6)
    height, width = (int(np.ptp(one) * share) for one in (rows, columns))
    if min(height, width) < 16:
        return None
    top = int(rng.integers(rows.min(), rows.max() - height + 1))
    left = int(rng.integers(columns.min(), columns.max() - width + 1))
    return flair[top : top + height, left : left + width]


def _blob(
    centre: tuple[float, float], reach: tuple[float, float] | Field, power: float, angle: float
) -> NDArray[np.bool_]:
    """Superellipse, its centre given from the middle of the picture."""
    down, across = np.mgrid[:SIZE, :SIZE] - SIZE / 2
    across, down = across - centre[0], down - centre[1]
    first = across * np.cos(angle) + down * np.sin(angle)
    second = down * np.cos(angle) - across * np.sin(angle)
    return np.asarray(np.abs(first / reach[0]) ** power + np.abs(second / reach[1]) ** power < 1)


def _sector(rng: np.random.Generator) -> NDArray[np.bool_]:
    down, across = np.mgrid[:SIZE, :SIZE] + 0.0
    across, down = across - SIZE / 2, down + SIZE * 0.05
    distance, angle = np.hypot(across, down), np.abs(np.arctan2(across, down))
    near, far = SIZE * rng.uniform(0, 0.25), SIZE * rng.uniform(0.8, 1)
    return np.asarray((distance > near) & (distance < far) & (angle < rng.uniform(0.4, 0.9)))


def _noise(rng: np.random.Generator, steepness: float) -> Field:
    """Noise whose spectrum falls with this power of the frequency, 0 to 1."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIZE), np.fft.fftfreq(SIZE)))
    frequency[0, 0] = 1
    values = np.real(np.fft.ifft2(np.fft.fft2(rng.normal(size=(SIZE, SIZE))) / frequency**steepness))
    values -= values.min()
    return np.asarray(values / values.max())


def _smooth(rng: np.random.Generator, knots: int) -> Field:
    return np.asarray(cv2.resize(rng.normal(size=(knots, knots)), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC))
