"""Image planes become a volume: sorted along their normal, and refused where they do not fill a box evenly."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.geometry import Grid, check_affine, shear, spacing
from gliascope.read.dicom.header import Instance, Plane
from gliascope.read.volume.limits import MAX_LENGTH, MAX_VOXELS, SHEARED

LEAST: Final = 3
"""Fewest slices of a volume: two cannot show that none is missing between them."""
SQUARE: Final = 2e-3
"""Most by which directions of rows and columns may miss length 1 and a right angle."""
PARALLEL: Final = 1e-3
"""Most by which the directions of two slices may differ."""
SAME: Final = 0.01
"""Millimetres along the normal below which two slices are at one place."""
EVEN: Final = 0.1
"""Millimetres by which a slice may miss its place among evenly spaced ones."""
TILTED: Final = 45.0
"""Degrees of shear beyond which slices are no volume."""
DIFFERENT: Final = 1.4
"""How many times the spacing in the header the slices may lie apart before it is told."""

Member = tuple[Instance, Plane]
"""A plane and the instance that holds it."""


@dataclass(frozen=True, eq=False)
class Stack:
    """Planes in order.

    Attributes
    ----------
    grid : Grid
        Indices (column, row, slice); slices rise along the normal.
    members : tuple of (Instance, Plane)
        One a slice.
    notes : tuple of str
        What was found odd, and taken.
    """

    grid: Grid
    members: tuple[Member, ...]
    notes: tuple[str, ...]


def stack_planes(members: Sequence[Member]) -> Stack:
    """Put the planes of one series in order.

    Parameters
    ----------
    members : sequence of (Instance, Plane)
        In any order.

    Returns
    -------
    Stack

    Raises
    ------
    InputError
        If they break a rule that the message states.
    """
    if len(members) < LEAST:
        raise InputError(f"a series must have at least {LEAST} slices to be a volume, received {len(members)}")
    columns, rows = _one_size(members)
    directions, edges = _one_orientation(members)
    normal = np.cross(directions[0], directions[1])
    places = np.array([plane.position for _, plane in members], dtype=np.float64)
    order = np.argsort(places @ normal, kind="stable")
    ordered, places = tuple(members[one] for one in order), places[order]
    heights = places @ normal
    _check_once(ordered, heights)
    _check_timing(ordered)
    if not all(math.isfinite(plane.slope) and math.isfinite(plane.intercept) for _, plane in ordered):
        raise InputError("RescaleSlope and RescaleIntercept must be numbers, received others")
    step = (places[-1] - places[0]) / (len(ordered) - 1)
    _check_even(places, step, heights)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1], affine[:3, 2] = directions[0] * edges[1], directions[1] * edges[0], step
    affine[:3, 3] = places[0]
    grid = _checked(Grid((columns, rows, len(ordered)), affine))
    return Stack(grid, ordered, _notes(ordered, grid))


def _one_size(members: Sequence[Member]) -> tuple[int, int]:
    sizes = {(one.columns, one.rows) for one, _ in members}
    shown = ", ".join(f"{rows} x {columns}" for columns, rows in sorted(sizes, key=str))
    if len(sizes) > 1:
        raise InputError(f"the slices of a series must have one size, received {shown}")
    columns, rows = sizes.pop()
    if columns is None or rows is None or columns < 1 or rows < 1:
        raise InputError(f"a slice must have Rows and Columns of at least 1, received {shown}")
    return columns, rows


def _one_orientation(members: Sequence[Member]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Directions of rows and columns, and pixel spacing, that all slices share."""
    for name, keyword in (
        ("position", "ImagePositionPatient"),
        ("orientation", "ImageOrientationPatient"),
        ("spacing", "PixelSpacing"),
    ):
        without = sum(getattr(plane, name) is None for _, plane in members)
        if without:
            raise InputError(f"every slice must have {keyword}, received {without} of {len(members)} without")
    turned = np.array([plane.orientation for _, plane in members], dtype=np.float64).reshape(-1, 2, 3)
    product = turned @ turned.transpose(0, 2, 1)
    if np.abs(product - np.eye(2)).max() > SQUARE:
        raise InputError("ImageOrientationPatient must be two unit vectors at a right angle, received others")
    different = len(np.unique(np.round(turned.reshape(-1, 6), 2), axis=0))
    if np.abs(turned - turned[0]).max() > PARALLEL:
        raise InputError(
            f"the slices of a series must be parallel, received {max(different, 2)} orientations: "
            "a localiser, or several acquisitions in one series"
        )
    edges = np.array([plane.spacing for _, plane in members], dtype=np.float64)
    if edges.min() <= 0 or np.abs(edges - edges[0]).max() > PARALLEL * edges[0].max():
        raise InputError("the slices of a series must have one PixelSpacing above 0, received several or none above 0")
    return turned[0], edges[0]


