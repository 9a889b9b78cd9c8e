"""DICOM files under a path: in folders at any depth, and in zip archives that are named."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Final

from gliascope.errors import InputError
from gliascope.read.dicom.bounds import MARK, MAX_FILE
from gliascope.read.dicom.files import Archives, Place, damage
from gliascope.read.dicom.header import Instance, read_header
from gliascope.read.names import natural_key
from gliascope.scan import Problem

SUFFIXES: Final = (".dcm", ".dicom", ".ima")
"""Of files that are taken for DICOM whatever they hold."""
ARCHIVES: Final = (".zip",)
MAX_MEMBERS: Final = 100_000
"""Most members of an archive."""
MAX_RATIO: Final = 1100
"""How many times its packed size a member may have: more than Deflate can do."""
MAX_UNPACKED: Final = 2**36
"""Most bytes of all members together."""
HEAD: Final = 132
"""Bytes that tell a DICOM file."""


def is_archive_name(path: Path) -> bool:
    """Whether the name is that of a zip archive."""
    return path.name.lower().endswith(ARCHIVES)


def is_directory_name(path: Path) -> bool:
    """Whether the name is that of a DICOMDIR, which stands for the folder it lies in."""
    return path.name.upper() == "DICOMDIR"


def is_dicom_file(path: Path) -> bool:
    """Whether a file is DICOM by its first bytes, or meant to be by its name.

    Files without the mark are taken where they have no suffix and begin as a data set does.
    """
    if is_directory_name(path):
        return False
    try:
        with path.open("rb") as stream:
            head = stream.read(HEAD)
    except OSError:
        return path.name.lower().endswith(SUFFIXES)
    return is_dicom(head, path.name)


def is_dicom(head: bytes, name: str) -> bool:
    """Tell by the first `HEAD` bytes and the name."""
    if name.lower().endswith(SUFFIXES) or head[128:132] == MARK:
        return True
    if Path(name).suffix.strip(".0123456789"):
        return False
    group, element = int.from_bytes(head[:2], "little"), int.from_bytes(head[2:4], "little")
    return (group == 8 and element <= 0x60) or (group == 2 and element <= 0x10)


class Gathered:
    """DICOM files that are met on the way, each once.

    Attributes
    ----------
    places : dict of Place to Path
        The input by which each was met.
    problems : list of (Problem, Path)
        What could not be looked into, and the input.
    count : int
        How many were met, those that were met again included.
    """

    def __init__(self) -> None:
        self.places: dict[Place, Path] = {}
        self.problems: list[tuple[Problem, Path]] = []
        self.count = 0
        self._met: set[tuple[Path, str]] = set()

    def add(self, places: Iterable[Place], root: Path) -> None:
        """Take files that were met under an input."""
        for one in places:
            self.count += 1
            key = (one.path.resolve(), one.member)
            if key not in self._met:
                self._met.add(key)
                self.places[one] = root

    def add_archive(self, path: Path) -> None:
        """Take what a zip archive holds."""
        places, problems = places_in_archive(path)
        self.add(places, path)
        self.problems.extend((one, path) for one in problems)
        if not places and not problems:
            rule = "an archive must hold DICOM files, received none"
            self.problems.append((Problem(str(path), rule), path))


def read_headers(places: Iterable[Place]) -> tuple[list[Instance], list[Problem]]:
    """Read the headers of files.

    Returns
    -------
    instances : list of Instance
    problems : list of Problem
        Files that cannot be read.
    """
    instances, problems = [], []
    with Archives() as archives:
        for place in places:
            try:
                found = read_header(place, archives)
            except InputError as error:
                problems.append(Problem(str(place), str(error).removeprefix(f"{place}: ")))
                continue
            if found is not None:
                instances.append(found)
    return instances, problems


def places_in_archive(path: Path) -> tuple[list[Place], list[Problem]]:
    """Find the DICOM members of a zip archive; nothing is unpacked to disk.

    Parameters
    ----------
    path : Path

    Returns
    -------
    places : list of Place
        In natural order.
    problems : list of Problem
        Members, or the archive, that cannot be used.
    """
    places: list[Place] = []
    problems: list[Problem] = []
    try:
        with zipfile.ZipFile(path) as archive:
            members = sorted(_members(archive), key=lambda one: natural_key(one.filename))
            _check_archive(members)
            for one in members:
                place = Place(path, one.filename)
                try:
                    _check_member(one)
                    if is_dicom(_head(archive, one), PurePosixPath(one.filename).name):
                        places.append(place)
                except InputError as error:
                    problems.append(Problem(str(place), str(error)))
    except InputError as error:
        problems.append(Problem(str(path), str(error)))
    except damage() as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        problems.append(Problem(str(path), f"a zip archive must be readable and undamaged, received {reason}"))
    return places, problems


def _members(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    for one in archive.infolist():
        parts = PureWindowsPath(one.filename).parts
        if not one.is_dir() and parts and not parts[-1].startswith(".") and "__MACOSX" not in parts:
            yield one


def _check_archive(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise InputError(f"an archive must have at most {MAX_MEMBERS} members, received {len(members)}")
    unpacked = sum(one.file_size for one in members)
    if unpacked > MAX_UNPACKED:
        raise InputError(f"an archive must have at most {MAX_UNPACKED} bytes unpacked, received {unpacked}")


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.filename
    if name.startswith(("/", "\\")) or PureWindowsPath(name).drive or ".." in PureWindowsPath(name).parts:
        raise InputError("a member of an archive must stay below it, received a path that leads elsewhere")
    if member.compress_type == zipfile.ZIP_BZIP2:
        raise InputError("a member of an archive must be stored, deflated or packed by LZMA, received bzip2")
    if member.file_size > MAX_FILE:
        raise InputError(f"a member of an archive must have at most {MAX_FILE} bytes, received {member.file_size}")
    if member.file_size > 2**20 and member.file_size > MAX_RATIO * max(member.compress_size, 1):
        raise InputError(
            f"a member of an archive must be packed at most {MAX_RATIO} times smaller, "
            f"received {member.file_size // max(member.compress_size, 1)} times"
        )


def _head(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        with archive.open(member) as packed:
            return packed.read(HEAD)
    except damage() as error:
        what = "encrypted" if member.flag_bits & 1 else "damaged"
        raise InputError(f"a member of an archive must be readable, received one that is {what}") from error
