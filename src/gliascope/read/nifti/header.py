"""The header of a NIfTI file: believed only as far as it can be checked, before any voxel is read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from nibabel.nifti1 import Nifti1Header
from nibabel.nifti2 import Nifti2Header
from nibabel.spatialimages import HeaderDataError

from gliascope.errors import InputError
from gliascope.geometry import Affine, Grid, check_affine, flip_frame, identity_affine, shear, spacing
from gliascope.read.volume.limits import MAX_LENGTH, MAX_VOXELS, SHEARED

MAX_OFFSET: Final = 2**24
"""Most bytes before the voxels: header and extensions."""
DISAGREE: Final = 1.0
"""Millimetres between a corner's places by sform and by qform from which they are said to disagree."""

NO_SPACING: Final = "the header has no voxel spacing: nothing is measured in millimetres"
NO_ORIENTATION: Final = (
    "the header says nothing about orientation (qform and sform are 0): columns are taken to rise to the patient's "
    "left, rows to anterior, slices to superior; no side is reported"
)
UNPLACED_NOTES: Final = (NO_SPACING, NO_ORIENTATION)
"""What is told of the volume that gives its grid to the others."""
_UNITS: Final = {1: ("metres", 1000.0), 3: ("micrometres", 0.001)}


@dataclass(frozen=True, eq=False)
class Header:
    """What a header says, checked.

    Attributes
    ----------
    raw : bytes
        As stored.
    grid : Grid
        LPS+; the identity where there is no geometry.
    dtype : dtype
        Of the stored voxels, with their byte order.
    slope, intercept : float
        Value = slope * stored + intercept.
    offset : int
        Where the voxels begin, in bytes.
    has_geometry, is_oriented : bool
        Whether spacing and orientation are known.
    notes : tuple of str
    """

    raw: bytes
    grid: Grid
    dtype: np.dtype[Any]
    slope: float
    intercept: float
    offset: int
    has_geometry: bool
    is_oriented: bool
    notes: tuple[str, ...]


def header_class(start: bytes) -> type[Nifti1Header | Nifti2Header]:
    """Tell NIfTI-1 from NIfTI-2 by the first bytes of a header.

    Raises
    ------
    InputError
        If it is neither.
    """
    for size, kind in ((348, Nifti1Header), (540, Nifti2Header)):
        if start[:4] in (size.to_bytes(4, "little"), size.to_bytes(4, "big")):
            return kind
    raise InputError(f"a NIfTI file must begin with the size of its header, 348 or 540, received {start[:4]!r}")


def parse_header(raw: bytes) -> Header:
    """Parse and check the first bytes of a file.

    Parameters
    ----------
    raw : bytes
        Exactly the header: 348 or 540 bytes.

    Returns
    -------
    Header

    Raises
    ------
    InputError
        If it breaks a rule that the message states.
    """
    kind = header_class(raw)
    if len(raw) < kind.sizeof_hdr:
        raise InputError(f"a NIfTI header must have {kind.sizeof_hdr} bytes, received {len(raw)}")
    fields = kind(raw[: kind.sizeof_hdr], check=False)
    magic = bytes(fields["magic"])
    if magic[:3] not in (b"n+1", b"n+2"):
        raise InputError(f"a NIfTI must be one file with header and voxels (n+1 or n+2), received {magic!r}")
    shape = _shape(fields)
    slope, intercept = _scaling(fields)
    affine, has_geometry, is_oriented, notes = _affine(fields, shape)
    lengths = spacing(affine) * shape
    if has_geometry and lengths.max() > MAX_LENGTH:
        raise InputError(f"a volume must be at most {MAX_LENGTH:g} mm long, received {lengths.max():.0f} mm")
    return Header(
        raw[: kind.sizeof_hdr],
        Grid(shape, affine),
        _dtype(fields),
        slope,
        intercept,
        _offset(fields, kind.sizeof_hdr + 4),
        has_geometry,
        is_oriented,
        notes,
    )


