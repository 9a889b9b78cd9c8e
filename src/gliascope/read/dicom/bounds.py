"""Bounds of what is read of one DICOM file: a file that lies costs neither memory nor time."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import Any, Final

from gliascope.errors import InputError

MAX_FILE: Final = 2**29
"""Most bytes of one instance, unpacked: `gliascope.read.volume.limits.MAX_VOXELS` of 64 bits."""
MAX_HEADER: Final = 2**26
"""Most bytes of a header, which is everything but the pixels."""
MAX_READS: Final = 1_000_000
"""Most pieces that a header may be read in; an element is two or three."""
MAX_DEPTH: Final = 64
"""Deepest nesting of sequences; the deepest of the standard's own objects have about ten."""
MARK: Final = b"DICM"
"""What a DICOM file has after its first 128 bytes."""
DEFLATED: Final = "1.2.840.10008.1.2.1.99"


def inflated(stream: Any, most: int) -> io.BytesIO | None:
    """Unpack the data set of a deflated file, no farther than `most` bytes; None where the file is not deflated."""
    start = _deflated_from(stream.read(2**16))
    stream.seek(start)
    if not start:
        return None
    machine = zlib.decompressobj(-zlib.MAX_WBITS)
    content = machine.decompress(stream.read(), most)
    if not machine.eof and len(content) < most:
        raise InputError("a deflated data set must be whole, received one that ends early")
    if not machine.eof and most == MAX_FILE:
        raise InputError(f"a deflated data set must have at most {most} bytes, received more")
    return io.BytesIO(content)


def _deflated_from(head: bytes) -> int:
    """Where the data set of a deflated file begins; 0 where it is not deflated."""
    if head[128:132] != MARK:
        return 0
    place, deflated = 132, False
    while head[place : place + 2] == b"\x02\x00" and place + 12 <= len(head):
        element = struct.unpack_from("<H", head, place + 2)[0]
        is_long = head[place + 4 : place + 6] in (b"OB", b"UN", b"UT", b"SQ", b"OW")
        length = struct.unpack_from("<I" if is_long else "<H", head, place + (8 if is_long else 6))[0]
        place += 12 if is_long else 8
        if element == 0x0010:
            deflated = head[place : place + length].rstrip(b"\0 ").decode("latin-1") == DEFLATED
        place += length
    return place if deflated else 0


def check_depth(data: Any) -> None:
    """Refuse sequences within sequences beyond `MAX_DEPTH`, without going down by recursion.

    Parameters
    ----------
    data : Dataset of pydicom's
        What has not been understood yet is left so.

    Raises
    ------
    InputError
    """
    level = [data]
    for _ in range(MAX_DEPTH + 1):
        level = [
            item
            for one in level
            for element in one.elements()
            if not element.is_raw and element.VR == "SQ"
            for item in element.value or ()
        ]
        if not level:
            return
    raise InputError(f"sequences must be nested no deeper than can be read ({MAX_DEPTH}), received more")


class Bounded:
    """A stream that ends in an error where too much is read of it, and never makes room for what is not there."""

    def __init__(self, stream: Any, most: int) -> None:
        self._stream, self._most = stream, most
        self.seek, self.tell = stream.seek, stream.tell
        self._end = self._length()
        self._bytes = self._reads = 0

    def _length(self) -> int:
        if isinstance(self._stream, zipfile.ZipExtFile):  # to seek its end would be to unpack it
            return MAX_FILE
        here = self.tell()
        end: int = self.seek(0, io.SEEK_END)
        self.seek(here)
        return end

    def read(self, size: int = -1) -> bytes:
        """Read as a stream does."""
        left = max(self._end - self.tell(), 0)
        content: bytes = self._stream.read(left if size < 0 else min(size, left))
        self._bytes += len(content)
        self._reads += 1
        if self._bytes > self._most or self._reads > MAX_READS:
            raise InputError(f"a header must have at most {MAX_HEADER} bytes and {MAX_READS} parts, received more")
        return content
