"""What `gliascope enhance` does to one NIfTI volume."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gliascope.prepare.clahe import enhance
from gliascope.prepare.head import head_mask
from gliascope.prepare.intensity import to_uint8
from gliascope.present.volumes import write_volume
from gliascope.read.nifti.decode import decode_nifti
from gliascope.read.volume.axial import plan_axial
from gliascope.recipe import Clahe


@dataclass(frozen=True, eq=False)
class Enhanced:
    """What was done to a volume, shown on the slice with the largest head.

    Attributes
    ----------
    slice, slices : int
        That slice, from 0 at the feet, and how many there are.
    before, after : ndarray, uint8, shape (row, column)
        The slice in 8 bits, and enhanced.
    notes : tuple of str
        What was assumed while the file was read.
    """

    slice: int
    slices: int
    before: NDArray[np.uint8]
    after: NDArray[np.uint8]
    notes: tuple[str, ...]


def enhance_volume(path: Path, output: Path, clahe: Clahe) -> Enhanced:
    """Enhance the axial slices of a volume, and write it on its own grid.

    Axes are swapped and reversed, and put back; no voxel is interpolated, even where the networks would see slices that
    are. Grey levels of other than 8 bits are brought to 8 over the whole volume first.

    Parameters
    ----------
    path : Path
    output : Path
        Ends in ``.nii.gz``.
    clahe : Clahe

    Returns
    -------
    Enhanced

    Raises
    ------
    InputError
        If the file cannot be read.
    GliascopeError
        If what was written cannot be read back.
    """
    decoded = decode_nifti(path)
    header = decoded.header
    turn = plan_axial(header.grid).turn
    turned = turn.forward(decoded.values).transpose(2, 1, 0)
    is_byte = header.dtype == np.uint8 and header.slope == 1 and header.intercept == 0
    levels = turned.astype(np.uint8) if is_byte else to_uint8(turned[..., np.newaxis])[..., 0]
    better = np.stack([enhance(np.ascontiguousarray(one), clahe) for one in levels])
    write_volume(np.ascontiguousarray(turn.back(better.transpose(2, 1, 0))), header.raw, output)
    shown = int(np.argmax(head_mask(levels).sum(axis=(1, 2))))
    return Enhanced(shown, len(levels), levels[shown], better[shown], decoded.notes)
