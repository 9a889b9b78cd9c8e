"""Whose a folder is, by its name: what keeps all dates of a patient on one side of a split."""

from __future__ import annotations

import re
from typing import Final

from gliascope.read.folders import INSIDE, is_session

UNKNOWN: Final = "unknown"
"""Institution of a folder whose name tells none."""

_NAMED: Final = (
    re.compile(r"sub-[A-Za-z0-9]+"),
    re.compile(r"TCGA-[A-Z0-9]{2}-[A-Z0-9]{4}", re.IGNORECASE),
    re.compile(r"[A-Za-z]+-[A-Za-z]+-\d{3,}"),
)
"""How names of patients begin: BIDS's, TCGA's with hyphens, and ``BraTS-GLI-00005`` or ``UPENN-GBM-00001``."""


def patient_of(name: str) -> str:
    """Tell the patient of a folder.

    Parameters
    ----------
    name : str
        As `gliascope.read.folders.folder_name` gives it; of a slice's name, what stands before the file.

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
    return is_session(parts[place]) or (parts[place].isalpha() and is_session(pair))


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
