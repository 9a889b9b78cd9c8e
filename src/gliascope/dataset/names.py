"""Whose a folder is, by its name and place: what keeps all dates of a patient on one side of a split."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

UNKNOWN: Final = "unknown"
"""Institution of a folder whose name tells none."""

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
    r"|\d+(?:\.\d+){3,}",
    re.IGNORECASE,
)
"""A whole name that is a date, a session, a time point or a UID."""

_NAMED: Final = (
    re.compile(r"sub-[A-Za-z0-9]+"),
    re.compile(r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}", re.IGNORECASE),
    re.compile(r"[A-Za-z]+-[A-Za-z]+-\d{3,}"),
)
"""How names of patients begin: BIDS's, TCGA's with hyphens, and ``BraTS-GLI-00005`` or ``UPENN-GBM-00001``."""


def is_session(name: str) -> bool:
    """Whether a whole name is a date's or a session's, so that somebody else's may be the same."""
    return _SESSION.fullmatch(name) is not None


def folder_name(path: Path) -> str:
    """Name the folder of a case, from the patient's folder on.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        The folder's own name; where that is a session's or a date's, with the names above up to one that is not:
        ``sub-01/ses-02`` of ``sub-01/ses-02/anat``.
    """
    parts = list(_above(path.resolve()))
    kept = [one for one in parts if not _CONTENT.fullmatch(one)] or parts[:1]
    return INSIDE.join(reversed(kept))


def _above(path: Path) -> Iterator[str]:
    """Names from a folder upwards, up to the first that is neither a content's nor a session's."""
    for one in (path, *path.parents):
        if one.name:
            yield one.name
        if not (_CONTENT.fullmatch(one.name) or _SESSION.fullmatch(one.name)):
            return


def patient_of(name: str) -> str:
    """Tell the patient of a folder.

    Parameters
    ----------
    name : str
        As `folder_name` gives it; of a slice's name, what stands before the file.

    Returns
    -------
    str
        What names of known schemes begin with (`sub-01`, `TCGA-CS-4941`, `BraTS-GLI-00005`); else the parts before the
        first date or session, parts being parted by ``_``: the first three at most, or so many more that there is a
        number among them. So it is ``TCGA_CS_4941`` of ``TCGA_CS_4941_19960909``.
    """
    own = name.partition(INSIDE)[0]
    for scheme in _NAMED:
        if found := scheme.match(own):
            return found.group()
    parts = own.split("_")
    times = (place for place in range(1, len(parts)) if _begins_session(parts, place))
    parts = parts[: next(times, len(parts))]
    numbered = (place for place in range(3, len(parts) + 1) if any(map(str.isdigit, "".join(parts[:place]))))
    return "_".join(parts[: next(numbered, len(parts))])


def _begins_session(parts: list[str], place: int) -> bool:
    """Whether a part is a session's or a date's, by itself or, as in ``Timepoint_1``, with its number."""
    pair = "_".join(parts[place : place + 2])
    return bool(_SESSION.fullmatch(parts[place]) or (parts[place].isalpha() and _SESSION.fullmatch(pair)))


def institution_of(name: str) -> str:
    """Tell the institution of a folder: the second part of three or more, as in ``TCGA_CS_4941``.

    Returns
    -------
    str
        `UNKNOWN` where the patient's name has fewer parts, or the second is a number and the first not ``TCGA``.
    """
    patient = patient_of(name)
    parts = patient.split("-" if patient.upper().startswith("TCGA-") else "_")
    if len(parts) < 3 or (parts[1].isdigit() and parts[0].upper() != "TCGA"):
        return UNKNOWN
    return parts[1]
