"""A rough brain mask: enough to take the skull off examples, not to measure anything."""

from __future__ import annotations

import itertools
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.detect.section import holes
from gliascope.phantom.cortex import surfaces
from gliascope.phantom.patient import draw_patient
from gliascope.phantom.section import cut
from gliascope.prepare.head import head_mask
from gliascope.training.assessor.disturb import Picture

BRAIN_SHARE: Final = (0.4, 0.9)
"""Share of the head's section that its brain may fill; outside of it the mask is thought wrong."""
LOWEST: Final = 0.3
"""Brains are looked for from this share of the heads upwards: below, the face has no clear inside."""
TAPER: Final = 0.08
"""How much narrower the brain is made for each slice further down, as a share of its radius."""


def head_sections(flair: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Outline the head on each slice of a volume, filled; empty where there is none.

    Parameters
    ----------
    flair : ndarray, uint8, shape (slice, row, column)

    Returns
    -------
    ndarray, uint8, same shape, 0 or 1
    """
    return np.stack([_largest(_close(_largest(one), 0.06)) for one in head_mask(flair).astype(np.uint8)])


def brain_sections(flair: NDArray[np.uint8], heads: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Outline the brain roughly, from the skull's dark ring inwards; empty where that fails.

    Parameters
    ----------
    flair : ndarray, uint8, shape (slice, row, column)
        From the skull base upwards.
    heads : ndarray, uint8, same shape
        What `head_sections` found.

    Returns
    -------
    ndarray, uint8, same shape, 0 or 1
    """
    area = heads.sum(axis=(1, 2))
    used = np.flatnonzero(area > 0.1 * area.max()) if area.any() else np.zeros(0, dtype=np.intp)
    result = np.zeros_like(heads)
    if not used.size:
        return result
    start = int(used[0] + LOWEST * (used[-1] - used[0]))
    for one in range(start, int(used[-1]) + 1):
        result[one] = _brain(flair[one], heads[one])
    filled = np.flatnonzero(result.any(axis=(1, 2)))
    if filled.size:
        result = _bridged(result, filled) & heads
        _taper(result, heads, int(filled[0]))
    return result


def depths(mask: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Signed distance to a mask's edge within each slice, in pixels; positive inside.

    Interpolated between slices it gives smooth shapes (Raya & Udupa, Shape-based interpolation, 1990).

    Parameters
    ----------
    mask : ndarray, uint8, shape (slice, row, column), 0 or 1

    Returns
    -------
    ndarray, float32, same shape
    """
    found = np.empty(mask.shape, dtype=np.float32)
    for depth, one in zip(found, mask, strict=True):
        if not one.any():
            depth[:] = -max(one.shape)
            continue
        inside, outside = (cv2.distanceTransform(part, cv2.DIST_L2, 3) for part in (one, 1 - one))
        depth[:] = np.where(one > 0, inside - 0.5, 0.5 - outside)
    return found


def phantom_brains(seed: int, slices: int, size: int) -> NDArray[np.uint8]:
    """What lies inside a phantom's skull, and its brain stem; the phantom itself knows.

    Parameters
    ----------
    seed, slices, size : int
        As for `gliascope.phantom.make_phantom`.

    Returns
    -------
    ndarray, uint8, shape (slice, row, column), 0 or 1
    """
    patient = draw_patient(np.random.default_rng(np.random.SeedSequence(seed).spawn(4)[0]), size)
    rows, columns = patient.box()
    result = np.zeros((slices, size, size), dtype=np.uint8)
    for one, height in zip(result, patient.heights(slices), strict=True):
        found = surfaces(cut(patient, height))
        one[rows, columns] = np.maximum(found.cavity - 1, found.stem) > 0
    return result


def radius(mask: NDArray[Any]) -> float:
    """Radius of the disc as large as a mask, in pixels."""
    return float(np.sqrt(np.count_nonzero(mask) / np.pi))


def disc(size: float) -> NDArray[np.uint8]:
    """Structuring element of a radius, in pixels."""
    whole = max(1, round(size))
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * whole + 1, 2 * whole + 1)), dtype=np.uint8)


def shrink(mask: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    """Erode a mask by a share of its radius."""
    return np.asarray(cv2.erode(mask, disc(share * radius(mask)), borderType=cv2.BORDER_CONSTANT, borderValue=0))


def _brain(flair: Picture, head: NDArray[np.uint8]) -> NDArray[np.uint8]:
    nothing = np.zeros_like(head)
    inner = shrink(head, 0.13)
    if inner.sum() < 50:
        return nothing
    bright = cv2.GaussianBlur(flair, (0, 0), 1.0) > 0.45 * np.median(flair[inner > 0])
    size = radius(head)
    opened = cv2.morphologyEx(bright.astype(np.uint8) & shrink(head, 0.09), cv2.MORPH_OPEN, disc(0.05 * size))
    brain = _largest(_close(_largest(np.asarray(opened, dtype=np.uint8)), 0.06))
    return brain if BRAIN_SHARE[0] < brain.sum() / head.sum() < BRAIN_SHARE[1] else nothing


def _bridged(brains: NDArray[np.uint8], filled: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Interpolate where no brain was found between slices with one, and smooth across slices."""
    depth = depths(brains)
    for below, above in itertools.pairwise(filled.tolist()):
        for one in range(below + 1, above):
            share = (one - below) / (above - below)
            depth[one] = (1 - share) * depth[below] + share * depth[above]
    inner = slice(int(filled[0]) + 1, int(filled[-1]))
    smooth = depth.copy()
    smooth[inner] = (
        depth[inner] + (depth[inner.start - 1 : inner.stop - 1] + depth[inner.start + 1 : inner.stop + 1]) / 2
    ) / 2
    return (smooth > 0).astype(np.uint8)


def _taper(brains: NDArray[np.uint8], heads: NDArray[np.uint8], lowest: int) -> None:
    """Round the lower end off."""
    step = max(TAPER, 1.5 / max(len(brains), 1))
    for one in range(lowest - 1, -1, -1):
        brains[one] = _largest(shrink(brains[one + 1], step)) & heads[one]


def _close(mask: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_CLOSE, disc(share * radius(mask))), dtype=np.uint8)


def _largest(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    if count < 2:
        return np.zeros_like(mask)
    solid = (labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).astype(np.uint8)
    return solid | holes(solid)
