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
    """Draw a section of some body: a wavy outline with a rim, and organs of any brightness in it; or of two limbs."""
    if rng.random() < 0.2:
        half = cv2.resize(_trunk(rng), (SIZE // 2, SIZE), interpolation=cv2.INTER_AREA)
        return np.hstack([half, half[:, ::-1]])
    return _trunk(rng)


def ct_body(rng: np.random.Generator) -> Picture:
    """Draw a trunk as CT shows it: soft tissue, a rim of fat, air, white bones, a couch; often in a round field."""
    across, down = SIZE * rng.uniform(0.28, 0.46), SIZE * rng.uniform(0.2, 0.4)
    middle = (0.0, rng.uniform(-0.08, 0.08) * SIZE)
    outline = _blob(middle, (across, down), rng.uniform(2, 3.2), rng.uniform(-0.1, 0.1))
    depth = cv2.distanceTransform(outline.astype(np.uint8), cv2.DIST_L2, 3)
    air, fat, soft = np.cumsum(rng.uniform((0, 10, 10), (40, 110, 100)))
    values = np.full((SIZE, SIZE), air)
    values[outline] = fat
    values[depth > rng.uniform(2, 16)] = soft
    for share, level in (
        (0.35, soft + rng.uniform(-25, 25)),
        (0.35, rng.uniform(0, fat)),
        (0.14, rng.uniform(200, 255)),
    ):
        for _ in range(rng.integers(0, 6)):
            centre = (rng.uniform(-0.6, 0.6) * across, middle[1] + rng.uniform(-0.6, 0.6) * down)
            organ = _blob(centre, down * rng.uniform(0.1, 1, 2) * share * 2, rng.uniform(1.5, 3), rng.uniform(0, 3))
            values[organ & (depth > 4)] = level
    spine = _blob((0.0, middle[1] + 0.6 * down), down * rng.uniform(0.12, 0.25, 2), 2.0, 0.0)
    values[spine & outline] = rng.uniform(200, 255)
    if rng.random() < 0.6:
        couch = _blob((0.0, middle[1] - SIZE * 0.2), (SIZE * 0.9, down + SIZE * 0.26), 2.0, 0.0)
        edge = couch & ~_blob((0.0, middle[1] - SIZE * 0.21), (SIZE * 0.9, down + SIZE * 0.25), 2.0, 0.0)
        values[edge & ~outline] = rng.uniform(60, 220)
    if rng.random() < 0.5:
        values *= _blob((0.0, 0.0), (SIZE * 0.5, SIZE * 0.5), 2.0, 0.0)
    values *= 1 + rng.uniform(0, 0.15) * (_noise(rng, 0.8) - 0.5)
    return np.rot90(to_picture(cv2.GaussianBlur(values, (0, 0), rng.uniform(0.5, 1.2))), int(rng.integers(4)))


def scene(rng: np.random.Generator) -> Picture:
    """Draw things in front of one another, down to small ones, shaded and grainy, as in a photograph."""
    values = np.full((SIZE, SIZE), rng.uniform(0, 255)) + rng.uniform(-60, 60) * np.linspace(-1, 1, SIZE)[:, None]
    for reach in SIZE * 0.6 * np.sort(rng.power(0.7, rng.integers(15, 60)))[::-1]:
        centre = (rng.uniform(-0.5, 0.5) * SIZE, rng.uniform(-0.5, 0.5) * SIZE)
        thing = _blob(centre, max(reach, 1.5) * rng.uniform(0.3, 1, 2), rng.choice([1.5, 2.0, 8.0]), rng.uniform(0, 3))
        shade = rng.uniform(0, 255) + rng.uniform(-50, 50) * np.linspace(-1, 1, SIZE)
        values[thing] = np.broadcast_to(shade, values.shape)[thing]
    values *= 1 + rng.uniform(0, 0.6) * (_noise(rng, rng.uniform(0.3, 1.2)) - 0.5)
    if rng.random() < 0.3:
        values *= _blob((0.0, 0.0), SIZE * rng.uniform(0.3, 0.48, 2), rng.choice([2.0, 6.0]), 0.0)
    return to_picture(cv2.GaussianBlur(values, (0, 0), rng.uniform(0.4, 1.2)))


def _trunk(rng: np.random.Generator) -> Picture:
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
