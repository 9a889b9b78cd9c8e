"""Paint what lies around the brain: scalp, muscle, skull, eyes, sinuses."""

from __future__ import annotations

from typing import Final

import numpy as np

from gliascope.phantom.fields import Node, ellipsoid, inside, tube
from gliascope.phantom.section import Section
from gliascope.phantom.tissues import TISSUES, Canvas

ORBIT: Final = (31.0, 58.0, -26.0)
EYE: Final = (32.0, 69.0, -26.0)

EYE_MUSCLES: Final[tuple[tuple[Node, ...], ...]] = (
    ((31, 60, -25, 1.8), (13, 24, -19, 1.8)),  # the optic nerve, as bright as muscle
    ((17, 62, -25, 1.8), (15, 34, -22, 1.5)),
    ((46, 60, -25, 1.8), (22, 32, -22, 1.5)),
)


def paint_outside(canvas: Canvas, section: Section) -> None:
    """Paint the head without its brain."""
    patient, points, half = section.patient, section.points, section.half
    skin = patient.shell(points, patient.skull + patient.scalp, below=150) + section.uneven * np.float32(0.35)
    vault = patient.shell(points, patient.skull, below=34) + section.uneven / 2
    canvas.paint(inside(skin), "muscle")
    fat = np.asarray(TISSUES["fat"], dtype=np.float32) * (1 + section.uneven[..., None] * np.float32(0.15))
    canvas.cover(inside(skin - np.float32(1.2)), fat)
    low = inside(8 - points.z, 10)
    canvas.paint(inside(skin - 5 + section.texture) * low, "muscle")
    canvas.paint(inside(skin - 5) * low * np.clip(section.texture - np.float32(0.8), 0, 1), "fat")
    temporal = ellipsoid(half, (37, 8, -20), (31, 41, 28))
    posterior = ellipsoid(points, (0, -46, -36), (56, 39, 34))
    base = ellipsoid(points, (0, 10, -28), (40, 34, 16))
    bone = np.maximum(np.maximum(vault, temporal), np.maximum(posterior, base))
    canvas.paint(inside(bone), "bone")
    table = np.float32(1.6)
    diploe = np.minimum(vault, -patient.shell(points, below=30) + section.uneven / 2) - table
    canvas.paint(inside(diploe, 1.5) * inside(points.z + 5, 10), "marrow")
    canvas.paint(inside(base - 4) * np.clip(section.texture * np.float32(0.7), 0, 1), "marrow")
    if points.z.min() < 0:
        _paint_face(canvas, section)


def _paint_face(canvas: Canvas, section: Section) -> None:
    """Orbits with eyes, nasal cavity and the air cells around it."""
    points, half = section.points, section.half
    canvas.paint(inside(ellipsoid(half, ORBIT, (21, 29, 18))), "bone")
    canvas.paint(inside(ellipsoid(half, ORBIT, (18.5, 27, 15.5))), "orbital fat")
    for path in EYE_MUSCLES:
        canvas.paint(inside(tube(half, path)), "muscle")
    canvas.paint(inside(ellipsoid(half, EYE, (13, 13, 13))), "muscle")
    canvas.paint(inside(ellipsoid(half, EYE, (11.8, 11.8, 11.8))), "vitreous")
    canvas.paint(inside(ellipsoid(half, (EYE[0], EYE[1] + 9, EYE[2]), (4.5, 2, 4.5))), "lens")
    nose = np.maximum(ellipsoid(points, (0, 66, -34), (12, 30, 22)), ellipsoid(points, (0, 28, -32), (13, 12, 11)))
    canvas.paint(inside(nose), "mucosa")
    cells = np.clip(section.texture * np.float32(1.5) + np.float32(1.2), 0, 1)
    canvas.paint(inside(nose - 1) * cells, "air")
    canvas.paint(inside(ellipsoid(half, (9, 84, -6), (10, 4, 11))), "air")
    mastoid = inside(ellipsoid(half, (50, -26, -36), (14, 13, 12)))
    canvas.paint(mastoid * np.clip(section.texture + 1, 0, 1), "air")
