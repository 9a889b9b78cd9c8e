"""Affines and orientation: the only arithmetic between voxel indices and patient millimetres.

World coordinates are LPS+: x rises to the patient's left, y to posterior, z to superior, as in DICOM and ITK. NIfTI's
own are RAS+; `flip_frame` goes either way. Indices are (i, j, k) = (column, row, slice) and point at the centres of
voxels; an array held as (slice, row, column) is the transpose of one indexed so.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gliascope.errors import InputError

Affine = NDArray[np.float64]
"""Shape (4, 4): index (i, j, k, 1) to millimetres (x, y, z, 1)."""

LETTERS: Final = (("R", "L"), ("A", "P"), ("I", "S"))
"""What each world axis falls and rises to."""
AXIAL: Final = "LPS"
"""Orientation of every scan that the networks see: columns rise to the patient's left, rows to posterior, slices to
superior, as in the LGG data set."""
SINGULAR: Final = 1e-6
"""Axes that span a smaller volume than this share of a box with the same edges lie in one plane."""
LARGEST: Final = 1e5
"""Most millimetres of a voxel's edge, or from the world's origin to the first voxel; a number beyond is damage."""
SMALLEST: Final = 1e-4
"""Least millimetres of a voxel's edge."""


def identity_affine() -> Affine:
    """Affine of an image without geometry.

    Returns
    -------
    ndarray, float64, shape (4, 4)
        The identity: unit spacing, origin at the first voxel.
    """
    return np.eye(4, dtype=np.float64)


def flip_frame(affine: ArrayLike) -> Affine:
    """Turn an affine to RAS+ into one to LPS+, or back: x and y change their signs.

    Parameters
    ----------
    affine : array_like, shape (4, 4)

    Returns
    -------
    ndarray, float64, shape (4, 4)
    """
    return np.diag([-1.0, -1.0, 1.0, 1.0]) @ np.asarray(affine, dtype=np.float64)


def check_affine(affine: ArrayLike) -> Affine:
    """Refuse an affine that no scan can have.

    Returns
    -------
    ndarray, float64, shape (4, 4)

    Raises
    ------
    InputError
        If it is not finite, not affine, has a voxel edge outside `SMALLEST` to `LARGEST`, or axes in one plane.
    """
    values = np.asarray(affine, dtype=np.float64)
    if values.shape != (4, 4) or not np.isfinite(values).all():
        raise InputError(f"an affine must be 4 x 4 and finite, received {_shown(values)}")
    if not np.array_equal(values[3], [0, 0, 0, 1]):
        raise InputError(f"an affine's last row must be 0 0 0 1, received {_shown(values[3])}")
    with np.errstate(over="ignore"):  # an edge beyond all numbers is infinite, and refused
        edges = spacing(values)
    if not ((edges >= SMALLEST) & (edges <= LARGEST)).all() or not (np.abs(values[:3, 3]) <= LARGEST).all():
        raise InputError(
            f"an affine must have voxel edges of {SMALLEST:g} to {LARGEST:g} mm and an origin no farther away, "
            f"received edges {_shown(edges)} and origin {_shown(values[:3, 3])}"
        )
    if abs(np.linalg.det(directions(values))) < SINGULAR:
        raise InputError(f"an affine must not be singular, received {_shown(values[:3, :3])}")
    return values


def spacing(affine: Affine) -> NDArray[np.float64]:
    """Edges of a voxel in millimetres.

    Returns
    -------
    ndarray, float64, shape (3,)
        Along i, j, k.
    """
    return np.asarray(np.linalg.norm(affine[:3, :3], axis=0))


def voxel_volume(affine: Affine) -> float:
    """Volume of a voxel in cubic millimetres, right for sheared axes too."""
    return float(abs(np.linalg.det(affine[:3, :3])))


def directions(affine: Affine) -> NDArray[np.float64]:
    """Unit vectors of the index axes.

    Returns
    -------
    ndarray, float64, shape (3, 3)
        One a column, in world coordinates.
    """
    return np.asarray(affine[:3, :3] / spacing(affine))


def to_world(affine: Affine, indices: ArrayLike) -> NDArray[np.float64]:
    """Turn indices into millimetres.

    Parameters
    ----------
    affine : ndarray, float64, shape (4, 4)
    indices : array_like, shape (..., 3)
        (i, j, k); whole numbers are voxels' centres.

    Returns
    -------
    ndarray, float64, shape (..., 3)
        (x, y, z) in the affine's frame.
    """
    return np.asarray(np.asarray(indices, dtype=np.float64) @ affine[:3, :3].T + affine[:3, 3])


