"""A data set is written beside its place and moved there when it is whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from gliascope.dataset.fetch.contents import Contents, count_contents
from gliascope.dataset.fetch.source import DAMAGE, Member, Source, is_whole
from gliascope.errors import FetchError, InputError, UnreadableFile

MARKER: Final = ".complete"
"""Lies in a data set that `fetch_data` wrote, and says what it held then."""

SCHEMA: Final = "gliascope.fetch/1"

SPARE: Final = 64 * 2**20
"""Bytes that must stay free on the disk."""

Advance = Callable[[int, int, str], None]
"""Called after each file: how many are done, how many there are, and which it was."""


@dataclass(frozen=True)
class Marker:
    """What was written.

    Attributes
    ----------
    origin : str
        The data set's name at Kaggle, or the file or folder it was taken from.
    patients, slices, files, bytes : int
    """

    origin: str
    patients: int
    slices: int
    files: int
    bytes: int


def load_marker(folder: Path) -> Marker | None:
    """Read the marker of a data set and hold it against what is there.

    Returns
    -------
    Marker or None
        None where there is nothing at all.

    Raises
    ------
    InputError
        If the folder was not written by `fetch_data`, or is no longer what it was.
    """
    if not folder.exists():
        return None
    marker = _marker_of(folder)
    if marker is None:
        raise InputError(
            f"{folder}: a place for the data set must be free, received one that holds something else; choose another "
            "folder, or move it away"
        )
    files, size = count_contents(folder)
    if (files, size) != (marker.files, marker.bytes):
        raise InputError(
            f"{folder}: a data set must be as it was fetched, {marker.files} files of {marker.bytes} bytes, received "
            f"{files} of {size}; remove the folder and fetch it again"
        )
    return marker


def _marker_of(folder: Path) -> Marker | None:
    try:
        value: dict[str, Any] = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        return Marker(**value) if value.pop("schema") == SCHEMA else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def write_marker(folder: Path, origin: str, contents: Contents) -> Marker:
    """Say in a folder that it is whole, and what it holds now."""
    marker = Marker(origin, contents.patients, contents.slices, *count_contents(folder))
    text = json.dumps({"schema": SCHEMA, **asdict(marker)}, indent=2) + "\n"
    (folder / MARKER).write_text(text, encoding="utf-8")
    return marker


def check_room(folder: Path, needed: int) -> None:
    """Refuse to begin what the disk cannot hold.

    Raises
    ------
    FetchError
    """
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE:
        raise FetchError(
            f"{folder}: the disk must have {_gigabytes(needed + SPARE)} free for the data set, received "
            f"{_gigabytes(free)}"
        )


def beside_of(target: Path) -> Path:
    """Where a data set is written before it is whole."""
    return target.with_name(f".{target.name}.part")


def unpack(source: Source, contents: Contents, target: Path, advance: Advance) -> Marker:
    """Write a data set beside its place, then move it there.

    What an interrupted call has written is not written again: each file is checked by its size and, from an archive, by
    its CRC-32.

    Parameters
    ----------
    source : Source
    contents : Contents
        Of the source.
    target : Path
        Must not exist.
    advance : callable
        See `Advance`.

    Returns
    -------
    Marker

    Raises
    ------
    UnreadableFile
        If the source is damaged.
    FetchError
        If the disk has no room.
    """
    beside = beside_of(target)
    beside.mkdir(parents=True, exist_ok=True)
    _remove_others(beside, contents.files)
    missing = {path: one for path, one in contents.files.items() if not is_whole(one, beside / path)}
    check_room(beside, sum(one.size for one in missing.values()))
    total = len(contents.files)
    for done, (path, member) in enumerate(missing.items(), start=total - len(missing) + 1):
        _write(source, member, beside / path)
        advance(done, total, path.name)
    marker = write_marker(beside, source.name, contents)
    beside.rename(target)
    return marker


def _write(source: Source, member: Member, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    try:
        with source.open(member) as content, part.open("wb") as file:
            shutil.copyfileobj(content, file)
    except DAMAGE as error:
        part.unlink(missing_ok=True)
        raise UnreadableFile(
            f"{source.name}: an archive must be undamaged, received a fault in {member.path.as_posix()}: {error!r}"
        ) from error
    part.replace(path)


def _remove_others(folder: Path, files: Mapping[PurePosixPath, Member]) -> None:
    """Remove what an interrupted call left of another source, and half-written files."""
    for path in sorted(folder.rglob("*"), reverse=True):
        if path.is_dir() and not path.is_symlink():
            with suppress(OSError):  # not empty
                path.rmdir()
        elif PurePosixPath(path.relative_to(folder).as_posix()) not in files:
            path.unlink()


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB"
