"""Images as files: PNG, and TIFF of one page or many."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gliascope.errors import InputError
from gliascope.present.files import replaced

TIFF_SUFFIXES: Final = (".tif", ".tiff")
"""Names of files that are written as TIFF."""


def write_image(pages: Sequence[NDArray[np.uint8]], path: Path) -> None:
    """Write slices as one image file; the suffix tells its kind.

    Parameters
    ----------
    pages : sequence of ndarray, uint8, shape (row, column, channel)
        With 1 channel (grey) or 3 (red, green, blue). A TIFF holds any number of them, a PNG one.
    path : Path
        ``.png``, ``.tif`` or ``.tiff``, written without loss, beside and moved into place.

    Raises
    ------
    InputError
        If the suffix is another, a page is no such array, or a PNG would have several pages.
    """
    suffix = path.suffix.lower()
    if suffix not in (".png", *TIFF_SUFFIXES):
        raise InputError(f"{path}: an image is written as .png, .tif or .tiff, received {path.suffix!r}")
    for page in pages:
        if page.dtype != np.uint8 or page.ndim != 3 or page.shape[2] not in (1, 3):
            raise InputError(
                f"{path}: a page must be uint8 of shape (row, column, 1 or 3), received {page.dtype} of {page.shape}"
            )
    planes = [page[..., 0] if page.shape[2] == 1 else page for page in pages]
    if suffix == ".png" and len(planes) != 1:
        raise InputError(f"{path}: a PNG must have one page, received {len(planes)}; write .tif instead")
    with replaced(path) as temporary:
        if suffix == ".png":
            Image.fromarray(planes[0]).save(temporary, format="PNG", compress_level=6)
        else:
            _write_tiff(planes, temporary)


def _write_tiff(planes: Sequence[NDArray[np.uint8]], path: Path) -> None:
    import tifffile

    with tifffile.TiffWriter(path) as file:
        for plane in planes:
            kind = "minisblack" if plane.ndim == 2 else "rgb"
            # Uncompressed and without tifffile's own description: every reader takes it, and it is one page a slice.
            file.write(plane, photometric=kind, metadata=None, software="gliascope")
