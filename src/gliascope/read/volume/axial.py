"""From a stored volume to the axial slices with square pixels that the networks know, and back."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.geometry import AXIAL, Grid, Turn, obliquity, shear, spacing, square_pixels, turn_to, upright
from gliascope.read.volume.limits import MAX_VOXELS
from gliascope.read.volume.resample import resample
from gliascope.scan import Scan, background_level

MAX_TILT: Final = 30.0
"""Degrees by which slices may be tilted, or rows turned, and still be taken as they are: scanners are often tilted by
up to 20 degrees, as the LGG data are."""
MAX_SHEAR: Final = 1.0
"""Degrees of shear up to which slices are taken as they are."""
MAX_RATIO: Final = 1.02
"""Ratio of a pixel's edges up to which it counts as square."""
FINEST: Final = 0.5
"""Pixels are made no smaller than this when they are made square, in millimetres."""
HALF: Final = 0.5
"""A voxel is inside an outline where at least this share of it is."""


@dataclass(frozen=True, eq=False)
class Axial:
    """How the slices lie in a stored volume.

    Attributes
    ----------
    turn : Turn
    turned : Grid
        The stored voxels after turning.
    grid : Grid
        The slices' own: `turned` itself where nothing is resampled.
    """

    turn: Turn
    turned: Grid
    grid: Grid

    @property
    def is_resampled(self) -> bool:
        """Whether the slices have voxels of their own."""
        return self.grid is not self.turned

    def cut(self, values: NDArray[Any]) -> NDArray[Any]:
        """Make the slices of a stored sequence: (i, j, k) to (slice, row, column)."""
        turned = self.turn.forward(values).transpose(2, 1, 0)
        if not self.is_resampled:
            return turned
        return resample(turned, self.turned, self.grid, fill=background_level(turned))


def plan_axial(stored: Grid) -> Axial:
    """Decide how axial slices are made of a volume.

    Axes are swapped and reversed. Voxels are resampled only where that leaves pixels that are not square (`MAX_RATIO`),
    slices that are not axial (`MAX_TILT`) or axes that are not at right angles (`MAX_SHEAR`).

    Parameters
    ----------
    stored : Grid

    Returns
    -------
    Axial
    """
    turn = turn_to(AXIAL, stored.affine)
    turned = turn.grid(stored)
    edges = spacing(turned.affine)
    step = max(float(edges[:2].min()), FINEST)
    if obliquity(turned.affine) > MAX_TILT or shear(turned.affine) > MAX_SHEAR:
        return Axial(turn, turned, _bounded(lambda size: upright(turned, (size, size, max(size, edges[2]))), step))
    if edges[:2].max() > MAX_RATIO * edges[:2].min():
        return Axial(turn, turned, _bounded(lambda size: square_pixels(turned, size), step))
    return Axial(turn, turned, turned)


def _bounded(make: Callable[[float], Grid], step: float) -> Grid:
    """Make a grid, its pixels as much larger as it takes to stay within `MAX_VOXELS`."""
    grid = make(step)
    while math.prod(grid.shape) > MAX_VOXELS:
        step *= 1.25
        grid = make(step)
    return grid


def to_stored(slices: NDArray[Any], scan: Scan) -> NDArray[Any]:
    """Bring an outline or a map of probabilities back to the grid of the file that the scan was cut from.

    Parameters
    ----------
    slices : ndarray, bool or float32, shape (slice, row, column)
    scan : Scan
        With a `gliascope.scan.Volume`.

    Returns
    -------
    ndarray, of the same type, shape (i, j, k)
        As stored in the file.
    """
    assert scan.volume is not None
    volume = scan.volume
    if not volume.is_resampled:
        return np.ascontiguousarray(volume.turn.back(slices.transpose(2, 1, 0)))
    values = resample(slices.astype(np.float32), scan.grid, volume.turn.grid(volume.grid))
    if slices.dtype == np.bool_:
        values = values >= HALF
    return np.ascontiguousarray(volume.turn.back(values.transpose(2, 1, 0)))
