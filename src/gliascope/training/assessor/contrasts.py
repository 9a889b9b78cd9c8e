"""Axial sections of heads whose contrast is not FLAIR's, made from T1 and FLAIR."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.training.assessor.brain import disc, radius, shrink
from gliascope.training.assessor.disturb import Picture, to_picture

Mask = NDArray[np.uint8]


def t2_like(t1: Picture, head: Mask, brain: Mask, rng: np.random.Generator) -> Picture:
    """Turn T1 into something like T2: fluid and grey matter bright, white matter dark; fat stays, skull is dark.

    Parameters
    ----------
    t1 : ndarray, uint8, shape (row, column)
    head, brain : ndarray, uint8, same shape
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, uint8, same shape
    """
    values = t1.astype(np.float32)
    inner = shrink(head, 0.06 if brain.any() else 0.12)
    if brain.any():
        inner &= np.asarray(cv2.dilate(brain, disc(0.04 * radius(head))), dtype=np.uint8)
    seen = values[inner > 0]
    if not seen.size:
        return to_picture(values)
    low, high = np.percentile(seen, (2, 98))
    turned = np.clip((high - values) / max(float(high - low), 1.0), 0, 1.1) ** rng.uniform(0.8, 1.6)
    floor = rng.uniform(0.15, 0.45)
    result = np.where(inner > 0, (floor + turned) * 150, values * rng.uniform(0.4, 1.2))
    return to_picture(result * (head > 0))


def ct_like(picture: Picture, head: Mask, brain: Mask, rng: np.random.Generator) -> Picture:
    """Turn an MRI into something like CT: a white ring of bone, brain of nearly one grey, scalp darker than bone.

    Parameters
    ----------
    picture : ndarray, uint8, shape (row, column)
    head, brain : ndarray, uint8, same shape
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, uint8, same shape
    """
    values = picture.astype(np.float32)
    inside = shrink(head, 0.05)
    level = float(np.median(values[brain > 0])) if brain.any() else 1.0
    detail = rng.choice([-1.0, 1.0]) * rng.uniform(6, 30) * (values / max(level, 1.0) - 1)
    result = np.zeros_like(values)
    result[(head > 0) & (inside == 0)] = rng.uniform(20, 110)
    result[(inside > 0) & (brain == 0)] = rng.uniform(190, 255)
    result = np.where(brain > 0, rng.uniform(50, 150) + detail, result)
    return to_picture(cv2.GaussianBlur(result, (0, 0), 0.8))


def inverted(picture: Picture, head: Mask, rng: np.random.Generator) -> Picture:
    """Turn bright and dark round, in the whole picture or inside the head alone."""
    if rng.random() < 0.5:
        return 255 - picture
    highest = float(np.percentile(picture[head > 0], 99)) if head.any() else 255.0
    return to_picture(np.clip(highest - picture.astype(np.float32), 0, None) * (head > 0) * rng.uniform(1, 2))