def to_index(affine: Affine, points: ArrayLike) -> NDArray[np.float64]:
    """Turn millimetres into indices; the inverse of `to_world`."""
    return np.asarray(np.linalg.solve(affine[:3, :3], (np.asarray(points) - affine[:3, 3])[..., np.newaxis])[..., 0])


def nearest_axes(affine: Affine) -> tuple[int, int, int]:
    """Which world axis each index axis is nearest to, no world axis twice.

    Returns
    -------
    tuple of int
        World axis of i, j, k: the assignment with the largest sum of absolute cosines.
    """
    cosines = np.abs(directions(affine))
    best = max(permutations(range(3)), key=lambda axes: round(sum(cosines[w, i] for i, w in enumerate(axes)), 9))
    return best[0], best[1], best[2]


def orientation(affine: Affine) -> str:
    """Name where i, j and k rise to.

    Returns
    -------
    str
        Three letters, such as ``LPS``: the world axes nearest to the index axes.
    """
    axes = directions(affine)
    return "".join(LETTERS[world][int(axes[world, i] > 0)] for i, world in enumerate(nearest_axes(affine)))


def obliquity(affine: Affine) -> float:
    """Largest angle between an index axis and the world axis that it is nearest to, in degrees."""
    axes = directions(affine)
    cosines = [abs(axes[world, i]) for i, world in enumerate(nearest_axes(affine))]
    return float(np.degrees(np.arccos(min(1.0, *cosines))))


def shear(affine: Affine) -> float:
    """Largest deviation from a right angle between two index axes, in degrees."""
    axes = directions(affine)
    cosines = np.abs(axes.T @ axes)[np.triu_indices(3, 1)]
    return float(np.degrees(np.arcsin(np.clip(cosines.max(), 0, 1))))


@dataclass(frozen=True, eq=False)
class Grid:
    """Where an array's voxels are.

    Attributes
    ----------
    shape : tuple of int
        Voxels along i, j, k.
    affine : ndarray, float64, shape (4, 4)
        Index to millimetres, LPS+.
    """

    shape: tuple[int, int, int]
    affine: Affine

    def corners(self) -> NDArray[np.float64]:
        """World coordinates of the centres of the eight corner voxels, shape (8, 3)."""
        return to_world(self.affine, _corners(self.shape))

    def outline(self) -> NDArray[np.float64]:
        """World coordinates of the eight corners of the box that the voxels fill, shape (8, 3)."""
        return to_world(self.affine, _corners((2, 2, 2)) * self.shape - 0.5)

    def is_at(self, other: Grid, tolerance: float = 1e-3) -> bool:
        """Whether every voxel is where the other grid's is, to `tolerance` millimetres."""
        return self.shape == other.shape and bool(np.abs(self.corners() - other.corners()).max() <= tolerance)


@dataclass(frozen=True)
class Turn:
    """Axes swapped and reversed: no voxel changes its value or its place in the world.

    Attributes
    ----------
    axes : tuple of int
        Which axis of the stored array becomes i, j and k.
    reversed : tuple of bool
        Whether that axis is read backwards.
    """

    axes: tuple[int, int, int]
    reversed: tuple[bool, bool, bool]

    def forward(self, array: NDArray[Any]) -> NDArray[Any]:
        """Turn an array indexed (i, j, k), as a view."""
        steps = tuple(slice(None, None, -1 if back else None) for back in self.reversed)
        return array.transpose(self.axes)[steps]

    def back(self, array: NDArray[Any]) -> NDArray[Any]:
        """Undo `forward`, as a view."""
        steps = tuple(slice(None, None, -1 if back else None) for back in self.reversed)
        return array[steps].transpose(tuple(int(one) for one in np.argsort(self.axes)))

    def grid(self, stored: Grid) -> Grid:
        """Grid of the turned array."""
        shape = tuple(stored.shape[axis] for axis in self.axes)
        matrix = np.zeros((4, 4))
        matrix[3, 3] = 1
        for i, (axis, back) in enumerate(zip(self.axes, self.reversed, strict=True)):
            matrix[axis, i] = -1 if back else 1
            matrix[axis, 3] = shape[i] - 1 if back else 0
        return Grid((shape[0], shape[1], shape[2]), stored.affine @ matrix)


