"""What each side of a split holds, by institution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gliascope.dataset.layout import PatientStatistics
from gliascope.dataset.split import SIDES, Split


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
    """

    side: str
    institution: str
    patients: int
    slices: int
    tumour_slices: int
    tumour_px: int


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
    rows: list[SideRow] = []
    for side in SIDES:
        mine = [one for one in measured if split.side_of(one.folder.name) == side]
        by_institution: dict[str, list[PatientStatistics]] = {}
        for one in mine:
            by_institution.setdefault(one.folder.institution, []).append(one)
        rows.extend(_row(side, institution, some) for institution, some in sorted(by_institution.items()))
        rows.append(_row(side, "all", mine))
    return rows


def _row(side: str, institution: str, mine: Sequence[PatientStatistics]) -> SideRow:
    return SideRow(
        side=side,
        institution=institution,
        patients=len({one.folder.patient for one in mine}),
        slices=sum(one.slices for one in mine),
        tumour_slices=sum(one.tumour_slices for one in mine),
        tumour_px=sum(one.tumour_px for one in mine),
    )
