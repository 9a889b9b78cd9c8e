"""Compressed frames, decoded by imagecodecs after their own header was held against the data set's."""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError

_JPEG: Final = {
    "1.2.840.10008.1.2.4.50": "JPEG Baseline",
    "1.2.840.10008.1.2.4.51": "JPEG Extended",
    "1.2.840.10008.1.2.4.57": "JPEG Lossless",
    "1.2.840.10008.1.2.4.70": "JPEG Lossless SV1",
}
_JPEG_LS: Final = {"1.2.840.10008.1.2.4.80": "JPEG-LS Lossless", "1.2.840.10008.1.2.4.81": "JPEG-LS Near-lossless"}
_JPEG_2000: Final = {
    "1.2.840.10008.1.2.4.90": "JPEG 2000 Lossless",
    "1.2.840.10008.1.2.4.91": "JPEG 2000",
    "1.2.840.10008.1.2.4.201": "HTJ2K Lossless",
    "1.2.840.10008.1.2.4.202": "HTJ2K Lossless RPCL",
    "1.2.840.10008.1.2.4.203": "HTJ2K",
}
_RLE: Final = {"1.2.840.10008.1.2.5": "RLE Lossless"}
_NATIVE: Final = {
    "1.2.840.10008.1.2": "Implicit VR Little Endian",
    "1.2.840.10008.1.2.1": "Explicit VR Little Endian",
    "1.2.840.10008.1.2.1.99": "Deflated Explicit VR Little Endian",
    "1.2.840.10008.1.2.2": "Explicit VR Big Endian",
}
CODECS: Final = {**_NATIVE, **_JPEG, **_JPEG_LS, **_JPEG_2000, **_RLE}
"""Every transfer syntax that is read, by its UID."""

_SIZES: Final = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
"""Markers of JPEG and JPEG-LS behind which the size of the image stands."""
_END: Final = b"\xff\xd9"
"""Marker at the end of every stream of JPEG's family; decoders fill up what is missing before it, and say nothing."""
_TAIL: Final = 64
"""Bytes at the end of a frame in which the marker must stand: padding may follow."""


def check_codec(transfer_syntax: str) -> None:
    """Refuse a transfer syntax that cannot be read.

    Raises
    ------
    InputError
    """
    if transfer_syntax not in CODECS:
        from pydicom import config
        from pydicom.uid import UID

        name = UID(transfer_syntax, config.IGNORE).name or "none"  # a malformed one is no cause for a warning
        raise InputError(
            f"a transfer syntax must be one of those that are read, such as {CODECS['1.2.840.10008.1.2.1']} or "
            f"{CODECS['1.2.840.10008.1.2.4.70']}, received {name} ({transfer_syntax})"
        )


def is_native(transfer_syntax: str) -> bool:
    """Whether pixels are stored as they are."""
    return transfer_syntax in _NATIVE


def decode_frame(content: bytes, transfer_syntax: str, rows: int, columns: int, bits: int) -> NDArray[Any]:
    """Decode one compressed grey frame.

    Parameters
    ----------
    content : bytes
    transfer_syntax : str
        One of `CODECS` that is not native.
    rows, columns : int
        As the data set has them; the frame must have the same.
    bits : int
        BitsAllocated, 8 or 16.

    Returns
    -------
    ndarray, integer, shape (row, column)

    Raises
    ------
    InputError
        If the frame is damaged or of another size.
    """
    import imagecodecs

    if transfer_syntax in _RLE:
        decoded = _unpack_runs(content, rows, columns, bits)
    else:
        stated = _size_of_2000(content) if transfer_syntax in _JPEG_2000 else _size_of_jpeg(content)
        if _END not in content[-_TAIL:]:
            raise InputError("a compressed frame must be whole, received one without its end")
        if stated != (rows, columns, 1):
            raise InputError(
                f"a compressed frame must be {rows} x {columns} and grey, received "
                f"{'no size' if stated is None else ' x '.join(str(one) for one in stated)}"
            )
        decode = (
            imagecodecs.jpeg2k_decode
            if transfer_syntax in _JPEG_2000
            else imagecodecs.jpegls_decode
            if transfer_syntax in _JPEG_LS
            else imagecodecs.jpeg8_decode
        )
        if transfer_syntax in _JPEG_2000 and _is_high_throughput(transfer_syntax):
            decode = imagecodecs.htj2k_decode
        try:
            decoded = np.asarray(decode(content))
        except (RuntimeError, ValueError) as error:
            raise InputError(
                f"a compressed frame must be undamaged, received one that {CODECS[transfer_syntax]} cannot decode"
            ) from error
    if decoded.shape != (rows, columns):
        raise InputError(f"a compressed frame must be {rows} x {columns}, received shape {decoded.shape}")
    return decoded


def _is_high_throughput(transfer_syntax: str) -> bool:
    return transfer_syntax.startswith("1.2.840.10008.1.2.4.20")


def _unpack_runs(content: bytes, rows: int, columns: int, bits: int) -> NDArray[Any]:
    import imagecodecs

    kind = np.dtype(f"<u{bits // 8}")
    size = rows * columns * kind.itemsize
    try:
        unpacked = imagecodecs.dicomrle_decode(content, kind.str, out=size)
    except (RuntimeError, ValueError) as error:
        raise InputError("a compressed frame must be undamaged, received one that RLE cannot decode") from error
    if len(unpacked) != size:
        raise InputError(f"a compressed frame must have {size} bytes, received {len(unpacked)}")
    return np.frombuffer(unpacked, kind).reshape(rows, columns)


def _size_of_jpeg(content: bytes) -> tuple[int, int, int] | None:
    """Rows, columns and components that a JPEG or JPEG-LS stream states; None where it states none."""
    place = 2
    while place + 9 < len(content):
        if content[place] != 0xFF:
            return None
        marker = content[place + 1]
        if marker == 0xFF:  # a filling byte
            place += 1
            continue
        if marker in _SIZES:
            rows, columns, components = struct.unpack_from(">HHB", content, place + 5)
            return rows, columns, components
        place += 2 + struct.unpack_from(">H", content, place + 2)[0]
    return None


def _size_of_2000(content: bytes) -> tuple[int, int, int] | None:
    """Rows, columns and components of a JPEG 2000 code stream, boxed or not."""
    start = content[: 2**12].find(b"\xff\x4f\xff\x51")
    if start < 0 or len(content) < start + 42:
        return None
    right, bottom, left, top = struct.unpack_from(">4I", content, start + 8)
    return bottom - top, right - left, struct.unpack_from(">H", content, start + 40)[0]
