"""Where a data set is taken from: a zip archive or a folder, seen as a list of files."""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Final

from gliascope.errors import InputError, UnreadableFile

_CHUNK: Final = 1 << 20

_DRIVE: Final = re.compile(r"[A-Za-z]:")

DAMAGE: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What reading a member of a damaged archive raises; RuntimeError where it is encrypted, NotImplementedError where it
is packed in an unknown way."""


@dataclass(frozen=True)
class Member:
    """One file of a source.

    Attributes
    ----------
    path : PurePosixPath
        Relative to the source, without ``..``.
    size : int
        In bytes.
    crc : int or None
        CRC-32 of the content, where the source knows it.
    """

    path: PurePosixPath
    size: int
    crc: int | None = None


class Source(ABC):
    """A zip archive or a folder, open for reading; to be closed.

    Attributes
    ----------
    name : str
        What it is called in messages.
    members : tuple of Member
        Its files.
    """

    name: str
    members: tuple[Member, ...]

    @abstractmethod
    def open(self, member: Member) -> IO[bytes]:
        """Open one file."""

    def close(self) -> None:
        """Give back what is held open."""
        return


class ZipSource(Source):
    """A zip archive.

    Parameters
    ----------
    path : Path

    Raises
    ------
    UnreadableFile
        If it is no zip archive or its end is missing.
    InputError
        If a member would be written outside the folder it is unpacked to, is a link, or comes twice.
    """

    def __init__(self, path: Path) -> None:
        self.name = path.name
        try:
            self._archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise UnreadableFile(f"{path}: must be a whole zip archive, received {_lower(error)}") from error
        try:
            self._infos = _safe_members(self._archive.infolist(), path)
        except InputError:
            self.close()
            raise
        self.members = tuple(Member(path, info.file_size, info.CRC) for path, info in self._infos.items())

    def open(self, member: Member) -> IO[bytes]:
        """Open one file; reading its end raises `zipfile.BadZipFile` where its CRC-32 is wrong."""
        return self._archive.open(self._infos[member.path])

    def close(self) -> None:
        """Close the archive."""
        self._archive.close()


class FolderSource(Source):
    """A folder with all below it; hidden files and folders are left out.

    Parameters
    ----------
    path : Path
    name : str or None
        By default the folder's.
    """

    def __init__(self, path: Path, name: str | None = None) -> None:
        self.name = name or path.name or str(path)
        self._path = path
        found = []
        for place, folders, names in os.walk(path):
            folders[:] = [one for one in folders if not one.startswith(".")]
            for one in names:
                file = Path(place, one)
                if not one.startswith(".") and file.is_file():
                    found.append(Member(PurePosixPath(file.relative_to(path).as_posix()), file.stat().st_size))
        self.members = tuple(found)

    def open(self, member: Member) -> IO[bytes]:
        """Open one file."""
        return (self._path / member.path).open("rb")


def open_source(path: str | Path) -> Source:
    """Open a zip archive or a folder.

    Raises
    ------
    InputError
        If it is neither, or a member's path is not safe.
    """
    place = Path(path)
    if place.is_dir():
        return FolderSource(place)
    if not place.is_file():
        raise InputError(f"{path}: a data set must be a zip archive or a folder, received a path that does not exist")
    return ZipSource(place)


def is_whole(member: Member, path: Path) -> bool:
    """Whether a file on disk is this member, by its size and, where it is known, by its CRC-32."""
    if not path.is_file() or path.stat().st_size != member.size:
        return False
    if member.crc is None:
        return True
    crc = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            crc = zlib.crc32(chunk, crc)
    return crc == member.crc


def _safe_members(infos: Iterable[zipfile.ZipInfo], path: Path) -> dict[PurePosixPath, zipfile.ZipInfo]:
    safe: dict[PurePosixPath, zipfile.ZipInfo] = {}
    seen: dict[str, str] = {}
    for info in infos:
        name = info.orig_filename  # before zipfile cuts it at a NUL or turns a backslash
        if _leads_outside(name) or stat.S_ISLNK(info.external_attr >> 16):
            raise InputError(f"{path}: an archive must hold plain files with paths inside it, received {name!r}")
        if info.is_dir():
            continue
        twin = seen.setdefault(name.casefold(), name)
        if twin is not name:
            raise InputError(f"{path}: an archive must hold each file once, received {name!r} and {twin!r}")
        safe[PurePosixPath(name)] = info
    return safe


def _leads_outside(name: str) -> bool:
    parts = name.removesuffix("/").split("/")
    odd = any(part in ("", ".", "..") or "\\" in part or not part.isprintable() for part in parts)
    return odd or _DRIVE.match(name) is not None


def _lower(error: Exception) -> str:
    text = str(error) or type(error).__name__
    return text[0].lower() + text[1:]