def turn_to(code: str, affine: Affine) -> Turn:
    """Find the turn after which the axes rise to the letters of `code`.

    Parameters
    ----------
    code : str
        One letter of each pair of `LETTERS`, in any order, such as ``LPS``.
    affine : ndarray, float64, shape (4, 4)

    Returns
    -------
    Turn

    Raises
    ------
    InputError
        If `code` is no orientation.
    """
    pairs = [next((w for w, pair in enumerate(LETTERS) if letter in pair), -1) for letter in code]
    if sorted(pairs) != [0, 1, 2]:
        raise InputError(f"an orientation must have one letter of R/L, A/P and I/S each, received {code!r}")
    stored = nearest_axes(affine)
    rises = directions(affine)
    axes = [stored.index(world) for world in pairs]
    back = [
        (rises[world, axis] > 0) != (letter == LETTERS[world][1])
        for world, axis, letter in zip(pairs, axes, code, strict=True)
    ]
    return Turn((axes[0], axes[1], axes[2]), (bool(back[0]), bool(back[1]), bool(back[2])))


def square_pixels(grid: Grid, step: float) -> Grid:
    """Cover the same box with square pixels on the same slices.

    Parameters
    ----------
    grid : Grid
    step : float
        Edge of a pixel in millimetres.

    Returns
    -------
    Grid
        With the same slices and the same middle; at most one pixel larger.
    """
    edges = spacing(grid.affine)
    columns, rows = (max(1, int(np.ceil(grid.shape[i] * edges[i] / step - 1e-6))) for i in (0, 1))
    affine = grid.affine.copy()
    affine[:3, :2] *= step / edges[:2]
    middle = to_world(grid.affine, [(grid.shape[0] - 1) / 2, (grid.shape[1] - 1) / 2, 0])
    affine[:3, 3] = middle - affine[:3, :2] @ [(columns - 1) / 2, (rows - 1) / 2]
    return Grid((columns, rows, grid.shape[2]), affine)


def upright(grid: Grid, steps: tuple[float, float, float]) -> Grid:
    """Cover the box that a grid fills with voxels along the world's axes, in the orientation `AXIAL`.

    Parameters
    ----------
    grid : Grid
    steps : tuple of float
        Voxel edges along x, y, z in millimetres.

    Returns
    -------
    Grid
    """
    outline = grid.outline()
    low, high = outline.min(axis=0), outline.max(axis=0)
    counts = np.maximum(1, np.ceil((high - low) / steps - 1e-6)).astype(int)
    affine = np.diag([*steps, 1.0])
    affine[:3, 3] = (low + high) / 2 - (counts - 1) / 2 * np.asarray(steps)
    return Grid((int(counts[0]), int(counts[1]), int(counts[2])), affine)


def index_map(target: Affine, source: Affine) -> Affine:
    """Affine from the indices of one grid to those of another: where a voxel of `target` lies in `source`.

    Returns
    -------
    ndarray, float64, shape (4, 4)
    """
    return np.asarray(np.linalg.solve(source, target))


def in_plane(affine: Affine, indices: ArrayLike) -> NDArray[np.float64]:
    """Turn places on one slice into millimetres on a flat sheet, distances and angles kept.

    Parameters
    ----------
    affine : ndarray, float64, shape (4, 4)
    indices : array_like, shape (..., 2)
        (i, j).

    Returns
    -------
    ndarray, float64, shape (..., 2)
    """
    _, flat = np.linalg.qr(affine[:3, :2])
    return np.asarray(np.asarray(indices, dtype=np.float64) @ flat.T)


def pixel_area(affine: Affine) -> float:
    """Area of a pixel of a slice in square millimetres."""
    return float(np.linalg.norm(np.cross(affine[:3, 0], affine[:3, 1])))


def _corners(shape: tuple[int, int, int]) -> NDArray[np.float64]:
    ends = [(0, max(length - 1, 0)) for length in shape]
    return np.array([(i, j, k) for i in ends[0] for j in ends[1] for k in ends[2]], dtype=np.float64)


def _shown(values: NDArray[np.float64]) -> str:
    return np.array2string(values, precision=4, separator=" ").replace("\n", "")
