"""The look at the images before anything is scored: all readable, all with truth, none seen by the model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gliascope.dataset.layout import PatientFolder
from gliascope.detect.assessable import blank_slices
from gliascope.errors import InputError
from gliascope.read import read_case
from gliascope.scan import Case


@dataclass(frozen=True)
class Survey:
    """What was found.

    Attributes
    ----------
    slices : int
    seen : dict of str to int
        Patients with slices that the model was trained or chosen on, and how many.
    """

    slices: int
    seen: dict[str, int]


def survey(folders: Sequence[PatientFolder], seen: frozenset[str]) -> Survey:
    """Read every image and its truth once.

    Parameters
    ----------
    folders : sequence of PatientFolder
    seen : frozenset of str
        Pixel hashes of slices that the model was trained or chosen on.

    Returns
    -------
    Survey

    Raises
    ------
    InputError
        If an image or a mask cannot be used, or a slice has no true mask.
    """
    known: dict[str, int] = {}
    slices = 0
    for folder in folders:
        case = read_case(folder.files)
        _check_complete(case)
        slices += len(case)
        mine = seen_slices(case, seen)
        count = sum(one.sha256 in mine for one in case.sources)
        if count:
            known[folder.patient] = known.get(folder.patient, 0) + count
    return Survey(slices, known)


def seen_slices(case: Case, seen: frozenset[str]) -> frozenset[str]:
    """Pixel hashes of the case's slices that are among the seen ones.

    Slices of one value throughout are left out: padding is the same in everybody's scan.
    """
    found: set[str] = set()
    for scan in case.scans:
        blank = blank_slices(scan.pixels)
        found.update(one.sha256 for one, empty in zip(scan.sources, blank, strict=True) if not empty)
    return frozenset(found & seen)


def check_unseen(found: Survey, origin: str) -> None:
    """Refuse images that the model was trained or chosen on.

    Raises
    ------
    InputError
        Naming how many, and which patients.
    """
    if found.seen:
        raise InputError(
            f"{origin}: a model must not be scored on images that it was trained or chosen on, received "
            f"{sum(found.seen.values())} such slices of {found.slices}, of {len(found.seen)} patients: "
            f"{', '.join(sorted(found.seen))} (--allow-seen scores them and marks every result as in-sample)"
        )


def _check_complete(case: Case) -> None:
    if case.problems:
        raise InputError(f"{case.problems[0].path}: {case.problems[0].message}")
    for source, truth in zip(case.sources, case.truths, strict=True):
        if truth is None:
            raise InputError(f"{source.path}: a slice must have a true mask to be scored, received none")
