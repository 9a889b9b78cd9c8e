"""What a TIFF must be to be read: complete, undamaged, its pages slices that are grey or RGB."""

from __future__ import annotations

import math
import struct
from typing import Final

import tifffile
from tifffile import COMPRESSION, EXTRASAMPLE, PHOTOMETRIC, SAMPLEFORMAT

from gliascope.errors import InputError

_OTHER_AXES: Final = frozenset("CTHEAMRVL")
"""Axes of an ImageJ or OME stack that are not slices: channels, times and the like."""

_COLOURS: Final[dict[int, int]] = {
    PHOTOMETRIC.MINISWHITE: 1,
    PHOTOMETRIC.MINISBLACK: 1,
    PHOTOMETRIC.PALETTE: 1,
    PHOTOMETRIC.RGB: 3,
    PHOTOMETRIC.YCBCR: 3,
}
"""Samples of a pixel, alpha aside."""

_ALPHA: Final = (EXTRASAMPLE.ASSOCALPHA, EXTRASAMPLE.UNASSALPHA)

_JPEG: Final = (COMPRESSION.OJPEG, COMPRESSION.JPEG)

_REQUIRED: Final = frozenset({256, 257, 262})
"""Width, length and photometric interpretation."""

_MEANINGFUL: Final = frozenset(
    {254, 258, 259, 266, 273, 274, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 338, 339}
)
"""The other tags of TIFF 6.0 that decide what the stored bytes mean."""


def check_chain(file: tifffile.TiffFile) -> None:
    """Follow the file from page to page, before tifffile does so: it would follow a circle for ever.

    Raises
    ------
    InputError
        If there is no page, or one is not in the file or comes a second time.
    """
    try:
        offset, seen = file.pages.first.offset, set()
    except IndexError as error:
        raise InputError("a TIFF must have at least one page, received none where its head says") from error
    while offset:
        if offset in seen or offset >= file.filehandle.size:
            raise InputError("all pages of an image must be in the file, received a file with pages missing")
        seen.add(offset)
        _, offset = _directory(file, offset)


def check_axes(file: tifffile.TiffFile) -> None:
    """Refuse a stack whose pages are no slices by its own description (ImageJ's, OME's or tifffile's).

    Raises
    ------
    InputError
    """
    if not (file.is_imagej or file.is_ome or file.is_shaped):
        return
    for series in file.series:
        lengths = zip(series.axes, series.shape, strict=True)
        if any(axis in _OTHER_AXES and length > 1 for axis, length in lengths):
            raise InputError(f"the pages of a TIFF must be slices, received axes {series.axes} of {series.shape}")
        if len(series.pages) == 1 and series.size != series.keyframe.size:
            raise InputError(f"a TIFF must have one entry a page, received one for a stack of {series.shape}")


def check_page(page: tifffile.TiffPage, size: int) -> None:
    """Refuse a page that is neither grey nor RGB with 8 or 16 bits, or whose data are not all there.

    Parameters
    ----------
    page : tifffile.TiffPage
    size : int
        Size of the file, in bytes.

    Raises
    ------
    InputError
    """
    _check_tags(page)
    if page.imagedepth > 1:
        raise InputError(f"a TIFF page must be 2-D, received a depth of {page.imagedepth}")
    samples = _COLOURS.get(page.photometric)
    if samples is None:
        received = getattr(page.photometric, "name", page.photometric)
        raise InputError(f"an image must be grey or RGB, received {received}")
    if page.photometric == PHOTOMETRIC.YCBCR and page.compression not in _JPEG:
        raise InputError("a YCbCr TIFF must be JPEG-compressed, received another compression")
    alpha = len(page.extrasamples) == 1 and page.extrasamples[0] in _ALPHA
    if page.samplesperpixel != samples + alpha:
        raise InputError(f"an image must have 1 or 3 channels, received {page.samplesperpixel}")
    bits, kind = page.bitspersample, page.sampleformat
    if kind != SAMPLEFORMAT.UINT or not (bits in (8, 16) or (bits == 1 and page.samplesperpixel == 1)):
        name = getattr(kind, "name", kind)
        raise InputError(f"a TIFF must have unsigned values of 8 or 16 bits, received {bits} bits, {name}")
    segments = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    if len(segments) != math.prod(page.chunked) or any(
        count < 1 or start < 1 or start + count > size for start, count in segments
    ):
        raise InputError("all of an image's data must be in the file, received a file with parts missing")


def _check_tags(page: tifffile.TiffPage) -> None:
    """Refuse a page whose damaged tags tifffile passed over, so that no default stands in for them."""
    stored, _ = _directory(page.parent, page.offset)
    lost = sorted(code for code in (stored & _MEANINGFUL) | _REQUIRED if code not in page.tags)
    if lost:
        raise InputError(f"an image must be undamaged, received a TIFF without a readable tag {lost[0]}")


def _directory(file: tifffile.TiffFile, offset: int) -> tuple[frozenset[int], int]:
    """Codes of all tags stored for the page at `offset`, and where the next page begins (0: nowhere)."""
    handle, layout = file.filehandle, file.tiff
    handle.seek(offset)
    (count,) = struct.unpack(layout.tagnoformat, handle.read(layout.tagnosize))
    entries = handle.read(count * layout.tagsize)
    codes = (struct.unpack_from(f"{layout.byteorder}H", entries, number * layout.tagsize)[0] for number in range(count))
    (following,) = struct.unpack(layout.offsetformat, handle.read(layout.offsetsize))
    return frozenset(codes), following
