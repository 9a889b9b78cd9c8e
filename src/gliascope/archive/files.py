"""DICOM files on their way from and to a PACS."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gliascope.archive.base import checked_uid
from gliascope.errors import ArchiveError, InputError
from gliascope.read.dicom.files import damage, quiet

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileDataset


def load_object(path: Path) -> FileDataset:
    """Read an object that is to be stored.

    Raises
    ------
    InputError
        If it is no DICOM file, or does not name its study, series and itself.
    """
    import pydicom

    try:
        with quiet():
            made = pydicom.dcmread(path)
            identity_of(made)
            return made
    except damage() as error:
        raise InputError(f"{path}: an object must be a DICOM file, received {type(error).__name__}") from error


def identity_of(made: Dataset) -> tuple[str, str, str]:
    """UIDs of an object's study, of its series and of itself."""
    return checked_uid(made.StudyInstanceUID), checked_uid(made.SeriesInstanceUID), checked_uid(made.SOPInstanceUID)


def keep_instance(received: Dataset, folder: Path, archive: str) -> tuple[str, Path]:
    """Write an instance that was received as ``<SOP Instance UID>.dcm``.

    Returns
    -------
    str
        Its UID.
    Path

    Raises
    ------
    ArchiveError
        If it cannot be written as a DICOM file.
    """
    broken: tuple[type[Exception], ...] = (*damage(), InputError)
    try:
        with quiet():
            uid = checked_uid(str(received.SOPInstanceUID))
            path = folder / f"{uid}.dcm"
            received.save_as(path, enforce_file_format=True)
            return uid, path
    except OSError:
        raise
    except broken as error:
        rule = "an instance must be a whole DICOM file, received one that is not"
        raise ArchiveError(f"{archive}: {rule} ({type(error).__name__})") from error
