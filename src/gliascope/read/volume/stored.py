"""A volume as it is stored, whatever the format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gliascope.geometry import Grid
from gliascope.scan import DicomSource


@dataclass(frozen=True, eq=False)
class Stored:
    """One volume.

    Attributes
    ----------
    path : Path
    label : str
        What messages call it.
    grid : Grid
        LPS+; the identity where there is no geometry.
    values : ndarray, float32, shape (i, j, k)
        Scaled, finite.
    header : bytes
        NIfTI header that results are written with.
    is_byte : bool
        Whether the values are whole numbers of 0 to 255, stored as such.
    has_geometry, is_oriented : bool
        Whether spacing and orientation are known.
    frame : str
        Frame of reference; places of two volumes with different ones cannot be compared. Empty where none is named.
    dicom : DicomSource or None
    """

    path: Path
    label: str
    grid: Grid
    values: NDArray[np.float32]
    header: bytes
    is_byte: bool
    has_geometry: bool = True
    is_oriented: bool = True
    frame: str = ""
    dicom: DicomSource | None = None
