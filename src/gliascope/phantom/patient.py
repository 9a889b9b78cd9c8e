"""One made-up head: everything about its shape that chance decides, drawn once from a seed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from gliascope.phantom.fields import Field, Points, Waves, draw_waves

IN_PLANE: Final = 2.2
"""Exponent of the head's outline in a slice: 2 is an ellipse, more is fuller."""

UPWARD: Final = 2.42
"""Exponent of the head's outline from ear to vertex."""

PIXEL_MM: Final = 0.89
"""Mean side of a pixel of a 256 x 256 image, mm."""

SKULL_BASE: Final = -36.0
"""Where the slices begin, at eyes and pons, mm."""


@dataclass(frozen=True, eq=False)
class Patient:
    """Size, pose and folding of one head; lengths in mm.

    Attributes
    ----------
    size : int
        Rows and columns of its images.
    pixel_mm : float
        Side of a pixel.
    centre : tuple of float
        Column and row of the head's origin, pixels.
    turn, pitch, roll : float
        Rotation in the plane and tilts of the slices, radians.
    half_width, half_length, height : float
        Half-axes of the inside of the skull.
    egg : float
        How much narrower the head is in front.
    skull, scalp : float
        Thickness.
    sulcus : float
        Half-width of the furrows; where it is below 0 many are closed.
    ventricle : float
        Size of the ventricles, 1 in the mean.
    gyri, reach, width : Waves
        Course of the furrows, their depth and width.
    bend : tuple of Waves
        Displacement along x, y and z that makes the furrows wind.
    uneven, texture : Waves
        Unevenness of all surfaces; mottling of tissue.
    """

    size: int
    pixel_mm: float
    centre: tuple[float, float]
    turn: float
    pitch: float
    roll: float
    half_width: float
    half_length: float
    height: float
    egg: float
    skull: float
    scalp: float
    sulcus: float
    ventricle: float
    gyri: Waves
    reach: Waves
    width: Waves
    bend: tuple[Waves, Waves, Waves]
    uneven: Waves
    texture: Waves

    def heights(self, slices: int) -> list[float]:
        """Heights of the slices' middles, evenly from skull base to vertex, lowest first, mm."""
        step = (self.height + self.skull - SKULL_BASE) / slices
        return [SKULL_BASE + step * (index + 0.5) for index in range(slices)]

    def box(self) -> tuple[slice, slice]:
        """Rows and columns that hold the whole head, so that nothing is computed for plain air."""
        beyond = self.skull + self.scalp + 8
        across = (self.half_width * 1.1 + beyond) / self.pixel_mm
        along = (self.half_length + beyond) / self.pixel_mm
        (column, row), last = self.centre, self.size
        return (
            slice(max(0, int(row - along)), min(last, int(row + along))),
            slice(max(0, int(column - across)), min(last, int(column + across))),
        )

    def points(self, z: float) -> Points:
        """Where the box's pixels of the slice at height `z` (mm) lie in the head."""
        row, column = np.mgrid[self.box()].astype(np.float32)
        aside = (column - np.float32(self.centre[0])) * np.float32(self.pixel_mm)
        front = (np.float32(self.centre[1]) - row) * np.float32(self.pixel_mm)
        cos, sin = np.float32(np.cos(self.turn)), np.float32(np.sin(self.turn))
        x, y = cos * aside + sin * front, cos * front - sin * aside
        return Points(x, y, np.float32(z) + np.float32(self.pitch) * y + np.float32(self.roll) * x)

    def shell(self, points: Points, beyond: float = 0.0, below: float = 28.0) -> Field:
        """Signed distance to the inside of the skull's vault, or to a surface `beyond` mm outside it.

        To first order: (1 - r) / |grad r|, where r is the radius of a superellipsoid.

        Parameters
        ----------
        points : Points
        beyond : float
        below : float
            Half-axis downward, mm.

        Returns
        -------
        ndarray, float32, shape (row, column)
        """
        here = self.radius(points, beyond, below)
        above = self.radius(points._replace(z=points.z + 1), beyond, below)
        by_row, by_column = np.gradient(here, self.pixel_mm)
        slope = np.sqrt(by_row * by_row + by_column * by_column + (above - here) ** 2)
        return np.asarray((1 - here) / np.maximum(slope, np.float32(2e-3)), dtype=np.float32)

    def radius(self, points: Points, beyond: float = 0.0, below: float = 28.0) -> Field:
        """Radius of each point as a share of the surface's; see `shell`."""
        y = points.y / np.float32(self.half_length + beyond)
        width = np.float32(self.half_width + beyond) * (1 - np.float32(self.egg) * (y + np.float32(0.2)))
        height = np.where(points.z > 0, np.float32(self.height + beyond), np.float32(below + beyond))
        flat = np.abs(points.x / width) ** np.float32(IN_PLANE) + np.abs(y) ** np.float32(IN_PLANE)
        upward = np.abs(points.z / height) ** np.float32(UPWARD)
        return np.asarray((flat ** np.float32(UPWARD / IN_PLANE) + upward) ** np.float32(1 / UPWARD))


def draw_patient(rng: np.random.Generator, size: int) -> Patient:
    """Draw a head that fills about the share of a `size` x `size` image that heads of the LGG data set fill."""
    scale = float(np.clip(rng.normal(1, 0.03), 0.93, 1.07))
    middle = (size - 1) / 2
    return Patient(
        size=size,
        pixel_mm=PIXEL_MM * float(np.clip(rng.normal(1, 0.04), 0.92, 1.1)) * 256 / size,
        centre=(middle + rng.normal(0, 0.01) * size, middle + rng.normal(0, 0.012) * size),
        turn=float(np.deg2rad(rng.normal(0, 2.5))),
        pitch=float(np.deg2rad(np.clip(rng.normal(3, 3), -4, 9))),
        roll=float(np.deg2rad(rng.normal(0, 1.2))),
        half_width=66 * scale * float(np.clip(rng.normal(1, 0.02), 0.95, 1.05)),
        half_length=83 * scale,
        height=72 * scale,
        egg=float(rng.uniform(0.05, 0.12)),
        skull=float(np.clip(rng.normal(6.0, 0.7), 4.5, 7.5)),
        scalp=float(np.clip(rng.normal(5.5, 0.8), 4, 7.5)),
        sulcus=float(rng.uniform(-0.6, 0.4)),
        ventricle=float(np.clip(rng.normal(1, 0.15), 0.7, 1.4)),
        gyri=draw_waves(rng, 20, count=20, spread=0.2),
        reach=draw_waves(rng, 40, count=8),
        width=draw_waves(rng, 22, count=8, spread=0.4),
        bend=(draw_waves(rng, 30, count=6), draw_waves(rng, 30, count=6), draw_waves(rng, 30, count=6)),
        uneven=draw_waves(rng, 45, count=8),
        texture=draw_waves(rng, 11, count=12, spread=0.5),
    )