def _shape(fields: Any) -> tuple[int, int, int]:
    dims = [int(one) for one in fields["dim"]]
    count = dims[0]
    if not 1 <= count <= 7:
        raise InputError(f"a NIfTI must have 1 to 7 dimensions, received {count}")
    lengths = [*dims[1 : count + 1], 1, 1]
    if min(lengths) < 1:
        raise InputError(f"every dimension must have at least 1 voxel, received {_by(dims[1 : count + 1])}")
    if any(one > 1 for one in lengths[3:]):
        raise InputError(f"a NIfTI must hold one 3-D volume, received {_by(dims[1 : count + 1])}")
    shape = (lengths[0], lengths[1], lengths[2])
    if math.prod(shape) > MAX_VOXELS:
        raise InputError(f"a volume must have at most {MAX_VOXELS} voxels, received {_by(shape)}")
    return shape


def _dtype(fields: Any) -> np.dtype[Any]:
    try:
        dtype = fields.get_data_dtype()
    except (HeaderDataError, KeyError) as error:
        raise InputError(f"voxels must have a data type of NIfTI's, received code {int(fields['datatype'])}") from error
    if dtype.kind not in "uif" or dtype.itemsize > 8:
        raise InputError(f"voxels must be real numbers of at most 64 bits, received {fields.get_data_dtype()}")
    plain: np.dtype[Any] = np.dtype(dtype)
    return plain.newbyteorder(fields.endianness)


def _scaling(fields: Any) -> tuple[float, float]:
    slope, intercept = float(fields["scl_slope"]), float(fields["scl_inter"])
    if slope == 0 or math.isnan(slope):
        return 1.0, 0.0
    if not (math.isfinite(slope) and math.isfinite(intercept)):
        raise InputError(f"the scaling of voxels must be finite, received slope {slope} and intercept {intercept}")
    return slope, intercept


def _offset(fields: Any, least: int) -> int:
    value = float(fields["vox_offset"])
    if not least <= value <= MAX_OFFSET or value != int(value):
        raise InputError(f"the voxels must begin {least} to {MAX_OFFSET} bytes into the file, received {value:g}")
    return int(value)


def _affine(fields: Any, shape: tuple[int, int, int]) -> tuple[Affine, bool, bool, tuple[str, ...]]:
    """Take sform, else qform, else spacing alone, as NIfTI ranks them."""
    notes: list[str] = []
    unit = int(fields["xyzt_units"]) & 7
    scale = np.eye(4)
    if unit in _UNITS:
        notes.append(f"the header's unit is {_UNITS[unit][0]}; turned into millimetres")
        scale[:3, :3] *= _UNITS[unit][1]
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large to be scaled is not finite, and refused
        found = [flip_frame(scale @ one) for one in (_sform(fields), _qform(fields)) if one is not None]
    if found:
        affine = check_affine(found[0])
        if len(found) > 1 and np.isfinite(found[1]).all():
            apart = np.abs(Grid(shape, found[0]).corners() - Grid(shape, found[1]).corners()).max()
            if apart > DISAGREE:
                notes.append(f"sform and qform disagree by {apart:.1f} mm; sform is used")
        if (angle := shear(affine)) > SHEARED:
            notes.append(f"the voxels' axes are sheared by {angle:.1f} degrees")
        return affine, True, True, tuple(notes)
    edges = np.abs(np.asarray(fields["pixdim"][1:4], dtype=np.float64))
    if not (np.isfinite(edges) & (edges > 0)).all():
        return identity_affine(), False, False, (*notes, NO_SPACING)
    plain = np.diag([-edges[0], edges[1], edges[2], 1.0])
    return check_affine(flip_frame(scale @ plain)), True, False, (*notes, NO_ORIENTATION)


def _sform(fields: Any) -> Affine | None:
    if int(fields["sform_code"]) <= 0:
        return None
    rows = [np.asarray(fields[f"srow_{axis}"], dtype=np.float64) for axis in "xyz"]
    return np.array([*rows, [0.0, 0.0, 0.0, 1.0]])


def _qform(fields: Any) -> Affine | None:
    if int(fields["qform_code"]) <= 0:
        return None
    try:
        return np.asarray(fields.get_qform(), dtype=np.float64)
    except (HeaderDataError, ValueError):
        return np.full((4, 4), np.nan)


def _by(lengths: list[int] | tuple[int, ...]) -> str:
    return " x ".join(str(one) for one in lengths)
