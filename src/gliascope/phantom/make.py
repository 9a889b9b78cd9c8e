"""Put a phantom together: a patient, its slices, a lesion or none, a scanner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.geometry import Affine
from gliascope.phantom.acquire import acquire, draw_scanner
from gliascope.phantom.brain import paint_brain, ventricles
from gliascope.phantom.cortex import Surfaces, surfaces
from gliascope.phantom.fields import Field
from gliascope.phantom.lesion import SMALLEST_RADIUS, draw_lesion
from gliascope.phantom.outline import fit_outline, room_for_lesion
from gliascope.phantom.outside import paint_outside
from gliascope.phantom.patient import Patient, draw_patient
from gliascope.phantom.section import Section, cut
from gliascope.phantom.tissues import Canvas
from gliascope.read import pixel_hash
from gliascope.scan import SEQUENCES, Scan, Source

RADIUS: Final = 26.0
"""Middle radius of lesions of no given size, pixels of a 256 x 256 image; see `lgg.toml` for the real ones."""

RADIUS_RANGE: Final = (12.0, 40.0)

LONE_THICKNESS: Final = 5.0
"""Thickness of a phantom's only slice, mm."""

SMALLEST_IMAGE: Final = 64


@dataclass(frozen=True, eq=False)
class Phantom:
    """A made-up scan and the truth about it.

    Attributes
    ----------
    name : str
        Folder name in the LGG layout: ``PHANTOM_LS_0001_19000101`` with a lesion, ``PHANTOM_HC_...`` without.
    scan : Scan
        uint8, pre-contrast, FLAIR and post-contrast, skull base first; a volume without geometry, as the LGG data are.
    truth : ndarray, bool, shape (slice, row, column)
        True inside the lesion; all False for a healthy one.
    affine : ndarray, float64, shape (4, 4)
        (column, row, slice) to the made-up patient's millimetres, LPS+; for files that say so, as NIfTI does.
    """

    name: str
    scan: Scan
    truth: NDArray[np.bool_]
    affine: Affine


@dataclass(frozen=True, eq=False)
class _Painted:
    canvas: Canvas
    section: Section
    found: Surfaces
    hollow: Field


def make_phantom(
    seed: int, *, slices: int = 24, lesion_radius_px: float | None = None, healthy: bool = False, size: int = 256
) -> Phantom:
    """Draw a scan of a head with known truth.

    The same arguments give the same phantom, on any machine up to rounding. The healthy phantom of a seed is the same
    head in the same scanner, noise included, without the lesion.

    Parameters
    ----------
    seed : int
        Not negative.
    slices : int
        Number of axial slices between skull base and vertex, at least 1.
    lesion_radius_px : float or None
        Radius of the disc as large as the lesion's largest slice, in pixels of the image; None draws one such as the
        LGG data set has.
    healthy : bool
        Leave the lesion out.
    size : int
        Rows and columns, at least 64; the head fills the same share of any size.

    Returns
    -------
    Phantom

    Raises
    ------
    InputError
        If a value is out of range, or the lesion does not fit into one hemisphere.
    """
    _check(seed, slices, size, lesion_radius_px)
    shape, growth, machine, noise = (np.random.default_rng(one) for one in np.random.SeedSequence(seed).spawn(4))
    patient = draw_patient(shape, size)
    heights = patient.heights(slices)
    painted = [_paint(patient, z) for z in heights]
    truth = np.zeros((slices, size, size), dtype=np.bool_)
    rows, columns = patient.box()
    if not healthy:
        middle = RADIUS * float(np.exp(growth.normal(0, 0.33)))
        radius = float(np.clip(middle, *RADIUS_RANGE)) * size / 256 if lesion_radius_px is None else lesion_radius_px
        truth[:, rows, columns] = _add_lesion(growth, patient, heights, painted, radius)
    signal = np.zeros((slices, size, size, len(SEQUENCES)), dtype=np.float32)
    signal[:, rows, columns] = np.stack([one.canvas.values for one in painted])
    pixels = acquire(signal, draw_scanner(machine), noise)
    sources = tuple(Source(None, page, slices, pixel_hash(one)) for page, one in enumerate(pixels))
    name = f"PHANTOM_{'HC' if healthy else 'LS'}_{seed:04d}_19000101"
    scan = Scan(pixels, SEQUENCES, sources, is_volume=slices > 1)
    return Phantom(name, scan, truth, _affine(patient, heights))


def _affine(patient: Patient, heights: Sequence[float]) -> Affine:
    """Millimetres from the middle of the head's section, slices upwards."""
    step = heights[1] - heights[0] if len(heights) > 1 else LONE_THICKNESS
    affine = np.diag([patient.pixel_mm, patient.pixel_mm, step, 1.0])
    affine[:3, 3] = (*(-patient.pixel_mm * np.asarray(patient.centre)), heights[0])
    return affine


def _check(seed: int, slices: int, size: int, radius: float | None) -> None:
    if seed < 0:
        raise InputError(f"the seed of a phantom must not be negative, received {seed}")
    if slices < 1:
        raise InputError(f"a phantom must have at least 1 slice, received {slices}")
    if size < SMALLEST_IMAGE:
        raise InputError(f"a phantom's images must have at least {SMALLEST_IMAGE} rows, received {size}")
    if radius is not None and not radius >= SMALLEST_RADIUS:
        raise InputError(f"a lesion's radius must be at least {SMALLEST_RADIUS} pixels, received {radius}")


def _paint(patient: Patient, z: float) -> _Painted:
    section = cut(patient, z)
    canvas = Canvas(section.points.x.shape)
    found, hollow = surfaces(section), ventricles(section)
    paint_outside(canvas, section)
    paint_brain(canvas, section, found, hollow)
    return _Painted(canvas, section, found, hollow)


def _add_lesion(
    rng: np.random.Generator,
    patient: Patient,
    heights: Sequence[float],
    painted: Sequence[_Painted],
    radius: float,
) -> NDArray[np.bool_]:
    """Paint a lesion whose largest slice has the area of a disc of `radius` pixels; return where it is."""
    lesion = draw_lesion(rng, patient, heights, radius * patient.pixel_mm)
    room = np.stack([room_for_lesion(one.section, one.found, one.hollow, lesion.centre[0]) for one in painted])
    spread = np.stack([lesion.spread(one.section) for one in painted])
    outline = fit_outline(spread, room, np.pi * radius**2)
    for index, one in enumerate(painted):
        lesion.paint(one.canvas, one.section, outline, index, one.found.cortex)
    return outline.truth
