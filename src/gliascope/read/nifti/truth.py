"""The true outline of a volume."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError, SoftMask
from gliascope.geometry import Grid
from gliascope.read.nifti.decode import decode_nifti
from gliascope.read.nifti.header import UNPLACED_NOTES, Header
from gliascope.read.truth import MAX_LABELS, SEVERAL_LABELS
from gliascope.read.volume.axial import HALF, plan_axial
from gliascope.read.volume.places import SAME_ORDER, UNPLACED, is_same_grid, size_text
from gliascope.read.volume.resample import resample
from gliascope.scan import Scan, Volume

OTHER_GRID: Final = "on another grid; brought onto the scan's by interpolation"
WHOLE: Final = 0.99
"""Share of the covered slices from which a truth is said to cover them: voxels of two grids end at different places."""


@dataclass(frozen=True, eq=False)
class Truth:
    """A truth on the slices of its scan.

    Attributes
    ----------
    inside : ndarray, bool, shape (slice, row, column)
    covered : ndarray, bool, shape (slice,)
        False for slices that the file does not reach: nothing is known of them.
    notes : tuple of str
    """

    inside: NDArray[np.bool_]
    covered: NDArray[np.bool_]
    notes: tuple[str, ...]


def lay_truth(path: Path, scan: Scan) -> Truth:
    """Read a truth onto the slices of its scan.

    Parameters
    ----------
    path : Path
        Any voxel that is not 0 is inside; several labels are taken together.
    scan : Scan
        Cut from a volume.

    Returns
    -------
    Truth

    Raises
    ------
    InputError
        If the file cannot be read, or lies elsewhere; if it, or the scan, has no spacing or no orientation and their
        sizes differ.
    SoftMask
        If it has more than `gliascope.read.truth.MAX_LABELS` values.
    """
    decoded = decode_nifti(path, is_mask=True)
    labels = len(np.unique(decoded.values))
    if labels > MAX_LABELS:
        raise SoftMask(f"{path}: a mask must have at most {MAX_LABELS} different values, received {labels} of them")
    notes = [one for one in decoded.notes if one not in UNPLACED_NOTES]
    if labels > 2:
        notes.append(SEVERAL_LABELS)
    stored = decoded.values != 0
    volume = scan.volume
    assert volume is not None
    is_same = _is_same(decoded.header, scan, volume, path, notes)
    slices = _on_slices(stored, decoded.header.grid, scan, volume, is_same=is_same)
    if is_same:
        return Truth(slices, np.ones(len(scan), dtype=np.bool_), tuple(notes))
    notes.append(OTHER_GRID)
    lost = np.count_nonzero(stored.transpose(2, 1, 0) & ~_reach(scan.grid, decoded.header.grid))
    count = np.count_nonzero(stored)
    if lost and lost == count:
        raise InputError(f"{path}: a mask must lie within its scan, received one that lies elsewhere")
    if count and not slices.any():
        raise InputError(f"{path}: a mask must fill half a voxel of its scan, received one that is smaller")
    if lost:
        notes.append(f"{lost} of its {count} voxels lie outside the scan and are left out")
    return Truth(slices, _covered(decoded.header.grid, scan, volume, notes), tuple(notes))


def _is_same(header: Header, scan: Scan, volume: Volume, path: Path, notes: list[str]) -> bool:
    has_spacing = header.has_geometry and scan.has_geometry
    has_places = has_spacing and header.is_oriented and volume.is_oriented
    is_same = is_same_grid(header.grid, volume.grid, has_places=has_places, has_spacing=has_spacing)
    if not is_same and not has_places:
        mine = size_text(header.grid, has_spacing=header.has_geometry)
        other = size_text(volume.grid, has_spacing=scan.has_geometry)
        rule = f"a mask must have its scan's size and spacing {UNPLACED}"
        raise InputError(f"{path}: {rule}, received {mine} and {other}")
    if (header.has_geometry, header.is_oriented) != (scan.has_geometry, volume.is_oriented):
        notes.append(SAME_ORDER)
    return is_same


def _on_slices(
    stored: NDArray[np.bool_], grid: Grid, scan: Scan, volume: Volume, *, is_same: bool
) -> NDArray[np.bool_]:
    grid = volume.grid if is_same else grid
    turn = volume.turn if is_same else plan_axial(grid).turn
    turned = turn.forward(stored).transpose(2, 1, 0)
    if is_same and not volume.is_resampled:
        return np.ascontiguousarray(turned)
    return _half(resample(turned.astype(np.float32), turn.grid(grid), scan.grid))


def _covered(grid: Grid, scan: Scan, volume: Volume, notes: list[str]) -> NDArray[np.bool_]:
    """Tell which slices a truth on another grid reaches, by the share of their voxels.

    A slice has a truth where that share is at least half of the best covered slice's: one may be cut to a part of all
    slices, and one that is tilted against the scan ends between its slices.
    """
    own = _reach(volume.grid, scan.grid)
    total = np.count_nonzero(own, axis=(1, 2))
    share = np.count_nonzero(own & _reach(grid, scan.grid), axis=(1, 2)) / np.maximum(total, 1)
    covered = (share > 0) & (share >= HALF * share.max())
    covered |= (total == 0) & covered.any()  # slices beside a tilted volume, which have nothing to be outlined
    if not covered.all():
        count = np.count_nonzero(covered)
        notes.append(f"covers {count} of the scan's {len(covered)} slices; the others have no truth")
    if covered.any() and (mean := float(share[covered & (total > 0)].mean())) < WHOLE:
        notes.append(f"covers {mean:.0%} of these slices; what lies beside it is taken as outside the outline")
    return np.asarray(covered)


def _reach(source: Grid, target: Grid) -> NDArray[np.bool_]:
    """Tell which voxels of a grid lie within another; shape (k, j, i) of the first."""
    return np.asarray(resample(np.ones(source.shape[::-1], dtype=np.uint8), source, target, how="nearest") > 0)


def _half(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(values >= HALF)
