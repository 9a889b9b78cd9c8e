"""Random changes to training slices, in the networks' own scale (deviations from the head's mean)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gliascope.recipe import Augmentation
from gliascope.training.augment_geometry import move
from gliascope.training.augment_intensity import (
    bias_field,
    blur,
    compress,
    gaussian_noise,
    intensity,
    monotone_contrast,
    rician_noise,
)
from gliascope.training.augment_planes import CHANNELS, FLAIR, Image, Planes
from gliascope.training.augment_resolution import anisotropic, low_resolution
from gliascope.training.augment_skull import find_brain, normalise_alone, remove_skull


def augment(
    image: NDArray[np.float16] | Image, mask: NDArray[np.uint8] | Image, how: Augmentation, rng: np.random.Generator
) -> tuple[Image, Image]:
    """Change one slice and its mask at random.

    Parameters
    ----------
    image : ndarray, float16 or float32, shape (row, column, channel)
        As `gliascope.prepare.prepare` gives it. A channel that is 0 throughout is missing and stays so.
    mask : ndarray, uint8 or float32, shape (row, column), 0 or 1
    how : Augmentation
    rng : numpy.random.Generator

    Returns
    -------
    image, mask : ndarray, float32, same shapes
    """
    images, masks = augment_batch(image[None], mask[None], how, rng)
    return images[0], masks[0]


def augment_batch(
    images: NDArray[np.float16] | Image, masks: NDArray[np.uint8] | Image, how: Augmentation, rng: np.random.Generator
) -> tuple[Image, Image]:
    """Change several slices and their masks at random, one after the other.

    What moves pixels comes first, all of it in one interpolation; then what changes intensities, in the order in which
    a scanner and a viewer would do it. The same random state gives the same slices, in one batch or one by one. OpenCV
    draws the noise: the seed of its generator in the calling thread is set.

    FLAIR of neighbouring slices moves and changes as the slice's own does, with noise of its own; a neighbour that is
    the slice's own FLAIR stays its copy.

    Parameters
    ----------
    images : ndarray, float16 or float32, shape (slice, row, column, channel)
        As `gliascope.prepare.prepare` gives them. A channel that is 0 throughout is missing and stays so.
    masks : ndarray, uint8 or float32, shape (slice, row, column), 0 or 1
    how : Augmentation
    rng : numpy.random.Generator

    Returns
    -------
    images, masks : ndarray, float32, same shapes
    """
    planes = Planes(masks.shape[1], masks.shape[2], images.shape[3] - CHANNELS)
    changed, moved = np.empty(images.shape, dtype=np.float32), np.empty(masks.shape, dtype=np.float32)
    for image, mask, image_after, mask_after in zip(images, masks, changed, moved, strict=True):
        alone = rng.random() < how.p_flair_only
        dropped = [alone or rng.random() < how.drop_pre, False, alone or rng.random() < how.drop_post]
        planes.fill(image, mask, dropped, _neighbours(images.shape[3], how, rng))
        missing = planes.missing()
        _change(planes, how, rng)
        planes.join(missing, image_after, mask_after)
    return changed, moved


def _neighbours(channels: int, how: Augmentation, rng: np.random.Generator) -> list[int]:
    """For each neighbour the channel that stands in its place: its own, that of the one opposite, or FLAIR."""
    beside = list(range(CHANNELS, channels))
    if not beside:
        return []
    dropped, swapped = rng.random() < how.drop_neighbours, rng.random() < how.swap_neighbours
    if dropped:
        return [FLAIR] * len(beside)
    if swapped:
        beside[::2], beside[1::2] = beside[1::2], beside[::2]
    return beside


def _change(planes: Planes, how: Augmentation, rng: np.random.Generator) -> None:
    brain = find_brain(planes, rng) if rng.random() < how.p_skull_strip else None
    move(planes, brain, how, rng)
    alone = rng.random() < how.p_lone_slice
    if alone:
        planes.stand_alone()
    if planes.brain is not None:
        remove_skull(planes, alone=alone)
    elif alone:
        normalise_alone(planes)
    _change_intensities(planes, how, rng)


def _change_intensities(planes: Planes, how: Augmentation, rng: np.random.Generator) -> None:
    if rng.random() < how.p_contrast:
        monotone_contrast(planes, how.contrast, rng)
    if rng.random() < how.p_intensity:
        intensity(planes, how, rng)
    if rng.random() < how.p_bias_field:
        bias_field(planes, how.bias_field, rng)
    if rng.random() < how.p_blur:
        blur(planes, rng)
    if rng.random() < how.p_low_resolution:
        low_resolution(planes, how.low_resolution, rng)
    if rng.random() < how.p_anisotropic:
        anisotropic(planes, how.low_resolution, rng)
    if rng.random() < how.p_noise:
        gaussian_noise(planes, how.noise, rng)
    if rng.random() < how.p_rician:
        rician_noise(planes, how.rician, rng)
    if rng.random() < how.p_jpeg:
        compress(planes, rng)
