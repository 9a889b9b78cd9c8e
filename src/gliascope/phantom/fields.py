"""Building blocks of the phantom: points in millimetres, smooth random fields, signed distances.

Lengths are millimetres of the head's own frame: x to the patient's left, y to the front, z to the top, the origin
in the middle of the brain. A signed distance is positive inside.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Field: TypeAlias = NDArray[np.float32]
"""One value a pixel of a slice, shape (row, column)."""

Node: TypeAlias = tuple[float, float, float, float]
"""A ball on a tube's path: x, y, z and radius."""


class Points(NamedTuple):
    """Where the pixels of one slice lie; each field has shape (row, column)."""

    x: Field
    y: Field
    z: Field


@dataclass(frozen=True, eq=False)
class Waves:
    """A smooth random field: a sum of plane waves of about one wavelength, mean 0 and deviation 1.

    Attributes
    ----------
    vectors : ndarray, float32, shape (wave, 3)
        Wave vectors, radians per millimetre.
    phases : ndarray, float32, shape (wave,)
    """

    vectors: NDArray[np.float32]
    phases: NDArray[np.float32]

    def at(self, points: Points) -> Field:
        """Value at each point."""
        total = np.zeros(points.x.shape, dtype=np.float32)
        for (kx, ky, kz), phase in zip(self.vectors, self.phases, strict=True):
            total += np.cos(kx * points.x + ky * points.y + kz * points.z + phase)
        return total * np.float32(np.sqrt(2 / len(self.phases)))


def draw_waves(rng: np.random.Generator, wavelength: float, count: int = 12, spread: float = 0.25) -> Waves:
    """Draw a field.

    Parameters
    ----------
    rng : Generator
    wavelength : float
        Middle wavelength, mm.
    count : int
        Number of plane waves.
    spread : float
        Wavelengths lie within this share of the middle one.

    Returns
    -------
    Waves
    """
    directions = rng.normal(size=(count, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    numbers = 2 * np.pi / (wavelength * rng.uniform(1 - spread, 1 + spread, size=(count, 1)))
    phases = rng.uniform(0, 2 * np.pi, size=count)
    return Waves((directions * numbers).astype(np.float32), phases.astype(np.float32))


def inside(distance: NDArray[np.floating[Any]], softness: float = 1.2) -> Field:
    """Share of a pixel inside a surface at a signed distance, the edge `softness` mm wide; 0 to 1."""
    return np.asarray(np.clip(distance / np.float32(softness) + np.float32(0.5), 0, 1), dtype=np.float32)


def ellipsoid(points: Points, centre: Sequence[float], radii: Sequence[float]) -> Field:
    """Signed distance to an ellipsoid, exact on its surface (first order, after Quilez' k0 (k0 - 1) / k1)."""
    scaled = [(value - np.float32(c)) / np.float32(r) for value, c, r in zip(points, centre, radii, strict=True)]
    k0 = np.sqrt(sum(value * value for value in scaled))
    k1 = np.sqrt(sum((value / np.float32(r)) ** 2 for value, r in zip(scaled, radii, strict=True)))
    return np.asarray(k0 * (1 - k0) / np.maximum(k1, np.float32(1e-6)))


def tube(points: Points, nodes: Sequence[Node]) -> Field:
    """Signed distance to a tube through balls, its radius changing linearly between them."""
    best = np.full(points.x.shape, -1e3, dtype=np.float32)
    for start, end in itertools.pairwise(nodes):
        axis = np.subtract(end[:3], start[:3])
        offset = [value - np.float32(s) for value, s in zip(points, start[:3], strict=True)]
        along = sum(o * np.float32(a) for o, a in zip(offset, axis, strict=True)) / np.float32(axis @ axis)
        along = np.clip(along, 0, 1)
        away = sum((o - along * np.float32(a)) ** 2 for o, a in zip(offset, axis, strict=True))
        radius = np.float32(start[3]) + along * np.float32(end[3] - start[3])
        best = np.maximum(best, radius - np.sqrt(away))
    return best
