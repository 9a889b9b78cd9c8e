"""Changes of the intensities; each leaves air where it is, or tells where it went."""

from __future__ import annotations

import math
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.recipe import Augmentation
from gliascope.training.augment_geometry import smooth
from gliascope.training.augment_planes import FLAIR, Image, Planes

BLUR_SIGMA: Final = (0.4, 1.1)
"""Range of the Gaussian blur's deviation, in pixels."""

BLUR_TAPS: Final = 7
"""Length of its kernel."""

BIAS_KNOTS: Final = 4
"""Knots along each side of the random grid that a bias field is interpolated from."""

JPEG_QUALITY: Final = (30, 90)
"""Range of the quality of a lossy compression, of 100."""

TISSUE_FLOOR: Final = 0.1
"""Tissue is what is brighter in FLAIR than this share of the way from air to the brightest pixel."""

DARKEST: Final = 1e-9
"""Share of the range that stands for air where a logarithm is taken."""


def intensity(planes: Planes, how: Augmentation, rng: np.random.Generator) -> None:
    """Change gain, offset and gamma of each sequence by itself."""
    low, high = (math.log(one) for one in how.gamma)
    draws = rng.random((len(planes.sequences), 3)).tolist()
    for sequence, span, (first, second, third) in zip(planes.sequences, planes.spans(), draws, strict=True):
        exponent = math.exp(low + (high - low) * first)
        gain, offset = 1 + how.gain * (2 * second - 1), how.offset * (2 * third - 1)
        plane, black = planes.stack(sequence), float(planes.black[sequence.start])
        # span gain (x / span) ** exponent, by logarithm and exponential: a fourth of what a power costs.
        np.subtract(plane, black, out=plane)
        np.maximum(plane, DARKEST * span, out=plane)
        cv2.log(plane, dst=plane)
        np.multiply(plane, exponent, out=plane)
        np.add(plane, math.log(span * gain) - exponent * math.log(span), out=plane)
        cv2.exp(plane, dst=plane)
        planes.black[sequence.start : sequence.stop] = black * gain + offset
        np.add(plane, planes.black[sequence.start], out=plane)


def monotone_contrast(planes: Planes, strength: float, rng: np.random.Generator) -> None:
    """Send each sequence's intensities through a smooth rising curve; mean and deviation of the tissue stay.

    The curve is a cubic Bernstein polynomial with two random inner values in order (as in Zhou et al., Models Genesis,
    2019, where their places are random too); `strength` 0 makes it a straight line.
    """
    tissue = _tissue(planes)
    for sequence, span in zip(planes.sequences, planes.spans(), strict=True):
        plane = planes.stack(sequence)
        values, curve = planes.spare(plane)
        mean, deviation = _statistics(plane, tissue)
        np.subtract(plane, planes.black[sequence.start], out=values)
        np.multiply(values, 1 / span, out=values)
        _rising_curve(values, curve, strength, rng)
        mean_now, deviation_now = _statistics(curve, tissue)
        scale = deviation / max(deviation_now, 1e-6)
        planes.black[sequence.start : sequence.stop] = mean - mean_now * scale
        np.multiply(curve, scale, out=plane)
        np.add(plane, planes.black[sequence.start], out=plane)


def _rising_curve(values: Image, curve: Image, strength: float, rng: np.random.Generator) -> None:
    one, two = (1 - strength) * np.array([1 / 3, 2 / 3]) + strength * np.sort(rng.random(2))
    np.multiply(values, float(1 + 3 * one - 3 * two), out=curve)
    for coefficient in (3 * two - 6 * one, 3 * one):
        np.add(curve, float(coefficient), out=curve)
        np.multiply(curve, values, out=curve)


