"""Which series of a study is used as what, and why the others are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gliascope.errors import InputError
from gliascope.read.dicom.series import Series, Study
from gliascope.read.volume.join import REFERENCE, TITLES
from gliascope.scan import SEQUENCES, Problem, Sequence

NAMES: Final[dict[str, Sequence]] = {"flair": "flair", "t1": "pre", "t1c": "post"}
"""What ``--series`` calls the sequences."""
SHOWN: Final = 4
"""Series that a message names."""


@dataclass(frozen=True, eq=False)
class Use:
    """What becomes of one series.

    Attributes
    ----------
    series : Series
    sequence : str or None
        What it is used as; None where it is not used.
    reason : str
        Why.
    """

    series: Series
    sequence: Sequence | None
    reason: str


@dataclass(frozen=True, eq=False)
class Plan:
    """What becomes of one study.

    Attributes
    ----------
    study : Study
    uses : tuple of Use
        One a series.
    problems : tuple of Problem
        What could not be used although it was wanted.
    warnings : tuple of str
    """

    study: Study
    uses: tuple[Use, ...]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def chosen(self) -> dict[Sequence, Series]:
        """The series of each sequence that there is."""
        return {one.sequence: one.series for one in self.uses if one.sequence is not None}


def parse_named(named: Iterable[str]) -> dict[str, Sequence]:
    """Understand what ``--series`` was given.

    Parameters
    ----------
    named : iterable of str
        A Series Instance UID, taken as FLAIR, or one behind ``flair=``, ``t1=`` or ``t1c=``.

    Returns
    -------
    dict of str to str
        Sequence of each UID.

    Raises
    ------
    InputError
        If a name is unknown, or a sequence or a series comes twice.
    """
    found: dict[str, Sequence] = {}
    for one in named:
        name, _, uid = one.rpartition("=")
        if (name or "flair") not in NAMES or not uid:
            raise InputError(f"a series must be given as UID, flair=UID, t1=UID or t1c=UID, received {one!r}")
        sequence = NAMES[name or "flair"]
        if uid in found or sequence in found.values():
            raise InputError(f"each sequence must be given one series of its own, received {one!r} too")
        found[uid] = sequence
    return found


def plan_study(study: Study, named: Mapping[str, Sequence] | None = None) -> Plan:
    """Decide which series of a study are used.

    Parameters
    ----------
    study : Study
    named : mapping of str to str, optional
        Sequences that the user gave to series, by UID: they go before what the headers say.

    Returns
    -------
    Plan
    """
    named = {one.uid: named[one.uid] for one in study.series if one.uid in named} if named else {}
    if study.flaw:
        uses = tuple(Use(one, None, study.flaw) for one in study.series)
        return Plan(study, uses, (Problem(_where(study), study.flaw),))
    chosen: dict[Sequence, Series] = {}
    problems: list[Problem] = []
    warnings: list[str] = []
    wanted: dict[Sequence, list[Series]] = {one: [] for one in SEQUENCES}
    for one in study.series:
        if (sequence := _wanted_as(one, named)) is not None:
            wanted[sequence].append(one)
    for sequence in REFERENCE:
        found = [one for one in wanted[sequence] if not why_unusable(one)]
        if found:
            chosen[sequence] = _best(found, chosen)
            warnings.extend(_told(sequence, chosen[sequence], found, named))
        elif wanted[sequence]:
            broken = wanted[sequence][-1]
            problems.append(
                Problem(str(broken.first.place), f"{TITLES[sequence]}, {broken.label}: {why_unusable(broken)}")
            )
    if chosen and "flair" not in chosen:
        warnings.append("the study has no FLAIR that can be used: it is not assessable")
    uses = tuple(_use(one, chosen, named) for one in study.series)
    if not chosen and not problems:
        problems.append(_nothing(study, uses))
    return Plan(study, uses, tuple(problems), tuple(warnings))


def why_unusable(series: Series) -> str:
    """Rule that keeps a series from being read at all; empty where none does."""
    return series.forbidden or series.flaw


def _wanted_as(series: Series, named: Mapping[str, Sequence]) -> Sequence | None:
    """What a series is wanted as: the user's word, else the headers', unless the user gave that sequence to another."""
    if series.uid in named:
        return named[series.uid]
    recognised = series.recognition.sequence
    return None if recognised in named.values() else recognised


def _best(found: list[Series], chosen: Mapping[Sequence, Series]) -> Series:
    """Original images first, then those in the plane of the FLAIR (or axial), then the last: it replaces the others."""
    base = chosen.get("flair") or next(iter(chosen.values()), None)

    def rank(series: Series) -> tuple[bool, bool, bool, bool, int]:
        in_plane = series.plane.endswith("axial") if base is None else series.is_parallel(base)
        elsewhere = base is not None and series.first.frame_of_reference_uid != base.first.frame_of_reference_uid
        with_agent = base is None and series.recognition.has_agent and series.recognition.sequence == "flair"
        latest = -(series.first.series_number or 0)
        return series.recognition.is_derived, not (in_plane or series.is_isotropic), elsewhere, with_agent, latest

    return min(found, key=rank)


def _told(sequence: Sequence, taken: Series, found: list[Series], named: Mapping[str, Sequence]) -> list[str]:
    told = [f"{taken.label}: {note}" for note in (taken.stack.notes if taken.stack is not None else ())]
    others = [one.label for one in found if one is not taken]
    if others:
        told.append(
            f"{TITLES[sequence]} is there several times: {taken.label} is used, not {', '.join(others)}; "
            "--series names another"
        )
    if taken.recognition.is_derived:
        told.append(f"{taken.label}: ImageType says DERIVED; it is used as {TITLES[sequence]} all the same")
    if taken.uid in named and taken.recognition.sequence != sequence:
        told.append(
            f"{taken.label}: used as {TITLES[sequence]}, as was asked for; the headers say {taken.recognition.reason}"
        )
    return told


def _use(series: Series, chosen: Mapping[Sequence, Series], named: Mapping[str, Sequence]) -> Use:
    for sequence, taken in chosen.items():
        if taken is series:
            return Use(series, sequence, "as was asked for" if series.uid in named else series.recognition.reason)
    reason = why_unusable(series)
    wanted = series.recognition.sequence
    if wanted is None:
        more = (series.flaw,) if series.flaw else series.stack.notes if series.stack is not None else ()
        return Use(series, None, "; ".join((series.recognition.reason, *more)))
    if not reason and wanted not in chosen:
        return Use(series, None, f"{TITLES[wanted]}, but another was asked for")
    if not reason:
        taken = chosen[wanted]
        return Use(series, None, f"{TITLES[wanted]}, but {taken.label} is used: {_why_not(series, taken, named)}")
    return Use(series, None, f"{TITLES[wanted]} by its headers, but {reason}")


def _why_not(series: Series, taken: Series, named: Mapping[str, Sequence]) -> str:
    if taken.uid in named:
        return "it was asked for"
    if series.recognition.is_derived and not taken.recognition.is_derived:
        return "it is original"
    if series.plane != taken.plane:
        return f"its slices are {taken.plane}"
    if series.recognition.has_agent and not taken.recognition.has_agent:
        return "it is without contrast agent"
    return "it is the last"


def _nothing(study: Study, uses: Iterable[Use]) -> Problem:
    listed = [f"{one.series.label}: {one.reason}" for one in uses]
    more = f"; and {len(listed) - SHOWN} more series" if len(listed) > SHOWN else ""
    return Problem(
        _where(study), f"a study must have FLAIR or T1 that can be used, received {'; '.join(listed[:SHOWN])}{more}"
    )


def _where(study: Study) -> str:
    return str(study.series[0].first.place)
