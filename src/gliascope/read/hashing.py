"""The digest by which a slice is recognised under any name and in any lossless container."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError


def pixel_hash(array: NDArray[Any]) -> str:
    """SHA-256 of one slice's pixels.

    The digest covers the line ``gliascope.pixels/1 <type> <rows>x<columns>x<channels>`` with a
    newline, then the values row by row, channel last, little-endian. It is taken of the slice as
    decoded: palette applied, alpha dropped, but before equal channels become grey and before 16-bit
    values become float32. A copy in another lossless container has the same digest.

    Parameters
    ----------
    array : ndarray, any integer or float type, shape (row, column) or (row, column, channel)
        A grey slice may come with or without its channel axis; the digest is the same.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    InputError
        If the array has neither 2 nor 3 axes.
    """
    if array.ndim == 2:
        array = array[:, :, np.newaxis]
    if array.ndim != 3:
        raise InputError(f"a slice must be 2-D or 3-D (row, column, channel), received shape {array.shape}")
    rows, columns, channels = array.shape
    digest = hashlib.sha256(f"gliascope.pixels/1 {array.dtype.name} {rows}x{columns}x{channels}\n".encode())
    digest.update(np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()
