"""A planned study becomes one case."""

from __future__ import annotations

from collections.abc import Sequence as Many

from gliascope.read.dicom.decode import decode_series
from gliascope.read.dicom.plan import Plan
from gliascope.read.volume.join import REFERENCE, Joiner
from gliascope.read.volume.stored import Stored
from gliascope.scan import Case, Problem, Sequence


def read_study(plan: Plan, name: str, problems: Many[Problem] = (), *, register: bool = False) -> Case:
    """Read the series that a plan uses.

    Parameters
    ----------
    plan : Plan
    name : str
        Of the case.
    problems : sequence of Problem
        Files that belong to the study and cannot be read.
    register : bool
        Register every sequence to FLAIR, not only those that are measured to be misaligned.

    Returns
    -------
    Case
        With one scan, or none where no series can be used.
    """
    joiner = Joiner(always_register=register)
    joiner.problems.extend((*problems, *plan.problems))
    joiner.warnings.extend(plan.warnings)
    volumes: dict[Sequence, Stored] = {}
    for sequence in REFERENCE:
        series = plan.chosen.get(sequence)
        if series is None:
            continue
        decoded = decode_series(series, sequence, joiner.problems)
        if decoded is not None:
            volumes[sequence] = decoded
    if not volumes:
        return Case(name, (), (), tuple(joiner.problems), tuple(joiner.warnings))
    given = (*plan.chosen, *(one for one in REFERENCE if one not in plan.chosen and _is_broken(plan, one)))
    scan = joiner.join(volumes, given)
    return Case(name, (scan,), (None,) * len(scan), tuple(joiner.problems), tuple(dict.fromkeys(joiner.warnings)))


def _is_broken(plan: Plan, sequence: Sequence) -> bool:
    """Whether a sequence is there, and is told among the problems."""
    return any(one.series.recognition.sequence == sequence and one.series.flaw for one in plan.uses)
