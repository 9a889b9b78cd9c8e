"""How far volumes are off, learned from patients whom the models had not seen: split-conformal intervals, and a flag.

The score of a patient is the logarithm of the true over the outlined area, divided by the outline's spread (normalised
conformal prediction: Papadopoulos, Gammerman & Vovk 2008; Lei et al. 2018). Quantiles of the scores of n patients,
taken at the ranks that make up for the sample's size, hold the next one with the level's probability if patients are
exchangeable.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np

from gliascope.errors import InputError
from gliascope.evaluate.record import EvaluationRecord
from gliascope.evaluate.record_parts import UncertaintyRecord
from gliascope.evaluate.score import PatientScore
from gliascope.rules import UncertaintyRule
from gliascope.segment.soft import judge_spread, spread_of

LEVEL: Final = 0.9
"""Share of the patients whose true volume an interval is to hold."""

REVIEWED: Final = 0.18
"""Share of the patients that are flagged for review: a fifth at most, with room for chance in new ones."""

WORST: Final = 0.1
"""The flag is judged by how many of this share of the patients, those with the lowest Dice, it marks."""


@dataclass(frozen=True)
class Volume:
    """One patient's outlines.

    Attributes
    ----------
    spread : float
        Of all slices together.
    true_px, predicted_px : int
    dice : float
    fold : int or None
    """

    spread: float
    true_px: int
    predicted_px: int
    dice: float
    fold: int | None

    @property
    def score(self) -> float:
        """Logarithm of the true over the outlined area, in spreads."""
        return math.log(self.true_px / self.predicted_px) / self.spread


def volumes_of(patients: Sequence[PatientScore]) -> list[Volume]:
    """Volumes with both outlines, whose spread was kept.

    Parameters
    ----------
    patients : sequence of PatientScore

    Returns
    -------
    list of Volume
        A patient of several folders, of which each was a volume, has one of each.
    """
    found = []
    for patient in patients:
        for _, some in groupby(patient.slices, key=lambda one: one.folder):
            slices = list(some)
            soft = [one.soft for one in slices if one.soft is not None]
            true, predicted, both = (sum(getattr(one, name) for one in slices) for name in _AREAS)
            if soft and true and predicted:
                found.append(Volume(spread_of(soft), true, predicted, 2 * both / (true + predicted), patient.fold))
    return found


_AREAS: Final = ("true_px", "predicted_px", "both_px")


def least_volumes(level: float = LEVEL) -> int:
    """Fewest volumes whose extreme scores are far enough out for an interval of that level."""
    return math.ceil(2 / (1 - level) - 1 - 1e-9)


def fit_uncertainty(volumes: Sequence[Volume], *, fitted_on: str) -> UncertaintyRule | None:
    """Fit the interval's quantiles and the flag's limit.

    Parameters
    ----------
    volumes : sequence of Volume
        Of patients whom the models had not seen.
    fitted_on : str
        Kept with the numbers.

    Returns
    -------
    UncertaintyRule or None
        None where there are fewer volumes than `least_volumes`.
    """
    count = len(volumes)
    if count < least_volumes():
        return None
    scores = np.sort([one.score for one in volumes])
    rank = math.floor((count + 1) * (1 - LEVEL) / 2 + 1e-9)
    spreads = np.sort([one.spread for one in volumes])
    return UncertaintyRule(
        level=LEVEL,
        low=float(scores[rank - 1]),
        high=float(scores[count - rank]),
        review=float(spreads[count - 1 - math.floor(REVIEWED * count + 1e-9)]),
        fitted_on=fitted_on,
        patients=count,
    )


def fit_interval(record: EvaluationRecord, patients: Sequence[PatientScore]) -> UncertaintyRule:
    """Fit the interval's quantiles and the flag's limit on what one model did with patients whom it had not seen.

    Parameters
    ----------
    record : EvaluationRecord
    patients : sequence of PatientScore
        That the record is of.

    Returns
    -------
    UncertaintyRule

    Raises
    ------
    InputError
        If the evaluation is of several models, or fewer volumes than `least_volumes` were outlined.
    """
    volumes = volumes_of(patients)
    if len(record.models) != 1:
        raise InputError(f"an interval is fitted to one model, received an evaluation of {len(record.models)}")
    rule = fit_uncertainty(volumes, fitted_on=record.split.side)
    if rule is None:
        raise InputError(
            f"an interval of the volume needs at least {least_volumes()} volumes with a true and a predicted outline, "
            f"received {len(volumes)}"
        )
    return rule


def measure_uncertainty(patients: Sequence[PatientScore]) -> UncertaintyRecord | None:
    """Judge intervals and flags that each volume gets from the others: from other folds' patients, or all but itself.

    Returns
    -------
    UncertaintyRecord or None
        None where there are too few volumes with a spread.
    """
    volumes = volumes_of(patients)
    judged = []
    for place, one in enumerate(volumes):
        others = [
            two for other, two in enumerate(volumes) if other != place and (one.fold is None or two.fold != one.fold)
        ]
        rule = fit_uncertainty(others, fitted_on="others")
        if rule is None:
            return None
        judged.append(judge_spread(one.spread, rule))
    if not volumes:
        return None
    inside = [
        said.low <= one.true_px / one.predicted_px <= said.high for one, said in zip(volumes, judged, strict=True)
    ]
    worst = sorted(range(len(volumes)), key=lambda place: volumes[place].dice)[: math.ceil(WORST * len(volumes))]
    return UncertaintyRecord(
        volumes=len(volumes),
        level=LEVEL,
        covered=sum(inside) / len(volumes),
        width=float(np.median([said.high / said.low for said in judged])),
        reviewed=sum(said.needs_review for said in judged),
        worst=len(worst),
        caught=sum(judged[place].needs_review for place in worst),
    )
