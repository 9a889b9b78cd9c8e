"""Left, right or across the midline, by the head's own plane of symmetry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.findings import Side
from gliascope.geometry import Affine, Grid, index_map, to_world, upright
from gliascope.scan import background_level

STEP: Final = 4.0
"""Voxel edge at which the plane is looked for, in millimetres."""
FARTHEST: Final = 24.0
"""Millimetres from the head's middle within which the plane is looked for."""
TURNS: Final = (-0.2, 0.0, 0.2)
"""Radians by which the plane is turned about the body's axis where the search begins."""
LEAST_ALIKE: Final = 0.4
"""Correlation of the head with its mirror image under which there is no plane of symmetry."""
BESIDE: Final = 3.0
"""Millimetres from the plane within which a voxel is on neither side: the plane is not known better."""
CROSSING: Final = 0.03
"""Share of the voxels beyond `BESIDE` on the smaller side from which an outline crosses the midline."""


@dataclass(frozen=True, eq=False)
class Plane:
    """A plane in the patient's space.

    Attributes
    ----------
    normal : ndarray, float64, shape (3,)
        Of length 1, to the patient's left.
    offset : float
        A point p is left of the plane where ``normal @ p`` is more.
    alike : float
        Correlation of the head with its mirror image.
    """

    normal: NDArray[np.float64]
    offset: float
    alike: float

    def distance(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Millimetres to the left of the plane; shape (..., 3) to (...)."""
        return np.asarray(points @ self.normal - self.offset)


def symmetry_plane(image: NDArray[Any], grid: Grid, ignore: NDArray[np.bool_] | None = None) -> Plane | None:
    """Find the plane in which a head is most like its mirror image.

    Parameters
    ----------
    image : ndarray, shape (slice, row, column)
        One sequence.
    grid : Grid
        Its place, LPS+.
    ignore : ndarray, bool, same shape, or None
        Voxels, such as a lesion's, that count on neither side.

    Returns
    -------
    Plane or None
        None where the head is like its mirror image in no plane (`LEAST_ALIKE`).
    """
    from scipy import ndimage, optimize  # half of a second that other inputs need not spend

    coarse = upright(grid, (STEP, STEP, STEP))
    values = _sampled(ndimage.gaussian_filter(_above(image), _smoothing(grid)), grid, coarse)
    signal = values[values > 0]
    if signal.size < 100:
        return None
    values = np.minimum(values, np.percentile(signal, 97))
    head = values > 0.25 * values.max()
    weight = head.astype(np.float32)
    if ignore is not None:
        weight[_sampled(ignore.astype(np.float32), grid, coarse) > 0.1] = 0
    middle = np.array([float(np.argwhere(head)[:, 2 - axis].mean()) for axis in range(3)])
    centre = to_world(coarse.affine, middle)
    search = _Search(values, weight, coarse, centre)
    starts = [(yaw, 0.0, move) for yaw in TURNS for move in np.arange(-FARTHEST, FARTHEST + 1, 2 * STEP)]
    begin = np.array(starts[int(np.argmax([search.alike(one) for one in starts]))])
    simplex = begin + np.array([[0, 0, 0], [0.1, 0, 0], [0, 0.1, 0], [0, 0, 3.0]])
    found = optimize.minimize(
        lambda at: -search.alike(at),
        begin,
        method="Nelder-Mead",
        options={"maxfev": 160, "xatol": 2e-3, "fatol": 1e-4, "initial_simplex": simplex},
    )
    alike = search.alike(found.x)
    normal, offset = search.plane(found.x)
    return Plane(normal, offset, alike) if alike >= LEAST_ALIKE else None


def side_of(mask: NDArray[np.bool_], affine: Affine, plane: Plane) -> tuple[Side, float]:
    """Say on which side of a plane an outline lies.

    Parameters
    ----------
    mask : ndarray, bool, shape (slice, row, column)
        Not empty.
    affine : ndarray, float64, shape (4, 4)
    plane : Plane

    Returns
    -------
    side : str
    left_share : float
        Share of the voxels whose centres are left of the plane.
    """
    places = to_world(affine, np.argwhere(mask)[:, ::-1])
    distance = plane.distance(places)
    smaller = min(np.mean(distance > BESIDE), np.mean(distance < -BESIDE))
    left = float(np.mean(distance > 0))
    if smaller >= CROSSING:
        return "crossing the midline", left
    return ("left" if left > 0.5 else "right"), left


@dataclass(frozen=True, eq=False)
class _Search:
    values: NDArray[np.float32]
    weight: NDArray[np.float32]
    grid: Grid
    centre: NDArray[np.float64]

    def plane(self, at: Any) -> tuple[NDArray[np.float64], float]:
        """Plane turned by two small angles and moved along its normal."""
        yaw, roll, move = (float(one) for one in at)
        normal = np.array([1.0, np.tan(yaw), np.tan(roll)])
        normal /= np.linalg.norm(normal)
        return normal, float(normal @ self.centre + move)

    def alike(self, at: Any) -> float:
        """Correlation of the head with its mirror image over what both have, 0 where they have little in common."""
        normal, offset = self.plane(at)
        mirror = np.eye(4)
        mirror[:3, :3] -= 2 * np.outer(normal, normal)
        mirror[:3, 3] = 2 * offset * normal
        to_mirror = index_map(mirror @ self.grid.affine, self.grid.affine)
        other, its_weight = (_affine(one, to_mirror, one.shape) for one in (self.values, self.weight))
        both = self.weight * (its_weight > 0.5)
        share = both.sum()
        if share <= 0 or share < 0.4 * self.weight.sum():  # an outline may leave nothing of the head
            return 0.0
        one, two = (values - (values * both).sum() / share for values in (self.values, other))
        spread = np.sqrt((both * one**2).sum() * (both * two**2).sum())
        overlap = share / max(self.weight.sum(), 1)
        return float((both * one * two).sum() / spread * overlap) if spread > 0 else 0.0


def _above(image: NDArray[Any]) -> NDArray[np.float32]:
    """Let the background be 0 and the brightest about 1: squares of large values would leave single precision.

    By a power of two, which changes no digit.
    """
    values = np.ldexp(image.astype(np.float32), -np.frexp(np.abs(image).max())[1]).astype(np.float32, copy=False)
    level = background_level(values)
    return np.asarray(values - np.float32(level) if level else values)


def _smoothing(grid: Grid) -> list[float]:
    """Deviations that keep finer voxels from being skipped, for axes (slice, row, column)."""
    edges = np.linalg.norm(grid.affine[:3, :3], axis=0)
    return [max(0.0, STEP / (2.5 * edge) - 0.4) for edge in edges[::-1]]


def _sampled(values: NDArray[np.float32], grid: Grid, target: Grid) -> NDArray[np.float32]:
    return _affine(values, index_map(target.affine, grid.affine), target.shape[::-1])


def _affine(values: NDArray[np.float32], matrix: Affine, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Sample at indices given by a matrix for (i, j, k), from and to arrays of (slice, row, column)."""
    from scipy import ndimage

    turned = matrix[:3, :3][::-1, ::-1]
    return np.asarray(ndimage.affine_transform(values, turned, matrix[:3, 3][::-1], shape, order=1, prefilter=False))