def _check_once(members: Sequence[Member], heights: NDArray[np.float64]) -> None:
    """Refuse two slices at one place, and say what tells them apart."""
    new = np.diff(heights) > SAME
    if new.all():
        return
    count = int(new.sum()) + 1
    repeated = len(members) - count
    apart = _differences(members)
    what = f"; they differ in {', '.join(apart)}" if apart else ""
    if len(members) % count == 0 and repeated >= count:
        raise InputError(
            f"a series must hold one volume, received {len(members)} slices at {count} place{'s' * (count > 1)}: "
            f"{len(members) // count} volumes in one series{what}"
        )
    raise InputError(
        f"every slice of a series must have a place of its own, received {repeated} repeated at "
        f"{_millimetres(heights[1:][~new][:3])} along the normal{what}"
    )


def _differences(members: Sequence[Member]) -> list[str]:
    planes = [plane for _, plane in members]
    found = [
        name
        for name, values in (
            ("echo time", {one.echo for one in planes}),
            ("inversion time", {one.inversion for one in planes}),
            ("b value", {one.diffusion for one in planes}),
            ("image type", {one.kind for one in planes}),
        )
        if len(values) > 1
    ]
    keys = dict.fromkeys(key for one in planes for key, _ in one.moment)
    return [*found, *(key for key in keys if len({dict(one.moment).get(key) for one in planes}) > 1)]


def _check_timing(members: Sequence[Member]) -> None:
    for name, values in (
        ("repetition", [plane.repetition for _, plane in members]),
        ("echo", [plane.echo for _, plane in members]),
        ("inversion", [plane.inversion for _, plane in members]),
    ):
        known = [one for one in values if one is not None]
        if known and max(known) > 1.1 * min(known) + 1:
            raise InputError(
                f"the slices of a series must have one {name} time, received {min(known):g} to {max(known):g} ms"
            )


def _check_even(places: NDArray[np.float64], step: NDArray[np.float64], heights: NDArray[np.float64]) -> None:
    missed = np.linalg.norm(places - (places[0] + np.arange(len(places))[:, np.newaxis] * step), axis=1)
    if missed.max() <= EVEN:
        return
    gaps = np.diff(heights)
    usual = float(np.median(gaps))
    wide = np.flatnonzero(gaps > 1.5 * usual)
    if wide.size:
        lost = int(sum(max(round(gaps[one] / usual) - 1, 1) for one in wide))
        where = _millimetres(heights[wide[:3]])
        raise InputError(
            f"no slice of a series may be missing, received gaps of {usual:.4g} mm and, behind {where} along the "
            f"normal, of {_millimetres(gaps[wide[:3]])}: {lost} seem{'s' * (lost == 1)} to be missing"
        )
    if gaps.max() - gaps.min() > EVEN:
        raise InputError(f"slices must lie evenly, received gaps of {gaps.min():.4g} to {gaps.max():.4g} mm")
    raise InputError(
        f"slices must lie on one line, received some {missed.max():.3g} mm beside it: shifted, or turned between slices"
    )


def _checked(grid: Grid) -> Grid:
    check_affine(grid.affine)
    lengths = spacing(grid.affine) * grid.shape
    voxels = grid.shape[0] * grid.shape[1] * grid.shape[2]
    if lengths.max() > MAX_LENGTH:
        raise InputError(f"a volume must be at most {MAX_LENGTH:g} mm long, received {lengths.max():.0f} mm")
    if voxels > MAX_VOXELS:
        raise InputError(f"a volume must have at most {MAX_VOXELS} voxels, received {voxels}")
    if shear(grid.affine) > TILTED:
        raise InputError(f"slices must be tilted by at most {TILTED:g} degrees, received {shear(grid.affine):.1f}")
    return grid


def _notes(members: Sequence[Member], grid: Grid) -> tuple[str, ...]:
    notes = []
    step = float(spacing(grid.affine)[2])
    stated = [abs(one.between or one.thickness or 0) for one, _ in members]
    if stated[0] and step > DIFFERENT * stated[0]:
        notes.append(
            f"the slices lie {step:.4g} mm apart and the header says {stated[0]:.4g} mm: "
            "are some missing, at even distances?"
        )
    expected = max((one.expected for one, _ in members if one.expected is not None), default=len(members))
    if expected != len(members) and not members[0][0].is_enhanced:
        notes.append(f"the header says {expected} images in the acquisition, {len(members)} are here")
    if (angle := shear(grid.affine)) > SHEARED:
        notes.append(
            f"the slices are shifted against each other (sheared by {angle:.1f} degrees, as by a tilted gantry)"
        )
    return tuple(notes)


def _millimetres(values: NDArray[np.float64]) -> str:
    return ", ".join(f"{one:.4g}" for one in values) + " mm"
