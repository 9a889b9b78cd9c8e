"""Files that are whole or as they were before."""

from __future__ import annotations

from pathlib import Path

from gliascope.present.files import replaced


def write_text(path: Path, text: str) -> Path:
    """Write a file beside its place and move it there, so that it is whole or as it was before.

    Several processes may write the same file: the last one's stays. Its folder is made where it is missing.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left behind then.
    """
    return write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file beside its place and move it there; see `write_text`."""
    with replaced(path) as temporary:
        temporary.write_bytes(content)
    return path
