"""Patients put into groups: by institution, by tumour size, by missing sequence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from gliascope.evaluate.score import PatientScore
from gliascope.prepare import LONG_NAMES

By = Literal["institution", "size", "missing"]

TERCILES: Final = (1 / 3, 2 / 3)
NO_TUMOUR: Final = "no tumour"
COMPLETE: Final = "none"


@dataclass(frozen=True)
class Group:
    """Some of the patients.

    Attributes
    ----------
    by : str
        What they have in common.
    name : str
    patients : tuple of PatientScore
        At least one, in the order they were given in.
    """

    by: By
    name: str
    patients: tuple[PatientScore, ...]


def groups_of(patients: Sequence[PatientScore]) -> list[Group]:
    """Put patients into groups; each is in one group of every kind.

    Sizes are terciles of the true volume of these patients: at most the lower limit, at most the upper one, and above;
    in millilitres where every slice has a spacing, else in pixels.
    Patients without a true outline are a group of their own.

    Parameters
    ----------
    patients : sequence of PatientScore

    Returns
    -------
    list of Group
        Institutions by name, sizes from small to large, and what is missing: nothing first.
    """
    sizes, in_ml = _size_names(patients), sizes_in_ml(patients)
    return [
        *_grouped("institution", patients, lambda one: (one.institution, one.institution)),
        *_grouped("size", patients, lambda one: _size(one, sizes, in_ml=in_ml)),
        *_grouped("missing", patients, lambda one: (len(one.missing), _missing(one))),
    ]


def _grouped(
    by: By, patients: Sequence[PatientScore], key: Callable[[PatientScore], tuple[int | str, str]]
) -> list[Group]:
    members: dict[tuple[int | str, str], list[PatientScore]] = {}
    for one in patients:
        members.setdefault(key(one), []).append(one)
    return [Group(by, order[1], tuple(mine)) for order, mine in sorted(members.items())]


def size_of(one: PatientScore, *, in_ml: bool) -> float:
    """True volume of a patient, in millilitres or in pixels."""
    return one.true_ml if in_ml else one.true_px


def sizes_in_ml(patients: Sequence[PatientScore]) -> bool:
    """Whether these patients are grouped by millilitres: all have geometry."""
    return all(one.has_geometry for one in patients)


def _size_names(patients: Sequence[PatientScore]) -> list[tuple[float, str]]:
    """Upper limit and name of each tercile."""
    in_ml = sizes_in_ml(patients)
    volumes = [size_of(one, in_ml=in_ml) for one in patients if one.true_px]
    if not volumes:
        return []
    low, high = np.quantile(volumes, TERCILES, method="lower").tolist()
    if in_ml:
        names = [(low, f"small: up to {low:.1f} ml"), (high, f"medium: up to {high:.1f} ml")]
        return [*names, (np.inf, f"large: over {high:.1f} ml")]
    names = [(low, f"small: up to {low:.0f} px"), (high, f"medium: {low + 1:.0f} to {high:.0f} px")]
    return [*names, (np.inf, f"large: {high + 1:.0f} px and more")]


def _size(one: PatientScore, sizes: Sequence[tuple[float, str]], *, in_ml: bool) -> tuple[int, str]:
    if not one.true_px:
        return 0, NO_TUMOUR
    size = size_of(one, in_ml=in_ml)
    rank = next(place for place, (limit, _) in enumerate(sizes) if size <= limit)
    return rank + 1, sizes[rank][1]


def _missing(one: PatientScore) -> str:
    return " and ".join(LONG_NAMES[name] for name in one.missing) or COMPLETE
