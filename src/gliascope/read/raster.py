"""One image file to arrays, whatever its format; the format is told by the content, not by the name."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from gliascope.errors import InputError, UnreadableFile
from gliascope.read.pages import Decoded

SUFFIXES: Final = (".tif", ".tiff", ".png", ".jpg", ".jpeg")
"""Names that are taken for images, in any letter case."""

_TIFF: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PNG: Final = b"\x89PNG\r\n\x1a\n"
_JPEG: Final = b"\xff\xd8\xff"


def is_image_name(path: Path) -> bool:
    """Whether the name is that of an image that gliascope reads; hidden files are none."""
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def decode(path: Path) -> Decoded:
    """Decode one TIFF, PNG or JPEG file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Decoded
        Its pages, uint8 or uint16, shape (row, column, channel) with 1 or 3 channels.

    Raises
    ------
    UnreadableFile
        If the file cannot be opened, is damaged, or breaks a rule; the message names file and rule.
    """
    try:
        return _decode(path)
    except InputError as error:
        raise UnreadableFile(f"{path}: {error}") from error
    except Exception as error:  # decoders raise anything on damaged content
        raise UnreadableFile(f"{path}: an image must be undamaged, received {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """What a decoder says, or what it raised where that is no words, as the number of a tag that is missing."""
    text, kind = " ".join(str(error).split()), type(error).__name__
    if any(map(str.isalpha, text)):
        return text
    return f"what cannot be decoded ({kind}: {text})" if text else f"what cannot be decoded ({kind})"


def _decode(path: Path) -> Decoded:
    with path.open("rb") as file:
        head = file.read(8)
    if not head:
        raise InputError("an image file must not be empty, received 0 bytes")
    if head.startswith(_TIFF):
        from gliascope.read.tiff import decode_tiff

        return decode_tiff(path)
    if head.startswith((_PNG, _JPEG)):
        from gliascope.read.picture import decode_picture

        return decode_picture(path.read_bytes())
    raise InputError(f"an image must be TIFF, PNG or JPEG, received a file that starts with {head!r}")
