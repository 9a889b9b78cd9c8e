"""The check of a data set from beginning to end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gliascope.dataset.check.across import check_across
from gliascope.dataset.check.facts import Notes
from gliascope.dataset.check.folder import check_folder
from gliascope.dataset.check.report import CheckReport, in_order
from gliascope.dataset.check.stray import check_stray
from gliascope.dataset.check.volumes import check_volumes
from gliascope.dataset.layout import crowded_folders, name_of, refuse_studies
from gliascope.errors import InputError
from gliascope.read.find import find_cases

Advance = Callable[[int, int, str], None]
"""Called after each step: how many are done, how many there are, and what was done."""


def check_data(root: str | Path, advance: Advance = lambda _done, _total, _note: None) -> CheckReport:
    """Check a data set in the LGG layout, or of labelled NIfTI cases: files, truths, names, and what patients share.

    No file ends the check, however damaged. Slices are forgotten as soon as their folder is read: what is kept of each
    is its digest and, of images, a thumbnail of 4 kB.

    Parameters
    ----------
    root : path
        The folder of patients' folders (``kaggle_3m``), or one above it.
    advance : callable
        See `Advance`.

    Returns
    -------
    CheckReport
        What was found; `gliascope.dataset.check.RULES` says what is checked.

    Raises
    ------
    InputError
        If there is no such folder, no image in it, or DICOM studies.
    """
    place = Path(root)
    if not place.is_dir():
        raise InputError(f"{root}: a data set must be a folder, received {'a file' if Path(root).exists() else 'none'}")
    cases = find_cases(place)
    if not any(case.images for case in cases):
        raise InputError(f"{root}: a data set must hold patients' folders with images, received none")
    refuse_studies(cases, "gliascope data check")
    crowded = crowded_folders(cases)
    notes = Notes(place)
    folders = []
    for done, case in enumerate(cases, start=1):
        if case.sequences:
            folders.append(check_volumes(case, name_of(case, is_alone=case.path not in crowded), notes))
        else:
            folders.append(check_folder(case, notes))
        advance(done, len(cases), case.path.name)
    check_across(folders, notes, lambda _done, _total: advance(len(cases), len(cases), "comparing patients"))
    check_stray(place, {path for case in cases for path in (*case.images, *case.masks)}, notes)
    filled = [one for one in folders if one.slices]
    return CheckReport(
        data=str(root),
        folders=len(filled),
        patients=len({one.patient for one in filled}),
        slices=sum(len(one.slices) for one in filled),
        remarks=in_order(notes),
    )
