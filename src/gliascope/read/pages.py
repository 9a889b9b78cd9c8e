"""What every decoder returns, and the rules that hold for every format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError

MAX_PAGE_PIXELS: Final = 2**26
"""Most rows x columns of one image (8192 x 8192): a larger one is no slice, and may be a decompression bomb."""

MAX_FILE_PIXELS: Final = 2**28
"""Most rows x columns x pages of one file (4096 pages of 256 x 256)."""

ALPHA_DROPPED: Final = "transparency (alpha) was dropped"

TURNED: Final = "turned as the file's orientation tag says; masks are in the turned rows and columns"


@dataclass(frozen=True, eq=False)
class Decoded:
    """The pixels of one file.

    Attributes
    ----------
    pages : tuple of ndarray, uint8 or uint16, shape (row, column, channel)
        One a page, in the file's order; 1 channel (grey) or 3 (red, green, blue).
    notes : tuple of str
        What was assumed or left out, for the user.
    """

    pages: tuple[NDArray[Any], ...]
    notes: tuple[str, ...] = ()


def check_size(rows: int, columns: int, pages: int = 1) -> None:
    """Refuse an image that is too large, before any of its pixels is decoded.

    Raises
    ------
    InputError
        If a page or all pages together have more pixels than the limits.
    """
    if rows < 1 or columns < 1:
        raise InputError(f"an image must have at least 1 row and 1 column, received {rows} x {columns}")
    if rows * columns > MAX_PAGE_PIXELS:
        raise InputError(f"an image must have at most {MAX_PAGE_PIXELS} pixels, received {rows} x {columns}")
    if rows * columns * pages > MAX_FILE_PIXELS:
        raise InputError(
            f"a file must have at most {MAX_FILE_PIXELS} pixels, received {pages} pages of {rows} x {columns}"
        )


def turn_upright(page: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Apply the orientation tag of TIFF 6.0 and EXIF 2.3 (tag 274).

    Parameters
    ----------
    page : ndarray, shape (row, column, channel)
    orientation : int
        1 to 8: which corner the file's first row and column stand for; 0 is written for unknown.

    Returns
    -------
    ndarray, shape (row, column, channel)
        Rows and columns swapped for 5 to 8.

    Raises
    ------
    InputError
        If the tag has another value.
    """
    if orientation not in range(9):
        raise InputError(f"the orientation tag must be 1 to 8, received {orientation}")
    if orientation >= 5:
        page = page.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        page = page[:, ::-1]
    if orientation in (3, 4, 7, 8):
        page = page[::-1]
    return np.ascontiguousarray(page)
