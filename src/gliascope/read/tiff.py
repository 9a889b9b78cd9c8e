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

_REDUCED_OR_MASK: Final = 1 | 4
"""Bits of NewSubfileType (TIFF 6.0) that mark a thumbnail and a transparency mask."""

_OTHER_AXES: Final = frozenset("CTHEAMPRVL") - frozenset("P")
"""Axes of an ImageJ or OME stack that are not slices: channels, times and the like."""


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
        _check_axes(file)
        pages = [page.aspage() for page in file.pages]
        images = [page for page in pages if not page.subfiletype & _REDUCED_OR_MASK]
        if not images:
            raise InputError("a TIFF must have at least one full image, received none")
        for page in images:
            _check_page(page, file.filehandle.size)
        check_size(max(page.imagelength for page in images), max(page.imagewidth for page in images), len(images))
        decoded = [_read_page(page) for page in images]
    notes = dict.fromkeys(note for _, found in decoded for note in found)
    return Decoded(tuple(pixels for pixels, _ in decoded), tuple(notes))


def _check_axes(file: tifffile.TiffFile) -> None:
    if not (file.is_imagej or file.is_ome):
        return
    for series in file.series:
        other = {
            axis: length
            for axis, length in zip(series.axes, series.shape, strict=True)
            if axis in _OTHER_AXES and length > 1
        }
        if other:
            raise InputError(f"the pages of a TIFF must be slices, received axes {series.axes} of {series.shape}")
        if len(series.pages) == 1 and series.size != series.keyframe.size:
            raise InputError(f"a TIFF must have one entry a page, received one for a stack of {series.shape}")


def _check_page(page: tifffile.TiffPage, size: int) -> None:
    if page.imagedepth > 1:
        raise InputError(f"a TIFF page must be 2-D, received a depth of {page.imagedepth}")
    if page.photometric not in (
        PHOTOMETRIC.MINISBLACK, PHOTOMETRIC.MINISWHITE, PHOTOMETRIC.RGB, PHOTOMETRIC.PALETTE, PHOTOMETRIC.YCBCR
    ):  # fmt: skip
        raise InputError(f"an image must be grey or RGB, received {PHOTOMETRIC(page.photometric).name}")
    if page.photometric == PHOTOMETRIC.YCBCR and page.compression not in (6, 7):
        raise InputError("a YCbCr TIFF must be JPEG-compressed, received another compression")
    bits, kind = page.bitspersample, page.sampleformat
    if kind != 1 or (bits not in (8, 16) and not _is_bilevel(page)):
        name = {1: "unsigned", 2: "signed", 3: "float"}.get(int(kind), f"format {int(kind)}")
        raise InputError(f"a TIFF must have unsigned values of 8 or 16 bits, received {bits} bits, {name}")
    if any(count < 1 or start < 1 or start + count > size for start, count in zip(
        page.dataoffsets, page.databytecounts, strict=True
    )):  # fmt: skip
        raise InputError("all of an image's data must be in the file, received a file cut short")


def _is_bilevel(page: tifffile.TiffPage) -> bool:
    return page.bitspersample == 1 and page.samplesperpixel == 1


def _read_page(page: tifffile.TiffPage) -> tuple[NDArray[Any], tuple[str, ...]]:
    pixels: NDArray[Any] = page.asarray()
    notes: tuple[str, ...] = ()
    if page.samplesperpixel == 1:
        pixels = pixels[:, :, np.newaxis]
    elif page.planarconfig == 2:
        pixels = np.moveaxis(pixels, 0, -1)
    if page.photometric == PHOTOMETRIC.PALETTE:
        pixels = _apply_palette(page, pixels)
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    if page.extrasamples:
        if len(page.extrasamples) > 1 or page.extrasamples[0] not in (1, 2):
            raise InputError(f"an image must have 1 or 3 channels, received {pixels.shape[2]}")
        pixels, notes = pixels[:, :, :-1], (ALPHA_DROPPED,)
    if pixels.shape[2] not in (1, 3):
        raise InputError(f"an image must have 1 or 3 channels, received {pixels.shape[2]}")
    if page.photometric == PHOTOMETRIC.MINISWHITE:
        pixels = np.iinfo(pixels.dtype).max - pixels
    orientation = int(page.tags.valueof(274, default=1))
    if orientation != 1:
        pixels, notes = turn_upright(pixels, orientation), (*notes, TURNED)
    return np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("="), copy=False)), notes


def _apply_palette(page: tifffile.TiffPage, pixels: NDArray[Any]) -> NDArray[Any]:
    if page.colormap is None:
        raise InputError("a palette TIFF must hold its palette, received none")
    colours: NDArray[np.uint16] = page.colormap
    if colours.max() > 255:
        colours = colours >> np.uint16(8)
    table: NDArray[np.uint8] = np.moveaxis(colours.astype(np.uint8), 0, -1)
    coloured: NDArray[np.uint8] = table[pixels[:, :, 0]]
    return coloured
