"""DICOM files that were met become studies, planned, each with what could not be read of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gliascope.errors import InputError
from gliascope.read.dicom.plan import Plan, plan_study
from gliascope.read.dicom.search import Gathered, read_headers
from gliascope.read.dicom.series import studies_of
from gliascope.scan import Problem, Sequence


@dataclass(frozen=True, eq=False)
class Found:
    """A study, or files of none.

    Attributes
    ----------
    plan : Plan or None
        None for files that belong to no study, because they cannot be read.
    root : Path
        The input by which it was met.
    problems : tuple of Problem
        Files that cannot be read.
    """

    plan: Plan | None
    root: Path
    problems: tuple[Problem, ...] = ()


def find_studies(gathered: Gathered, named: Mapping[str, Sequence]) -> list[Found]:
    """Read the headers of files, put them together and plan what is used.

    Parameters
    ----------
    gathered : Gathered
    named : mapping of str to str
        See `gliascope.read.dicom.plan.parse_named`.

    Returns
    -------
    list of Found
        In the order they were met.

    Raises
    ------
    InputError
        If a series is named that is not there.
    """
    instances, problems = read_headers(gathered.places)
    studies = studies_of(instances)
    there = {one.uid for study in studies for one in study.series}
    for uid in named:
        if uid not in there:
            raise InputError(f"a series that is named must be among the inputs, received {uid}: not found")
    by_place = {str(place): (place, root) for place, root in gathered.places.items()}
    loose = list(gathered.problems)
    owned: dict[str, list[Problem]] = {}
    for one in problems:
        place, root = by_place[one.path]
        near = {two.study_uid for two in instances if two.place.folder == place.folder}
        if len(near) == 1:
            owned.setdefault(near.pop(), []).append(one)
        else:
            loose.append((one, root))
    found = [
        Found(
            plan_study(study, named),
            gathered.places[study.series[0].first.place],
            tuple(owned.get(study.uid, ())),
        )
        for study in studies
    ]
    roots = dict.fromkeys(root for _, root in loose)
    return [*found, *(Found(None, root, tuple(one for one, other in loose if other == root)) for root in roots)]
