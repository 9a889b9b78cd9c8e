"""The few things that are asked of a PACS, and the plain values that come back."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from gliascope.errors import InputError

_UID: Final = re.compile(r"[0-9]+(\.[0-9]+)*", re.ASCII)
_DATES: Final = re.compile(r"([0-9]{8})|([0-9]{8}-)|(-[0-9]{8})|([0-9]{8}-[0-9]{8})", re.ASCII)
LONGEST_UID: Final = 64


@dataclass(frozen=True)
class StudyEntry:
    """One study of an archive: nothing in it tells the patient.

    Attributes
    ----------
    uid : str
        Study Instance UID.
    date : str
        As ``YYYY-MM-DD``; empty where it is not known.
    modalities : tuple of str
    series, instances : int or None
        How many; None where the archive does not say.
    """

    uid: str
    date: str
    modalities: tuple[str, ...]
    series: int | None
    instances: int | None


@dataclass(frozen=True)
class SeriesEntry:
    """One series of a study.

    Attributes
    ----------
    uid : str
        Series Instance UID.
    modality : str
        Empty where the archive does not say.
    """

    uid: str
    modality: str


class Archive(Protocol):
    """A PACS. Every method raises `gliascope.errors.ArchiveError` where the archive refuses or cannot be reached."""

    @property
    def name(self) -> str:
        """What messages call it: an address without secrets."""
        ...

    def check(self) -> None:
        """Make sure that it answers."""
        ...

    def studies(self, *, study: str = "", date: str = "", limit: int = 100) -> list[StudyEntry]:
        """Find studies with MR series, at most `limit`; `date` is ``YYYYMMDD`` or a range of them."""
        ...

    def series(self, study: str) -> list[SeriesEntry]:
        """Find the series of a study."""
        ...

    def retrieve(self, study: str, series: str, folder: Path) -> list[Path]:
        """Write the instances of a series into `folder`, each as ``<SOP Instance UID>.dcm``, and name the files."""
        ...

    def store(self, path: Path) -> bool:
        """Give it a DICOM file; False where it holds the object already, and nothing is sent."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


def is_uid(text: str) -> bool:
    """Whether a text has the form of a UID, and so is safe as a file's name and on a terminal."""
    return len(text) <= LONGEST_UID and _UID.fullmatch(text) is not None


def checked_uid(text: str) -> str:
    """Give back a UID without the padding that some archives add.

    Raises
    ------
    InputError
        If it is none.
    """
    bare = text.strip(" \0")
    if not is_uid(bare):
        raise InputError(
            f"a UID must be numbers with dots between, of at most {LONGEST_UID} characters, received {text!r}"
        )
    return bare


def checked_date(text: str) -> str:
    """Give back a day, or a range of days, as queries take it.

    Raises
    ------
    InputError
        If it is neither ``YYYYMMDD`` nor two of them with ``-`` between; one side of a range may be missing.
    """
    if text and not _DATES.fullmatch(text):
        raise InputError(f"a date must be YYYYMMDD or a range as 20200101-20201231, received {text!r}")
    return text


def study_entry(uid: str, date: str, modalities: tuple[str, ...], series: str, instances: str) -> StudyEntry | None:
    """Make an entry of what an archive answered; None without a UID, and what is malformed is not known."""
    if not is_uid(uid):
        return None
    day = f"{date[:4]}-{date[4:6]}-{date[6:]}" if re.fullmatch(r"[0-9]{8}", date, re.ASCII) else ""
    kinds = tuple(sorted(one for one in modalities if re.fullmatch(r"[A-Z0-9_ ]{1,16}", one, re.ASCII)))
    return StudyEntry(uid, day, kinds, _count(series), _count(instances))


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) else None
