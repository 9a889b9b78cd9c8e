"""Which slices of a case a report shows large, and why each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

MOST: Final = 6
"""Slices shown large."""
FEW: Final = 4
"""Slices shown large where nothing is outlined."""


@dataclass(frozen=True)
class Choice:
    """One slice.

    Attributes
    ----------
    place : int
        Among the case's slices, from 0.
    why : str
        What it stands for; empty where it only fills the row.
    """

    place: int
    why: str


def key_slices(record: Mapping[str, Any]) -> list[Choice]:
    """Choose the slices that a reader wants to see first.

    Where there is an outline: the largest one, the one with the longest diameter, both ends, where it differs most from
    the truth, the most probable slice where it has no outline, and some between. Where there is none: the most probable
    slice, the largest truth, and some spread over the case. Blank slices are left out.

    Parameters
    ----------
    record : mapping
        The case's finding in its JSON form.

    Returns
    -------
    list of Choice
        In the case's order; empty where every slice is blank.
    """
    slices = record["slices"]
    seen = [place for place, one in enumerate(slices) if one["reason"] != "blank"]
    if not seen:
        return []
    outlined = [place for place in seen if slices[place]["area_px"]]
    reasons = _outlined(record, seen, outlined) if outlined else _clear(slices, seen)
    most = MOST if outlined else FEW
    chosen: dict[int, list[str]] = {}
    for place, why in reasons:
        if place in chosen or len(chosen) < most:
            chosen.setdefault(place, []).append(why)
    called = [place for place in seen if slices[place]["area_px"] or slices[place]["verdict"] == "tumour"]
    pool = outlined if len(outlined) >= MOST else called if outlined else seen
    for place in _spread(pool, most):
        if place not in chosen and len(chosen) < most:
            chosen[place] = []
    return [Choice(place, ", ".join(chosen[place])) for place in sorted(chosen)]


def _outlined(record: Mapping[str, Any], seen: Sequence[int], outlined: Sequence[int]) -> list[tuple[int, str]]:
    slices = record["slices"]
    largest = max(outlined, key=lambda place: slices[place]["area_px"])
    reasons = [(largest, "largest outline")]
    measured = (record.get("measurement") or {}).get("diameter_slice")
    if measured is not None:
        reasons.append((measured, "longest diameter"))
    missed = {place: _disagreement(slices[place]) for place in seen if _disagreement(slices[place]) > 0}
    if missed:
        reasons.append((max(missed, key=lambda place: missed[place]), "differs most from the true outline"))
    judged = [place for place in seen if slices[place]["probability"] is not None]
    probable = max(judged, key=lambda place: slices[place]["probability"], default=outlined[0])
    if not slices[probable]["area_px"]:
        reasons.append((probable, "highest probability"))
    if len(outlined) > 1:
        reasons += [(outlined[0], "first outlined slice"), (outlined[-1], "last outlined slice")]
    return reasons


def _clear(slices: Sequence[Mapping[str, Any]], seen: Sequence[int]) -> list[tuple[int, str]]:
    reasons = []
    judged = [place for place in seen if slices[place]["probability"] is not None]
    if judged:
        reasons.append((max(judged, key=lambda place: slices[place]["probability"]), "highest probability"))
    true = {place: one["truth"]["area_px"] for place, one in enumerate(slices) if one["truth"] is not None}
    if any(true.values()):
        reasons.append((max(true, key=lambda place: true[place]), "largest true outline, not found"))
    return reasons


def _disagreement(one: Mapping[str, Any]) -> float:
    """Pixels that only one of the two outlines holds."""
    truth = one["truth"]
    if truth is None or truth["dice"] is None:
        return 0.0
    return float((1.0 - truth["dice"]) * (one["area_px"] + truth["area_px"]))


def _spread(places: Sequence[int], count: int) -> list[int]:
    """Places at equal steps, the ends left out first."""
    return [places[round((index + 1) * (len(places) - 1) / (count + 1))] for index in range(count)]
