"""Files that are whole or as they were before."""

from __future__ import annotations

from pathlib import Path


def write_text(path: Path, text: str) -> Path:
    """Write a file beside its place and move it there, so that it is whole or as it was before.

    Raises
    ------
    OSError
        If it cannot be written; nothing is left behind then.
    """
    return write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file beside its place and move it there; see `write_text`."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path
