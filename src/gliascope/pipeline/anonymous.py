"""A DICOM case under another name: nothing that results are made from tells the patient."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from gliascope.present.dicom.identity import stand_in
from gliascope.present.report.text import plural
from gliascope.scan import Case, Problem, Scan


def anonymous_case(case: Case) -> Case:
    """Take from a case what its files and headers are called.

    Names of folders and files, descriptions of series and the words of damaged files may tell a patient. The case is
    named as the patient is in its DICOM objects, its slices after their number; what reading had to say is counted, not
    repeated.

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
        return Case(stand_in(case.name), (), (), (Problem("input", rule),))
    name = stand_in(source.study_uid)
    scans = tuple(_unnamed(one) for one in case.scans)
    remarks = plural(len(case.warnings), "remark")
    warnings = (f"left out by --anonymise: {remarks} on its series",) if case.warnings else ()
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
