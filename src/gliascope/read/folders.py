"""How a folder is called by its name and place: what it holds and when says nothing of whose it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

INSIDE: Final = "/"
"""Between a patient's folder and the session's in a name: ``Patient-001/week-000``."""

_CONTENT: Final = re.compile(
    r"anat|nifti|nii|mri?|images?|imaging|volumes|registered|coregistered|preprocessed", re.IGNORECASE
)
"""A folder that says what it holds, not whose it is."""

_TIME: Final = (
    r"(?:ses|session|week|wk|month|day|visit|time|timepoint|tp|scan|exam|study|date|baseline|follow-?up|fu|"
    r"pre-?op|post-?op|pre|post|t|v)"
)
_DATE: Final = r"(?:19|20)\d{2}(?P<parting>[-.]?)(?:0[1-9]|1[0-2])(?P=parting)(?:0[1-9]|[12]\d|3[01])"
_SESSION: Final = re.compile(
    rf"{_DATE}(?:[-_T. ].*)?|{_TIME}[-_. ]?\d+[a-z]?(?:[-_. ]\d+)*|(?:baseline|follow-?up|pre-?op|post-?op)"
    r"|ses-[a-z0-9]+|\d+(?:\.\d+){3,}",
    re.IGNORECASE,
)
"""A whole name that is a date, a session, a time point or a UID."""

_BIDS_SESSION: Final = re.compile(r"ses-[A-Za-z0-9]+")
"""A session's folder that is named with its subject wherever it is analysed; others keep their own name."""


def is_session(name: str) -> bool:
    """Whether a whole name is a date's or a session's, so that somebody else's may be the same."""
    return _SESSION.fullmatch(name) is not None


def folder_name(path: Path) -> str:
    """Name the folder of a case of a data set, from the patient's folder on.

    Parameters
    ----------
    path : Path
        Links are followed.

    Returns
    -------
    str
        The folder's own name; where that is a session's or a date's, with the names above up to one that is not:
        ``sub-01/ses-02`` of ``sub-01/ses-02/anat``.
    """
    return INSIDE.join(_from_patient(path.resolve()))


def case_name(path: Path) -> str:
    """Name the folder of a case that is analysed.

    Parameters
    ----------
    path : Path
        A link has its own name, not that of its target.

    Returns
    -------
    str
        The folder's own name; where that says what the folder holds (``anat``) or is a session's of BIDS (``ses-02``),
        the names from the patient's on: ``sub-01_ses-02`` of ``sub-01/ses-02/anat``. Empty for a file system's root.
    """
    whole = path.resolve() if ".." in path.parts else path.absolute()
    if _CONTENT.fullmatch(whole.name) or _BIDS_SESSION.fullmatch(whole.name):
        return "_".join(_from_patient(whole))
    return whole.name


def _from_patient(path: Path) -> list[str]:
    """Names from the patient's folder down, without those that say what a folder holds."""
    parts = list(_above(path))
    return [one for one in parts if not _CONTENT.fullmatch(one)][::-1] or parts[:1]


def _above(path: Path) -> Iterator[str]:
    """Names from a folder upwards, up to the first that is neither a content's nor a session's."""
    for one in (path, *path.parents):
        if one.name:
            yield one.name
        if not (_CONTENT.fullmatch(one.name) or _SESSION.fullmatch(one.name)):
            return
