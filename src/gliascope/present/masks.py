"""Masks and probabilities as image files."""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gliascope.errors import InputError
from gliascope.present.files import replaced

PROBABILITY_SCALE: Final = 65535
"""Grey level of probability 1 in a probability image."""


def mask_name(path: Path | str, page: int = 0, pages: int = 1) -> str:
    """Name of the mask file of an input.

    Parameters
    ----------
    path : Path or str
        The input file.
    page : int
        Page of a multi-page file, from 0.
    pages : int
        Number of pages of that file.

    Returns
    -------
    str
        ``<stem>_mask.png``; for a file of several pages ``<stem>_p0001_mask.png``, counted from 1.
    """
    return f"{output_stem(path, page, pages)}_mask.png"


def probability_name(path: Path | str, page: int = 0, pages: int = 1) -> str:
    """Name of the probability file of an input: ``<stem>_probability.png``, pages as in `mask_name`."""
    return f"{output_stem(path, page, pages)}_probability.png"


def output_stem(path: Path | str, page: int = 0, pages: int = 1) -> str:
    """Stem that every result of one slice begins with: the input's own, and its page where it has several."""
    stem = Path(path).stem
    return stem if pages <= 1 else f"{stem}_p{page + 1:04d}"


def write_mask(mask: NDArray[np.bool_], path: Path) -> None:
    """Write an outline's inside as an 8-bit grey PNG, 0 outside and 255 inside.

    Parameters
    ----------
    mask : ndarray, bool, shape (row, column)
    path : Path
        Written beside and moved into place; its folder is made where it is missing.

    Raises
    ------
    InputError
        If the mask is not boolean or not 2-D.
    """
    _check(mask, np.dtype(np.bool_), "mask")
    with replaced(path) as temporary:
        temporary.write_bytes(_encode(mask) if mask.any() else _empty_mask(*mask.shape))


def write_probability(probability: NDArray[np.float32], path: Path) -> None:
    """Write pixel probabilities as a 16-bit grey PNG: grey level / 65535 is the probability.

    Parameters
    ----------
    probability : ndarray, float32, shape (row, column)
        0 to 1; the file is exact to 1 / 131070.
    path : Path
        Written beside and moved into place; its folder is made where it is missing.

    Raises
    ------
    InputError
        If the array is not float32, not 2-D, or holds a value that is no probability.
    """
    _check(probability, np.dtype(np.float32), "probability")
    if probability.size and not (probability.min() >= 0 and probability.max() <= 1):
        raise InputError(f"a probability must lie in 0..1, received {probability.min()} to {probability.max()}")
    scaled = np.rint(probability.astype(np.float64) * PROBABILITY_SCALE)
    with replaced(path) as temporary:
        temporary.write_bytes(_png(scaled.astype(np.uint16)))


def _check(array: NDArray[Any], dtype: np.dtype[Any], name: str) -> None:
    if array.ndim != 2:
        raise InputError(f"{name} must be 2-D, received shape {array.shape}")
    if array.dtype != dtype:
        raise InputError(f"{name} must be {dtype}, received {array.dtype}")


def _encode(mask: NDArray[np.bool_]) -> bytes:
    return _png(np.where(mask, np.uint8(255), np.uint8(0)))


@lru_cache(maxsize=8)
def _empty_mask(rows: int, columns: int) -> bytes:
    """File of an outline that holds nothing: most slices' is the same."""
    return _encode(np.zeros((rows, columns), dtype=np.bool_))


def _png(pixels: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG", compress_level=6)
    return buffer.getvalue()
