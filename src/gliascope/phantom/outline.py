"""Where a lesion may be, and how far it has to reach for its size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gliascope.errors import InputError
from gliascope.phantom.cortex import Surfaces
from gliascope.phantom.fields import Field
from gliascope.phantom.section import Section

EDGE: Final = 5.0
"""Width of the oedema-like edge in white matter, mm; the outline is where the lesion's share is a half."""

REACH_STEP: Final = 0.01
"""Precision of the lesion's reach, mm."""

FAR: Final = 1e3
"""Stands for a place that the lesion's connected body does not reach, mm."""


@dataclass(frozen=True, eq=False)
class Outline:
    """Where a lesion is.

    Attributes
    ----------
    spread : ndarray, float32, shape (slice, row, column)
        Distance from its centre as `gliascope.phantom.lesion.Lesion.spread` gives it, mm; `FAR` beyond its body.
    room : ndarray, float32, shape (slice, row, column)
        Signed distance to where a lesion may be, mm.
    reach : float32
        The lesion is where `spread` is below this and `room` above 0.
    truth : ndarray, bool, shape (slice, row, column)
        One connected body.
    """

    spread: NDArray[np.float32]
    room: NDArray[np.float32]
    reach: np.float32
    truth: NDArray[np.bool_]


def room_for_lesion(section: Section, found: Surfaces, hollow: Field, side: float) -> Field:
    """Signed distance to where a lesion may be: one hemisphere's tissue above the tentorium, furrows included."""
    across = np.maximum(np.sign(side) * section.points.x - 1, found.commissure - 4)
    below = -np.maximum(found.posterior, found.stem)
    inner = np.minimum(found.cavity - 2, -hollow - np.float32(0.5))
    return np.asarray(np.minimum(np.minimum(inner, across), below), dtype=np.float32)


def fit_outline(spread: NDArray[np.float32], room: NDArray[np.float32], area: float) -> Outline:
    """Choose how far a lesion reaches, so that its largest slice has a given area.

    Parameters
    ----------
    spread, room : ndarray, float32, shape (slice, row, column)
        See `gliascope.phantom.lesion.Lesion.spread` and `room_for_lesion`.
    area : float
        Pixels.

    Returns
    -------
    Outline

    Raises
    ------
    InputError
        If the brain has no room for that area.
    """
    free = room > 0
    most = int(np.count_nonzero(free, axis=(1, 2)).max())
    if most < area:
        raise InputError(
            f"a lesion must fit into one hemisphere: its largest slice may have {most} pixels, received {area:.0f}"
        )
    low, high = 0.0, float(spread.max())
    while high - low > REACH_STEP:
        reach = (low + high) / 2
        largest = np.count_nonzero(free & (spread < reach), axis=(1, 2)).max()
        low, high = (low, reach) if largest >= area else (reach, high)
    labels, _ = ndimage.label(free & (spread < high))
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    truth = labels == int(np.argmax(sizes))
    near = np.stack([ndimage.binary_dilation(one, iterations=round(EDGE)) for one in truth])
    return Outline(np.where(near, spread, np.float32(FAR)), room, np.float32(high), truth)
