"""Choosing and dealing patients so that each part resembles the whole in institutions and tumour sizes."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

Key = Callable[[str], Hashable]
Partners = dict[str, list[str]]


@dataclass(frozen=True)
class Unit:
    """One patient, who is never divided.

    Attributes
    ----------
    patient : str
    institution : str
    tumour_px : int
        Size of the tumour: its pixels summed over all slices.
    """

    patient: str
    institution: str
    tumour_px: int


def choose(units: Sequence[Unit], share: float, seed: str, forced: Iterable[str] = ()) -> frozenset[str]:
    """Choose a share of the patients, balanced by institution and by tercile of tumour size.

    Patients are taken one after another: each time the one after whom the squared differences
    between chosen and proportional numbers, summed over institutions, terciles and their
    combinations, are least. Among equals the order is drawn by `seed`. Institutions too small to
    fill one place by themselves are counted as one.

    Parameters
    ----------
    units : sequence of Unit
        Their order does not matter.
    share : float
        0 to 1; the number chosen is the nearest to ``share * len(units)``, or that of `forced` if more.
    seed : str
    forced : iterable of str
        Patients who are chosen whatever their stratum, and counted in the balance.

    Returns
    -------
    frozenset of str
    """
    strata = _strata(units, share)
    wanted = {key: share * count for key, count in Counter(key for keys in strata.values() for key in keys).items()}
    chosen = set(forced)
    taken = Counter(key for patient in chosen for key in strata[patient])
    order = sorted(strata, key=lambda patient: draw(seed, patient))
    for _ in range(round(share * len(units)) - len(chosen)):
        free = [patient for patient in order if patient not in chosen]
        best = min(free, key=lambda patient: sum(2 * (taken[key] - wanted[key]) + 1 for key in strata[patient]))
        chosen.add(best)
        taken.update(strata[best])
    return frozenset(chosen)


def deal(units: Sequence[Unit], parts: int, seed: str) -> list[frozenset[str]]:
    """Divide patients into parts that hold the same number of every kind, give or take one.

    That is so of all patients, of each institution, of each tercile of tumour size and of their combinations. Patients
    are dealt in an order drawn by `seed`. Then, for as long as two parts differ by more than one patient of a kind,
    the patients of both are paired: by institution and tercile, then who is left by institution and by tercile. Pairs
    form chains, along which the patients go to one part and the other by turns, so that each pair is divided.

    Parameters
    ----------
    units : sequence of Unit
        Their order does not matter.
    parts : int
    seed : str

    Returns
    -------
    list of frozenset of str
        The parts; together everybody, once.
    """
    tercile = terciles(units)
    institution = {unit.patient: unit.institution for unit in units}
    kinds: tuple[Key, ...] = (
        lambda one: (institution[one], tercile[one]),
        institution.__getitem__,
        tercile.__getitem__,
    )
    order = sorted(institution, key=lambda patient: draw(seed, patient))
    dealt = [set(order[number::parts]) for number in range(parts)]
    unequal = True
    while unequal:
        unequal = False
        for first, second in itertools.combinations(range(parts), 2):
            if not _alike(dealt[first], dealt[second], kinds):
                both = [one for one in order if one in dealt[first] | dealt[second]]
                dealt[first], dealt[second] = _divide(both, kinds)
                unequal = True
    return [frozenset(one) for one in dealt]


def terciles(units: Iterable[Unit]) -> dict[str, int]:
    """Say of every patient whether the tumour is among the small (0), middle (1) or large (2) third of all."""
    ranked = sorted(units, key=lambda unit: (unit.tumour_px, unit.patient))
    return {unit.patient: 3 * rank // len(ranked) for rank, unit in enumerate(ranked)}


def draw(seed: str, name: str) -> str:
    """Draw a place in an order: the names sorted by it are shuffled, in the same way on every machine."""
    return hashlib.sha256(f"{seed}:{name}".encode()).hexdigest()


def _alike(first: set[str], second: set[str], kinds: Sequence[Key]) -> bool:
    return all(
        abs(ours[kind] - theirs[kind]) <= 1
        for key in (*kinds, lambda _: None)
        for ours, theirs in [(Counter(map(key, first)), Counter(map(key, second)))]
        for kind in ours | theirs
    )


def _divide(patients: Sequence[str], kinds: Sequence[Key]) -> tuple[set[str], set[str]]:
    """Divide patients into halves that hold the same number of every kind, give or take one."""
    both, *single = kinds
    partners: Partners = {one: [] for one in patients}
    alone = _pair(patients, both, partners)
    for kind in single:
        _pair(alone, kind, partners)
    halves: tuple[set[str], set[str]] = (set(), set())
    for chain in _chains(partners):
        start = int(len(halves[0]) > len(halves[1]))
        for place, one in enumerate(chain, start=start):
            halves[place % 2].add(one)
    return halves


def _pair(patients: Iterable[str], kind: Key, partners: Partners) -> list[str]:
    """Make partners of any two of a kind; give who is left, at most one of each."""
    waiting: dict[Hashable, str] = {}
    for one in patients:
        other = waiting.pop(kind(one), None)
        if other is None:
            waiting[kind(one)] = one
        else:
            partners[one].append(other)
            partners[other].append(one)
    return list(waiting.values())


def _chains(partners: Partners) -> Iterator[list[str]]:
    """Follow partners of partners: open chains from an end, then rings, whose pairs are of two kinds by turns."""
    seen: set[str] = set()
    for start in sorted(partners, key=lambda one: len(partners[one]) > 1):
        chain: list[str] = []
        following = [start] if start not in seen else []
        while following:
            seen.add(following[0])
            chain.append(following[0])
            following = [one for one in partners[following[0]] if one not in seen]
        if chain:
            yield chain


def _strata(units: Sequence[Unit], share: float) -> dict[str, tuple[tuple[str, str], ...]]:
    """Institution, tercile and their combination of every patient, as keys that can be counted."""
    sizes = Counter(unit.institution for unit in units)
    third = terciles(units)
    strata: dict[str, tuple[tuple[str, str], ...]] = {}
    for unit in sorted(units, key=lambda unit: (unit.tumour_px, unit.patient)):
        rare = sizes[unit.institution] * min(share, 1 - share) < 1
        institution = "" if rare else unit.institution
        tercile = str(third[unit.patient])
        strata[unit.patient] = (("institution", institution), ("tercile", tercile), (institution, f"tercile {tercile}"))
    return strata
