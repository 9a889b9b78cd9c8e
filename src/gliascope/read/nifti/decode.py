"""The voxels of a NIfTI file, read slice by slice so that a file that lies costs neither memory nor time."""

from __future__ import annotations

import gzip
import io
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError, UnreadableFile
from gliascope.read.nifti.header import Header, header_class, parse_header
from gliascope.read.nifti.padding import replace_padding

_GZIP: Final = b"\x1f\x8b"
_LONGEST_HEADER: Final = 540
NOT_FINITE: Final = "voxels that are NaN, infinite or beyond single precision are taken as 0"


@dataclass(frozen=True, eq=False)
class Decoded:
    """One volume.

    Attributes
    ----------
    header : Header
    values : ndarray, float32, shape (i, j, k)
        Scaled, finite.
    notes : tuple of str
    """

    header: Header
    values: NDArray[np.float32]
    notes: tuple[str, ...]


def decode_nifti(path: Path, *, is_mask: bool = False) -> Decoded:
    """Decode a NIfTI-1 or NIfTI-2 file, compressed or not; the content tells, not the name.

    Parameters
    ----------
    path : Path
    is_mask : bool
        Whether the values are labels, of which none is padding (`gliascope.read.nifti.padding`).

    Returns
    -------
    Decoded

    Raises
    ------
    UnreadableFile
        If the file cannot be opened, is damaged, or breaks a rule; the message names file and rule.
    """
    try:
        with path.open("rb") as file:
            is_packed = file.read(2) == _GZIP
            file.seek(0)
            if is_packed:
                with gzip.GzipFile(fileobj=file) as unpacked:
                    return _decode(unpacked, is_mask=is_mask)
            return _decode(file, is_mask=is_mask)
    except InputError as error:
        raise UnreadableFile(f"{path}: {error}") from error
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
        raise UnreadableFile(f"{path}: a NIfTI must be readable and undamaged, received {reason}") from error


def _decode(stream: io.BufferedIOBase | gzip.GzipFile, *, is_mask: bool) -> Decoded:
    start = stream.read(_LONGEST_HEADER)
    if not start:
        raise InputError("a NIfTI file must not be empty, received 0 bytes")
    header = parse_header(start[: header_class(start).sizeof_hdr])
    _skip(stream, header.offset - len(start))
    stream.seek(header.offset)
    values, is_whole = _voxels(stream, header)
    notes = header.notes if is_whole else (*header.notes, NOT_FINITE)
    return Decoded(header, values, notes if is_mask else (*notes, *replace_padding(values)))


def _skip(stream: io.BufferedIOBase | gzip.GzipFile, count: int) -> None:
    """Make sure that the file reaches to its voxels."""
    if count > 0 and len(stream.read(count)) < count:
        raise InputError("a NIfTI must hold all of its voxels, received a file that ends before them")


def _voxels(stream: io.BufferedIOBase | gzip.GzipFile, header: Header) -> tuple[NDArray[np.float32], bool]:
    columns, rows, slices = header.grid.shape
    size = columns * rows * header.dtype.itemsize
    values = _room(header)
    is_whole = True
    for number in range(slices):
        content = stream.read(size)
        if len(content) < size:
            raise InputError(
                f"a NIfTI must hold all of its voxels, received a file that ends in slice {number + 1} of {slices}"
            )
        stored: NDArray[Any] = np.frombuffer(content, dtype=header.dtype).reshape(rows, columns)
        is_whole &= _convert(stored, header, values[number])
    return values.transpose(2, 1, 0), is_whole


def _room(header: Header) -> NDArray[np.float32]:
    columns, rows, slices = header.grid.shape
    return np.zeros((slices, rows, columns), dtype=np.float32)  # pages are taken from the system as they are filled


def _convert(stored: NDArray[Any], header: Header, into: NDArray[np.float32]) -> bool:
    """Scale one slice; False where a value was not finite and became 0."""
    with np.errstate(over="ignore", invalid="ignore"):
        if header.slope == 1 and header.intercept == 0:
            into[...] = stored
        else:
            into[...] = stored.astype(np.float64) * header.slope + header.intercept
    wrong = ~np.isfinite(into)
    if not wrong.any():
        return True
    into[wrong] = 0
    return False
