"""Studies from a PACS, and results into it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gliascope.archive import Archive
from gliascope.errors import ArchiveError, InputError
from gliascope.pipeline.results import FINDINGS


@dataclass(frozen=True)
class Stored:
    """What became of one object.

    Attributes
    ----------
    path : Path
    state : str
        ``stored``, ``present`` where the archive had it already, or ``failed``.
    message : str
        Why it failed.
    """

    path: Path
    state: str
    message: str = ""


def fetch_study(archive: Archive, study: str, folder: Path) -> Path:
    """Retrieve the MR series of a study.

    Parameters
    ----------
    archive : Archive
    study : str
        Study Instance UID.
    folder : Path
        Gets a folder for the study.

    Returns
    -------
    Path
        That folder.

    Raises
    ------
    ArchiveError
        If it is not there, holds no MR series, or does not come whole.
    """
    series = archive.series(study)
    wanted = [one for one in series if one.modality == "MR" or not one.modality]
    if not wanted:
        others = ", ".join(sorted({one.modality for one in series})) or "no series"
        raise ArchiveError(f"{archive.name}: study {study} must be there and hold MR series, received {others}")
    target = folder / study
    target.mkdir()
    for one in wanted:
        archive.retrieve(study, one.uid, target)
    return target


def store_case(archive: Archive, folder: Path) -> Iterator[Stored]:
    """Store those DICOM objects of a case that the archive does not hold.

    Parameters
    ----------
    archive : Archive
    folder : Path
        The case's folder of results.

    Yields
    ------
    Stored
        For each object; one that fails does not keep the others back. The findings stand for objects that they do not
        name.
    """
    try:
        paths = objects_of(folder)
    except InputError as error:
        yield Stored(folder / FINDINGS, "failed", str(error))
        return
    for path in paths:
        try:
            is_new = archive.store(path)
        except (ArchiveError, InputError, OSError) as error:
            yield Stored(path, "failed", str(error))
        else:
            yield Stored(path, "stored" if is_new else "present")


def objects_of(folder: Path) -> list[Path]:
    """DICOM objects of a case, as its findings name them.

    Raises
    ------
    InputError
        If the folder holds no finding that can be read.
    """
    path = folder / FINDINGS
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        written = record.get("dicom") or {}
        return [folder / one for one in (written.get("seg"), written.get("sr"), *written.get("sc", [])) if one]
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise InputError(f"{path}: results must hold a finding, received {type(error).__name__}") from error


def result_folders(path: Path) -> list[Path]:
    """Folders of cases under a folder of results, or the one that is named itself.

    Raises
    ------
    InputError
        If there is none.
    """
    found = [one.parent for one in (path / FINDINGS, *sorted(path.glob(f"*/{FINDINGS}"))) if one.is_file()]
    if not found:
        raise InputError(f"{path}: results must hold {FINDINGS}, for each case, received none")
    return found