def _tissue(planes: Planes) -> NDArray[np.uint8]:
    """Where tissue is in FLAIR, and below that in its neighbours."""
    flair, black = planes.stack(range(FLAIR, planes.post)), planes.black[FLAIR]
    if planes.brain is not None:
        return planes.brain.astype(np.uint8).reshape(flair.shape)
    inside: NDArray[np.bool_] = flair > black + TISSUE_FLOOR * (flair.max() - black)
    own = inside[: planes.shape[0]]
    if not own.any():
        own[...] = True
    return inside.view(np.uint8)


def _statistics(stack: Image, where: NDArray[np.uint8]) -> tuple[float, float]:
    mean, deviation = cv2.meanStdDev(stack, mask=where[: len(stack)])
    return float(mean[0, 0]), float(deviation[0, 0])


def bias_field(planes: Planes, strength: float, rng: np.random.Generator) -> None:
    """Multiply by a smooth field, as an uneven coil does; `strength` is its largest relative change at a knot."""
    knots = rng.uniform(-strength, strength, (BIAS_KNOTS, BIAS_KNOTS)).astype(np.float32)
    field = smooth(knots + np.float32(1), planes.shape)
    for place in range(planes.first, planes.stop):
        plane, black = planes.store[place], planes.black[place]
        np.subtract(plane, black, out=plane)
        np.multiply(plane, field, out=plane)
        np.add(plane, black, out=plane)


def blur(planes: Planes, rng: np.random.Generator) -> None:
    """Blur all channels alike."""
    sigma = rng.uniform(*BLUR_SIGMA)
    for plane in planes.used:
        cv2.GaussianBlur(plane, (BLUR_TAPS, BLUR_TAPS), sigma, dst=plane)


def gaussian_noise(planes: Planes, most: float, rng: np.random.Generator) -> None:
    """Add noise of a deviation up to `most`; none outside a brain whose skull is removed."""
    used = planes.used
    noise = _normal(planes.spare(used)[0], rng.uniform(0, most), rng)
    planes.cut(noise)
    used += noise


def rician_noise(planes: Planes, most: float, rng: np.random.Generator) -> None:
    """Noise of a deviation up to `most` in both parts of a complex signal, whose magnitude is taken.

    Gudbjartsson & Patz, Magn Reson Med 34, 1995, 910: bright tissue gets Gaussian noise, air becomes brighter.
    """
    deviation, used = rng.uniform(0, most), planes.used
    real, imaginary = (_normal(room, deviation, rng) for room in planes.spare(used))
    real += used
    real -= planes.air
    # Not by cv2.magnitude: its last bit depends on where in memory the arrays lie.
    np.multiply(real, real, out=real)
    np.multiply(imaginary, imaginary, out=imaginary)
    np.sqrt(np.add(real, imaginary, out=real), out=used)
    planes.cut(used)
    used += planes.air


def _normal(room: Image, deviation: float, rng: np.random.Generator) -> Image:
    """Normal noise of OpenCV's generator, several times as fast as NumPy's, seeded from NumPy's."""
    cv2.setRNGSeed(int(rng.integers(1 << 31)))
    cv2.randn(room.reshape(-1, room.shape[-1]), np.zeros(1), np.full(1, deviation))
    return room


def compress(planes: Planes, rng: np.random.Generator) -> None:
    """Round to 256 grey levels and compress as JPEG, each channel by itself."""
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(JPEG_QUALITY[0], JPEG_QUALITY[1] + 1))]
    for sequence, span in zip(planes.sequences, planes.spans(), strict=True):
        black, step = planes.black[sequence.start], span / 255
        for plane in planes.store[sequence.start : sequence.stop]:
            np.subtract(plane, black, out=plane)
            levels = np.clip(np.multiply(plane, 1 / step, out=plane) + np.float32(0.5), 0, 255).astype(np.uint8)
            shown = np.asarray(cv2.imdecode(cv2.imencode(".jpg", levels, quality)[1], cv2.IMREAD_GRAYSCALE))
            np.multiply(shown, np.float32(step), out=plane)
            np.add(plane, black, out=plane)
