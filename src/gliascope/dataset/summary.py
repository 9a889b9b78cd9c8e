"""What each side of a split holds, by institution."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gliascope.dataset.layout import PatientStatistics
from gliascope.dataset.members import SIDES, Split
from gliascope.dataset.sides import side_statistics
from gliascope.dataset.split import by_patient, units_of
from gliascope.dataset.stratify import terciles


@dataclass(frozen=True)
class SideRow:
    """Counts of one side and institution.

    Attributes
    ----------
    side : str
        ``train``, ``validation`` or ``test``.
    institution : str
        ``all`` for the side's sum.
    patients, slices, tumour_slices, tumour_px : int
        Patients are counted once, however many folders they have; `tumour_px` sums the true outlines.
    small, middle, large : int
        Patients whose tumour is in this third of all patients' that are on a side.
    """

    side: str
    institution: str
    patients: int
    slices: int
    tumour_slices: int
    tumour_px: int
    small: int
    middle: int
    large: int


def summarise(split: Split, measured: Sequence[PatientStatistics]) -> list[SideRow]:
    """Count patients, slices and tumour on each side of a split.

    Parameters
    ----------
    split : Split
    measured : sequence of PatientStatistics
        Folders that are on no side are left out.

    Returns
    -------
    list of SideRow
        For each side, every institution that it holds in alphabetical order, then ``all``.
    """
    held = {side: side_statistics(split, side, measured) for side in SIDES}
    there = {one.folder.name for mine in held.values() for one in mine}
    third = terciles(units_of(by_patient(one for one in measured if one.folder.name in there)))
    rows: list[SideRow] = []
    for side, mine in held.items():
        by_institution: dict[str, list[PatientStatistics]] = {}
        for one in mine:
            by_institution.setdefault(one.folder.institution, []).append(one)
        rows.extend(_row(side, institution, some, third) for institution, some in sorted(by_institution.items()))
        rows.append(_row(side, "all", mine, third))
    return rows


def _row(side: str, institution: str, mine: Sequence[PatientStatistics], third: Mapping[str, int]) -> SideRow:
    patients = {one.folder.patient for one in mine}
    return SideRow(
        side,
        institution,
        len(patients),
        sum(one.slices for one in mine),
        sum(one.tumour_slices for one in mine),
        sum(one.tumour_px for one in mine),
        *(sum(third[patient] == number for patient in patients) for number in range(3)),
    )
