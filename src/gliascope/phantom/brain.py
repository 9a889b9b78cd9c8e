"""Paint the brain of one slice: grey and white matter, nuclei, cerebellum, ventricles, vessels."""

from __future__ import annotations

from typing import Final

import numpy as np

from gliascope.phantom.cortex import Surfaces
from gliascope.phantom.fields import Field, Node, ellipsoid, inside, tube
from gliascope.phantom.section import Section
from gliascope.phantom.tissues import Canvas

LATERAL_VENTRICLE: Final[tuple[Node, ...]] = (
    (12, 31, 8, 1.5),
    (8.5, 22, 11, 3.6),
    (8, 4, 19, 4.5),
    (11, -16, 21, 5.0),
    (19, -33, 12, 6.0),
    (20, -52, 7, 2.5),
)
"""From the frontal horn over the body to the occipital horn."""

TEMPORAL_HORN: Final[tuple[Node, ...]] = (
    (19, -33, 12, 5.0),
    (29, -26, -4, 2.7),
    (32, -6, -15, 1.6),
    (31, 2, -18, 1.2),
)

NUCLEI: Final = (
    ("nuclei", (13, 20, 9), (5, 10, 9)),  # head of the caudate
    ("nuclei", (26, 3, 3), (6, 17, 11)),  # lentiform
    ("thalamus", (10, -12, 7), (9, 14, 9)),
)
"""Tissue, centre and radii."""

MOTTLING: Final = (0.03, 0.052, 0.03)
"""Deviation of the brain's own brightness in each channel, as a share."""

RIBBON: Final = 3.2
"""Thickness of the cortex, mm."""


def ventricles(section: Section) -> Field:
    """Signed distance to the ventricles, mm."""
    size = section.patient.ventricle
    body = tube(section.half, [(x, y, z, radius * size) for x, y, z, radius in LATERAL_VENTRICLE])
    horn = tube(section.half, [(x, y, z, radius * size) for x, y, z, radius in TEMPORAL_HORN])
    slanted = section.half._replace(x=section.half.x - (section.half.y - 22) * np.float32(0.35))
    front = ellipsoid(slanted, (8.5, 22, 6), (3.4 * size, 12 * size, 10))
    lateral = np.maximum(np.maximum(body, horn), front) + section.width / 2
    third = np.minimum(np.float32(1.6 * size) - section.half.x, ellipsoid(section.points, (0, -2, 0), (8, 15, 10)))
    fourth = ellipsoid(section.points, (0, -27, -28), (7, 5, 9))
    return np.asarray(np.maximum(np.maximum(lateral, third), fourth), dtype=np.float32)


def paint_brain(canvas: Canvas, section: Section, found: Surfaces, hollow: Field) -> None:
    """Paint everything inside the skull but lesions.

    Parameters
    ----------
    canvas : Canvas
    section : Section
    found : Surfaces
    hollow : ndarray, float32, shape (row, column)
        Signed distance to the ventricles.
    """
    within = inside(found.cavity)
    body = within * inside(found.cortex, 1.4)
    canvas.paint(within, "csf")
    canvas.paint(body, "grey")
    canvas.paint(within * inside(found.cortex - RIBBON - section.texture / 2, 2.2), "white")
    for tissue, centre, radii in NUCLEI:
        canvas.paint(inside(ellipsoid(section.half, centre, radii) + section.texture / 2, 2.5) * body, tissue)
    _paint_below(canvas, section, found)
    mottle = np.float32(0.6) * section.width + np.float32(0.4) * section.texture
    canvas.values *= 1 + (body * mottle)[..., None] * np.asarray(MOTTLING, dtype=np.float32)
    canvas.paint(inside(hollow + 1, 2.5) * body * np.float32(0.4), "rim")
    canvas.paint(inside(hollow) * within, "csf")
    canvas.paint(inside(np.minimum(ellipsoid(section.half, (19, -32, 11), (3, 5, 4)), hollow)), "choroid")
    _paint_vessels(canvas, section, found)


def _paint_below(canvas: Canvas, section: Section, found: Surfaces) -> None:
    """Cerebellum with its leaves, the cisterns, the brain stem."""
    points = section.points
    back = inside(found.posterior - 1)
    canvas.paint(back, "cerebellum")
    fan = np.sqrt((points.x * np.float32(0.7)) ** 2 + (points.y + 12) ** 2 + (points.z + 22) ** 2)
    leaves = np.cos(fan * np.float32(1.5) + 2 * section.texture) * inside(12 - found.posterior, 12)
    canvas.paint(back * np.clip(leaves * np.float32(0.4) - np.float32(0.1), 0, 1), "csf")
    around = np.minimum(found.stem + np.float32(2.0), -9 - points.z)
    cistern = np.maximum(inside(ellipsoid(points, (0, 9, -15), (15, 11, 9))), inside(around))
    canvas.paint(cistern * inside(found.cavity), "csf")
    canvas.paint(inside(np.minimum(found.stem, -5 - points.z), 1.6), "stem")


def _paint_vessels(canvas: Canvas, section: Section, found: Surfaces) -> None:
    """Venous sinuses, arteries at the base, veins in the furrows, dura and falx."""
    points, half = section.points, section.half
    canvas.paint(inside(np.float32(0.5) - np.abs(found.cavity - np.float32(0.5))) / 2, "dura")
    falx = np.minimum(np.float32(0.4) - found.middle, -5 - found.commissure)
    canvas.paint(inside(falx) * inside(found.cavity) * inside(points.z + 10, 4) * np.float32(0.6), "dura")
    along = np.where((points.y < -20) | (points.z > 35), np.float32(9), np.float32(-9))
    sagittal = np.minimum(found.cavity + 1, 4 - np.float32(0.8) * np.maximum(found.cavity, 0) - found.middle)
    straight = tube(points, ((0, -33, 9, 1.5), (0, -72, -2, 2.0)))
    middle_cerebral = tube(half, ((4, 9, -13, 1.3), (22, 9, -11, 1.3), (38, 8, -5, 0.8)))
    basilar = tube(points, ((0, 8, -34, 1.6), (0, 7, -14, 1.5)))
    for vessel in (np.minimum(sagittal, along), straight, middle_cerebral, basilar):
        canvas.paint(inside(vessel), "vessel")
    veins = inside(np.float32(0.2) - found.cortex, 1.5) * inside(found.cavity - 1)
    canvas.paint(veins * np.clip(section.texture * np.float32(1.5) - np.float32(1.6), 0, 1), "vessel")
