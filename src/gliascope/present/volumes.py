"""Outlines and enhanced sequences as NIfTI files, over the scan that they were made from."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import GliascopeError, InputError
from gliascope.present.files import replaced

PLACE: Final = (
    "qform_code",
    "sform_code",
    "quatern_b",
    "quatern_c",
    "quatern_d",
    "qoffset_x",
    "qoffset_y",
    "qoffset_z",
    "srow_x",
    "srow_y",
    "srow_z",
    "xyzt_units",
)
"""Fields of a header that say where the voxels are; with the spacing in ``pixdim``."""
_LABEL: Final = 1002
"""NIfTI's intent code of a label image."""


def write_volume(values: NDArray[Any], header: bytes, path: Path) -> None:
    """Write a mask, a map of probabilities or enhanced grey levels as ``.nii.gz`` with its source's header.

    Orientation, spacing and units stay as they were, codes included; type, scaling and description change. The file is
    written under another name, read back by nibabel, compared with the source's header, and then moved into place. The
    same values give the same bytes.

    Parameters
    ----------
    values : ndarray, bool (a mask, written as uint8), float32 (probabilities) or uint8 (grey levels), shape (i, j, k)
        As the source's array is stored.
    header : bytes
        The source's header, 348 (NIfTI-1) or 540 (NIfTI-2) bytes.
    path : Path
        Ends in ``.nii.gz``; its folder is made where it is missing.

    Raises
    ------
    InputError
        If the array is of another type, or not 3-D.
    GliascopeError
        If what was written is not what is read back; nothing is left behind then.
    """
    if values.ndim != 3 or values.dtype not in (np.bool_, np.float32, np.uint8):
        raise InputError(
            f"a volume must be bool, uint8 or float32 and 3-D, received {values.dtype} of shape {values.shape}"
        )
    stored = values.astype(np.uint8) if values.dtype == np.bool_ else values
    white = 255 if values.dtype == np.uint8 else 1
    fields = _header(stored, header, white, is_label=values.dtype == np.bool_)
    body = stored.astype(stored.dtype.newbyteorder(fields.endianness)).tobytes(order="F")
    with replaced(path) as temporary:
        content = fields.binaryblock + bytes(4) + body
        temporary.write_bytes(gzip.compress(content, compresslevel=6, mtime=0))
        _check(temporary, stored, header, path.name)


def _header(stored: NDArray[Any], header: bytes, white: int, *, is_label: bool) -> Any:
    fields = _kind(header)(header, check=False)
    edges = np.array(fields["pixdim"])
    fields["dim"][:] = [3, *stored.shape, 1, 1, 1, 1]
    fields.set_data_dtype(stored.dtype)
    fields["pixdim"][:] = [edges[0], *edges[1:4], 0, 0, 0, 0]
    fields["scl_slope"], fields["scl_inter"] = 1, 0
    fields["cal_max"], fields["cal_min"] = white, 0
    fields["vox_offset"] = len(header) + 4
    fields["intent_code"] = _LABEL if is_label else 0
    fields["intent_name"] = b""
    fields["descrip"] = b"gliascope: research software, not for diagnosis"
    fields["aux_file"] = b""
    return fields


def _kind(header: bytes) -> Any:
    from nibabel.nifti1 import Nifti1Header
    from nibabel.nifti2 import Nifti2Header

    return Nifti1Header if len(header) == Nifti1Header.sizeof_hdr else Nifti2Header


def _check(path: Path, stored: NDArray[Any], header: bytes, name: str) -> None:
    """Read the file back by nibabel and hold it against the source's header and the array."""
    from nibabel.nifti1 import Nifti1Image
    from nibabel.nifti2 import Nifti2Image

    content = gzip.decompress(path.read_bytes())
    source, written = _kind(header)(header, check=False), _kind(header)(content[: len(header)], check=False)
    kept = all(np.array_equal(written[key], source[key], equal_nan=True) for key in PLACE)
    edges = np.array_equal(written["pixdim"][:4], source["pixdim"][:4], equal_nan=True)
    with _unremarked():
        image = (Nifti1Image if isinstance(written, Nifti1Image.header_class) else Nifti2Image).from_bytes(content)
    if not (kept and edges and np.array_equal(np.asarray(image.dataobj), stored)):
        raise GliascopeError(f"{name}: what was written must be read back over its source, received something else")


@contextmanager
def _unremarked() -> Iterator[None]:
    """Keep nibabel from printing remarks on a header: what is odd about it came with the source, and was told."""
    said = logging.getLogger("nibabel.global")
    level = said.level
    said.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        said.setLevel(level)
