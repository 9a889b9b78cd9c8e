"""TIFF of 8 or 16 bits, grey, RGB or palette, one page or many, decoded by tifffile."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import tifffile
from numpy.typing import NDArray
from tifffile import PHOTOMETRIC

from gliascope.errors import InputError
from gliascope.read.pages import ALPHA_DROPPED, TURNED, Decoded, check_size, turn_upright
from gliascope.read.tiff_rules import check_axes, check_chain, check_page

_REDUCED_OR_MASK: Final = 1 | 4
"""Bits of NewSubfileType (TIFF 6.0) that mark a thumbnail and a transparency mask."""


def decode_tiff(path: Path) -> Decoded:
    """Decode a TIFF file.

    Thumbnails and transparency masks stored beside the images are passed over.

    Returns
    -------
    Decoded
        One page an image, in the file's order.

    Raises
    ------
    InputError
        If a page is neither grey nor RGB with 8 or 16 bits, is too large, or the pages are no slices.
    Exception
        Whatever tifffile or imagecodecs raises on damaged content.
    """
    with tifffile.TiffFile(path) as file:
        check_chain(file)
        check_axes(file)
        pages = [page.aspage() for page in file.pages]
        images = [page for page in pages if not page.subfiletype & _REDUCED_OR_MASK]
        if not images:
            raise InputError("a TIFF must have at least one full image, received none")
        for page in images:
            check_page(page, file.filehandle.size)
        check_size(max(page.imagelength for page in images), max(page.imagewidth for page in images), len(images))
        decoded = [_read_page(page) for page in images]
    notes = dict.fromkeys(note for _, found in decoded for note in found)
    return Decoded(tuple(pixels for pixels, _ in decoded), tuple(notes))


def _read_page(page: tifffile.TiffPage) -> tuple[NDArray[Any], tuple[str, ...]]:
    planes: NDArray[Any] = page.asarray(squeeze=False)  # (sample or 1, depth, row, column, sample or 1)
    pixels = np.moveaxis(planes[:, 0, :, :, 0], 0, -1) if planes.shape[0] > 1 else planes[0, 0]
    notes: tuple[str, ...] = ()
    if page.extrasamples:
        pixels, notes = pixels[:, :, :-1], (ALPHA_DROPPED,)
    if page.photometric == PHOTOMETRIC.PALETTE:
        pixels = _apply_palette(page, pixels[:, :, 0])
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        pixels = np.iinfo(pixels.dtype).max - pixels
    orientation = int(page.tags.valueof(274, default=1))
    if orientation > 1:
        pixels, notes = turn_upright(pixels, orientation), (*notes, TURNED)
    return np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("=")), notes


def _apply_palette(page: tifffile.TiffPage, indices: NDArray[Any]) -> NDArray[np.uint8]:
    if page.colormap is None:
        raise InputError("a palette TIFF must hold its palette, received none")
    colours: NDArray[np.uint16] = page.colormap
    if colours.max() > 255:
        colours = colours >> np.uint16(8)
    table: NDArray[np.uint8] = np.moveaxis(colours.astype(np.uint8), 0, -1)
    coloured: NDArray[np.uint8] = table[indices]
    return coloured
