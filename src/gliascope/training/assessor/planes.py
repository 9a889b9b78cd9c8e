"""Sagittal and coronal sections cut from axial volumes."""

from __future__ import annotations

from typing import Final, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.training.assessor.disturb import Picture, to_picture

Plane = Literal["sagittal", "coronal"]

LEAST: Final = 0.35
"""Sections smaller than this share of the largest of their plane are left out: skin and ears show no plane."""


def places(heads: NDArray[np.uint8], plane: Plane) -> NDArray[np.intp]:
    """Tell where a plane cuts enough of the head.

    Parameters
    ----------
    heads : ndarray, uint8, shape (slice, row, column)
        1 inside the head.
    plane : str

    Returns
    -------
    ndarray, int, shape (place,)
        Columns for sagittal, rows for coronal sections.
    """
    area = heads.sum(axis=(0, 1) if plane == "sagittal" else (0, 2))
    return np.flatnonzero((area > 0) & (area > LEAST * area.max()))


def cut_plane(
    volume: NDArray[np.uint8],
    plane: Plane,
    place: int,
    thickness: float,
    rng: np.random.Generator,
    *,
    depth: NDArray[np.float32] | None = None,
) -> Picture:
    """Cut a section and stretch it so that its pixels are square.

    Parameters
    ----------
    volume : ndarray, uint8, shape (slice, row, column)
        From the skull base upwards.
    plane : str
    place : int
        Column or row.
    thickness : float
        Distance of two slices, in pixels of a slice.
    rng : numpy.random.Generator
        Draws the interpolation, and whether the section is padded to a square.
    depth : ndarray, float32, same shape, optional
        Signed distance to the edge of what is kept (`gliascope.training.assessor.brain.depths`).

    Returns
    -------
    ndarray, uint8, shape (row, column)
        The vertex on top.
    """
    section = _cut(volume, plane, place)
    way = rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST], p=[0.5, 0.3, 0.2])
    height, width = max(2, round(len(section) * thickness)), section.shape[1]
    stretched = cv2.resize(section, (width, height), interpolation=int(way))
    if depth is not None:
        stretched[cv2.resize(_cut(depth, plane, place), (width, height), interpolation=cv2.INTER_LINEAR) <= 0] = 0
    if height < width and rng.random() < 0.5:
        above = (width - height) // 2
        stretched = cv2.copyMakeBorder(stretched, above, width - height - above, 0, 0, cv2.BORDER_CONSTANT, value=0)
    return to_picture(stretched)


def _cut(volume: NDArray[np.uint8] | NDArray[np.float32], plane: Plane, place: int) -> NDArray[np.float32]:
    section = volume[:, :, place] if plane == "sagittal" else volume[:, place, :]
    return section[::-1].astype(np.float32)
