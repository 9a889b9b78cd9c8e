"""The true outline of a volume."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError, SoftMask
from gliascope.geometry import Grid
from gliascope.read.nifti.decode import decode_nifti
from gliascope.read.truth import MAX_LABELS, SEVERAL_LABELS
from gliascope.read.volume.axial import HALF, plan_axial
from gliascope.read.volume.resample import resample
from gliascope.scan import Scan, Volume

OTHER_GRID: Final = "on another grid; brought onto the scan's by interpolation"


def read_truth(path: Path, scan: Scan) -> tuple[NDArray[np.bool_], tuple[str, ...]]:
    """Read a truth onto the slices of its scan.

    Parameters
    ----------
    path : Path
        Any voxel that is not 0 is inside; several labels are taken together.
    scan : Scan
        Cut from a volume.

    Returns
    -------
    inside : ndarray, bool, shape (slice, row, column)
    notes : tuple of str

    Raises
    ------
    InputError
        If the file cannot be read, or lies elsewhere.
    SoftMask
        If it has more than `gliascope.read.truth.MAX_LABELS` values.
    """
    decoded = decode_nifti(path)
    labels = len(np.unique(decoded.values))
    if labels > MAX_LABELS:
        raise SoftMask(f"{path}: a mask must have at most {MAX_LABELS} different values, received {labels} of them")
    notes = [SEVERAL_LABELS] if labels > 2 else []
    stored = decoded.values != 0
    volume = scan.volume
    assert volume is not None
    slices, moved = _on_slices(stored, decoded.header.grid, scan, volume)
    if moved:
        notes.append(OTHER_GRID)
    if stored.any() and not slices.any():
        raise InputError(f"{path}: a mask must lie within its scan, received one that lies elsewhere")
    return slices, tuple(notes)


def _on_slices(stored: NDArray[np.bool_], grid: Grid, scan: Scan, volume: Volume) -> tuple[NDArray[np.bool_], bool]:
    is_same = grid.shape == volume.grid.shape and (not scan.has_geometry or grid.is_at(volume.grid, tolerance=0.01))
    turn = volume.turn if is_same else plan_axial(grid).turn
    turned = turn.forward(stored).transpose(2, 1, 0)
    if is_same and not volume.is_resampled:
        return np.ascontiguousarray(turned), False
    return _half(resample(turned.astype(np.float32), turn.grid(grid), scan.grid)), not is_same


def _half(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.asarray(values >= HALF)
