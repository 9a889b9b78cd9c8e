"""Choosing patients so that a side resembles the whole in institutions and tumour sizes."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


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
    order = sorted(strata, key=lambda patient: _draw(seed, patient))
    for _ in range(round(share * len(units)) - len(chosen)):
        free = [patient for patient in order if patient not in chosen]
        best = min(free, key=lambda patient: sum(2 * (taken[key] - wanted[key]) + 1 for key in strata[patient]))
        chosen.add(best)
        taken.update(strata[best])
    return frozenset(chosen)


def _draw(seed: str, patient: str) -> str:
    return hashlib.sha256(f"{seed}:{patient}".encode()).hexdigest()


def _strata(units: Sequence[Unit], share: float) -> dict[str, tuple[tuple[str, str], ...]]:
    """Institution, tercile and their combination of every patient, as keys that can be counted."""
    sizes = Counter(unit.institution for unit in units)
    ranked = sorted(units, key=lambda unit: (unit.tumour_px, unit.patient))
    strata: dict[str, tuple[tuple[str, str], ...]] = {}
    for rank, unit in enumerate(ranked):
        rare = sizes[unit.institution] * min(share, 1 - share) < 1
        institution = "" if rare else unit.institution
        tercile = str(3 * rank // len(ranked))
        strata[unit.patient] = (("institution", institution), ("tercile", tercile), (institution, f"tercile {tercile}"))
    return strata
