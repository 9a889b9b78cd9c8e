"""DICOM files that are there complete or not at all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from gliascope.errors import GliascopeError
from gliascope.present.files import replaced

if TYPE_CHECKING:
    from pydicom.dataset import Dataset
    from pydicom.tag import BaseTag


def write_object(made: Dataset, path: Path) -> None:
    """Write an object under another name, read it back by pydicom, compare every element, and move it into place.

    Parameters
    ----------
    made : Dataset
        With its file meta information, as highdicom makes it.
    path : Path
        Its folder is made where it is missing.

    Raises
    ------
    GliascopeError
        If what was written is not what is read back; nothing is left behind then.
    """
    import pydicom

    content = _encoded(made)
    with replaced(path) as temporary:
        temporary.write_bytes(content)
        again = pydicom.dcmread(temporary)
        _decode(again, {tag for tag in made.keys() if made.get_item(tag).is_raw})  # noqa: SIM118  keys stay raw
        if _encoded(again) != content:
            raise GliascopeError(f"{path.name}: what was written must be read back as it was, received something else")


def _encoded(made: Dataset) -> bytes:
    buffer = io.BytesIO()
    made.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _decode(read: Dataset, carried: set[BaseTag]) -> None:
    """Decode every element, those of sequences too, but leave undecoded what was carried over so."""
    for tag in list(read.keys()):
        if tag in carried:
            continue
        element = read[tag]
        if element.VR == "SQ":
            for item in element.value:
                _decode(item, set())
