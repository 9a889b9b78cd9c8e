"""A DICOM case under another name: nothing that results are made from tells the patient."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Final

from gliascope.scan import Case, Problem, Scan

STAND_IN: Final = "ANON-"
"""What the names of anonymised cases begin with."""


def anonymous_case(case: Case) -> Case:
    """Take from a case what its files and headers are called.

    Names of folders and files, descriptions of series and the words of damaged files may tell a patient. The case is
    named after a digest of its series' identifier, its slices after their number; what reading had to say is counted,
    not repeated.

    Parameters
    ----------
    case : Case

    Returns
    -------
    Case
        The same pixels and grid. One that was not read from DICOM has none, and says why: nothing tells which of its
        headers, names and pixels hold a patient's name.
    """
    source = next((one.volume.dicom for one in case.scans if one.volume is not None and one.volume.dicom), None)
    if source is None:
        rule = "an anonymised case must be a DICOM study, received one that is none or cannot be read"
        return Case(STAND_IN + _digest(case.name), (), (), (Problem("input", rule),))
    name = STAND_IN + _digest(source.series_uid)
    scans = tuple(_unnamed(one) for one in case.scans)
    warnings = (f"{len(case.warnings)} remarks on its series are not repeated (--anonymise)",) if case.warnings else ()
    problems = tuple(Problem("input", "a file or series could not be used (--anonymise)") for _ in case.problems)
    return replace(case, name=name, scans=scans, warnings=warnings, problems=problems)


def _unnamed(scan: Scan) -> Scan:
    path = Path("slice.dcm")
    sources = tuple(
        replace(one, path=path, page=place, pages=len(scan), series=one.series and "anonymised")
        for place, one in enumerate(scan.sources)
    )
    volume = scan.volume
    return replace(scan, sources=sources, volume=None if volume is None else replace(volume, path=path))


def _digest(text: str) -> str:
    return hashlib.sha256(f"gliascope anonymised {text}".encode()).hexdigest()[:12].upper()
