"""The lesion: an irregular body in white matter, bright in FLAIR, with a known outline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from gliascope.phantom.fields import Field, Waves, draw_waves, inside
from gliascope.phantom.outline import EDGE, Outline
from gliascope.phantom.patient import Patient
from gliascope.phantom.section import Section
from gliascope.phantom.tissues import Canvas

SMALLEST_RADIUS: Final = 2.0
"""Least radius of a lesion, pixels."""

TEMPORAL_SHARE: Final = 0.2
"""Share of lesions that lie in a temporal lobe."""

MOTTLING: Final = (0.11, 0.22, 0.11)
"""Deviation of the lesion's brightness in each channel, as a multiple of white matter."""

CORE_SHARE: Final = 0.45
"""Radius of a cystic core, as a share of the lesion's."""

CORE: Final = (0.55, 1.15, 0.6)
"""Levels of a cystic core, as multiples of white matter."""

ENHANCED: Final = 1.8
"""Post-contrast level of an enhancing nodule."""


@dataclass(frozen=True, eq=False)
class Lesion:
    """Place, shape and brightness of one lesion.

    Attributes
    ----------
    centre : tuple of float
        x, y, z in the head's frame, mm.
    radius : float
        Radius of the disc as large as its largest slice, mm.
    stretch : tuple of float
        Relative extent along x, y and z.
    outline, detail, inner : Waves
        Irregularity of the outline, coarse and fine; mottling inside.
    level : tuple of float
        Brightness in pre-contrast, FLAIR and post-contrast, as multiples of white matter.
    cystic, enhancing : bool
        Whether there is a dark core; whether nodules take up contrast agent.
    """

    centre: tuple[float, float, float]
    radius: float
    stretch: tuple[float, float, float]
    outline: Waves
    detail: Waves
    inner: Waves
    level: tuple[float, float, float]
    cystic: bool
    enhancing: bool

    def spread(self, section: Section) -> Field:
        """Distance from the centre that irregularity makes longer or shorter, mm."""
        scaled = [
            (value - np.float32(c)) / np.float32(s)
            for value, c, s in zip(section.points, self.centre, self.stretch, strict=True)
        ]
        away = np.sqrt(sum(value * value for value in scaled))
        uneven = np.float32(0.2) * self.outline.at(section.points) + np.float32(0.09) * self.detail.at(section.points)
        return np.asarray(away + np.float32(self.radius) * uneven, dtype=np.float32)

    def paint(self, canvas: Canvas, section: Section, outline: Outline, index: int, cortex: Field) -> None:
        """Cover the tissue of one slice.

        Parameters
        ----------
        canvas : Canvas
        section : Section
        outline : Outline
        index : int
            The slice's place in it.
        cortex : ndarray, float32, shape (row, column)
            Signed distance to the brain's surface, mm.
        """
        room, depth = outline.room[index], outline.reach - outline.spread[index]
        mottle = self.inner.at(section.points)
        level = np.asarray(self.level, dtype=np.float32) + mottle[..., None] * np.asarray(MOTTLING, dtype=np.float32)
        share = inside(depth, min(EDGE, self.radius)) * inside(room, 1.0)
        canvas.cover(share * (1 - np.float32(0.35) * inside(-cortex)), level)
        if self.cystic:
            core = np.float32(CORE_SHARE * self.radius) - outline.spread[index]
            canvas.cover(inside(core + mottle, 3.0) * inside(room), CORE)
        if self.enhancing:
            nodule = inside(depth - np.float32(0.2 * self.radius), 3.0) * np.clip(mottle - np.float32(0.7), 0, 1)
            values = canvas.values[..., 2]
            values += nodule * inside(room) * (np.float32(ENHANCED) - values)


def draw_lesion(rng: np.random.Generator, patient: Patient, heights: Sequence[float], radius: float) -> Lesion:
    """Draw a lesion whose largest slice is about one of the patient's.

    Parameters
    ----------
    rng : Generator
    patient : Patient
    heights : sequence of float
        Of the slices, mm.
    radius : float
        mm.

    Returns
    -------
    Lesion
    """
    side = 1.0 if rng.random() < 0.5 else -1.0
    if rng.random() < TEMPORAL_SHARE:
        x, y, z = rng.uniform(33, 42), rng.uniform(-8, 16), rng.uniform(-20, -12)
    else:
        x, y, z = rng.uniform(26, 38), rng.uniform(-42, 42), rng.uniform(8, 36)
    nearest = min(heights, key=lambda height: abs(height - z))
    tilt = patient.pitch * y + patient.roll * side * x
    contrast = float(np.clip(rng.normal(1.68, 0.2), 1.35, 2.2))
    dark = float(np.clip(rng.normal(0.8, 0.08), 0.62, 0.98))
    return Lesion(
        centre=(side * float(x), float(y), float(nearest + tilt)),
        radius=radius,
        stretch=(float(rng.uniform(0.85, 1.1)), float(rng.uniform(1.0, 1.3)), float(rng.uniform(0.8, 1.0))),
        outline=draw_waves(rng, max(2.2 * radius, 12), spread=0.4),
        detail=draw_waves(rng, max(0.9 * radius, 8), spread=0.4),
        inner=draw_waves(rng, max(0.8 * radius, 9), spread=0.5),
        level=(dark, contrast, dark + 0.02),
        cystic=bool(rng.random() < 0.2 and radius > 12),
        enhancing=bool(rng.random() < 0.35),
    )
