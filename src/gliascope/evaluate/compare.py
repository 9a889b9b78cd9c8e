"""Two results on the same patients, held against each other: paired bootstrap and Wilcoxon's signed-rank test."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict

from gliascope.errors import InputError
from gliascope.evaluate.definitions import EVERY, FIGURES
from gliascope.evaluate.figures import LEVEL, RESAMPLES, interval
from gliascope.evaluate.record import EvaluationRecord, Sample
from gliascope.evaluate.record_parts import BootstrapRecord
from gliascope.evaluate.resample import compute, draw_patients
from gliascope.evaluate.run import Evaluation
from gliascope.evaluate.score import PatientScore
from gliascope.evaluate.tables import model_name
from gliascope.evaluate.tally import tabulate

SCHEMA: Final = "gliascope.comparison/1"
"""Name and version of ``against.json``."""

RULE: Final = "two results must be about the same patients and slices to be compared"

NAMED: Final = 5
"""How many patients or slices an error message names."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, use_attribute_docstrings=True)


class ResultRecord(_Part):
    """One of the two results."""

    model: str
    """Name of the bundle, or of the cross-validation."""
    sample: Sample
    """What kind of images was scored."""
    data: str
    """Name of the data set's folder."""
    side: str
    """Side of the split."""
    split_sha256: str
    """The split's digest."""
    bundles: list[str]
    """SHA-256 of each model's ``bundle.json``."""
    pixels_sha256: str
    """Digest of the pixel hashes of all slices."""


class DifferenceRecord(_Part):
    """One figure of both results."""

    this: float | None
    """The figure of this result; null where it is not defined."""
    other: float | None
    """The figure of the other result."""
    difference: float | None
    """This minus other."""
    low: float | None
    """Lower end of the difference's interval."""
    high: float | None
    """Upper end of the difference's interval."""


class WilcoxonRecord(_Part):
    """Wilcoxon's signed-rank test of the patients' Dice, two-sided."""

    pairs: int
    """Patients with a Dice in both results."""
    different: int
    """Those whose Dice differs: equal ones are left out of the test."""
    statistic: float | None
    """The smaller sum of ranks; null where no patient differs."""
    p: float | None
    """Chance of such a difference or a larger one if neither result were better."""


class PairRecord(_Part):
    """One patient."""

    patient: str
    """The patient's name."""
    institution: str
    """Second part of the folder's name."""
    this: float | None
    """Dice in this result; null where both outlines are empty."""
    other: float | None
    """Dice in the other result."""


class ComparisonRecord(_Part):
    """Everything that ``against.json`` says."""

    this: ResultRecord
    other: ResultRecord
    same_pixels: bool
    """Whether the images are the same to the pixel; names and true outlines are the same in any case."""
    bootstrap: BootstrapRecord
    figures: dict[str, DifferenceRecord]
    """Every headline figure, by name; those in millimetres where both results have them."""
    wilcoxon: WilcoxonRecord
    wins: int
    """Patients with a higher Dice in this result."""
    losses: int
    """Patients with a higher Dice in the other result."""
    ties: int
    """Patients with the same Dice in both."""
    patients: list[PairRecord]
    """One entry a patient, by name."""
    stamp: str | None
    """What must be read before the figures; null where both results are evidence of accuracy."""

    def text(self) -> str:
        """JSON text, the schema first: the same results give the same bytes."""
        values = {"schema": SCHEMA, **self.model_dump(mode="json")}
        return json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def compare(this: Evaluation, other: Evaluation, *, resamples: int = RESAMPLES, seed: int = 0) -> ComparisonRecord:
    """Hold two results against each other.

    The interval of a difference is the percentile bootstrap over patients (Efron & Tibshirani 1993, chapter 13): each
    draw takes the same patients, with replacement, from both results, so that what is hard in a patient falls out.

    Parameters
    ----------
    this, other : Evaluation
        Of the same patients and slices.
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    ComparisonRecord

    Raises
    ------
    InputError
        If patients, slices or true outlines differ; the message names what.
    """
    check_same_slices(this.patients, other.patients)
    mine = sorted(this.patients, key=lambda one: one.patient)
    theirs = sorted(other.patients, key=lambda one: one.patient)
    pairs = [_pair(one, two) for one, two in zip(mine, theirs, strict=True)]
    known = [(one.this, one.other) for one in pairs if one.this is not None and one.other is not None]
    return ComparisonRecord(
        this=_result(this.record),
        other=_result(other.record),
        same_pixels=this.record.data.pixels_sha256 == other.record.data.pixels_sha256,
        bootstrap=BootstrapRecord(unit="patient", resamples=resamples, seed=seed, level=LEVEL),
        figures=_differences(mine, theirs, resamples, seed),
        wilcoxon=wilcoxon_test([one for one, _ in known], [two for _, two in known]),
        wins=sum(one > two for one, two in known),
        losses=sum(one < two for one, two in known),
        ties=sum(one == two for one, two in known),
        patients=pairs,
        stamp=_stamp(this.record, other.record),
    )


def wilcoxon_test(this: Sequence[float], other: Sequence[float]) -> WilcoxonRecord:
    """Test whether pairs differ, by Wilcoxon's signed-rank test (1945), two-sided; equal pairs are left out.

    Parameters
    ----------
    this, other : sequence of float
        One value a patient, in the same order.

    Returns
    -------
    WilcoxonRecord
    """
    from scipy.stats import wilcoxon

    differences = np.asarray(this, dtype=np.float64) - np.asarray(other, dtype=np.float64)
    different = differences[differences != 0]
    if not different.size:
        return WilcoxonRecord(pairs=len(differences), different=0, statistic=None, p=None)
    tested = wilcoxon(different)
    return WilcoxonRecord(
        pairs=len(differences), different=len(different), statistic=float(tested.statistic), p=float(tested.pvalue)
    )


def check_same_slices(this: Sequence[PatientScore], other: Sequence[PatientScore]) -> None:
    """Refuse results that are not about the same patients, slices and true outlines.

    Raises
    ------
    InputError
        Naming what differs.
    """
    check_same_patients({one.patient for one in this}, {one.patient for one in other})
    mine, theirs = ({one.patient: one for one in some} for some in (this, other))
    for name, one in sorted(mine.items()):
        ours, others = (_areas(score) for score in (one, theirs[name]))
        _check_names(f"{RULE}; {name}", "slices", set(ours), set(others))
        for slice_name, area in ours.items():
            if area != others[slice_name]:
                raise InputError(
                    f"{RULE}; {slice_name}: the true outlines must be the same, received {area} px in this and "
                    f"{others[slice_name]} px in the other"
                )


def check_same_patients(this: AbstractSet[str], other: AbstractSet[str]) -> None:
    """Refuse results of other patients, by their names.

    Raises
    ------
    InputError
        Naming who is missing from which.
    """
    _check_names(RULE, "patients", this, other)


def _check_names(rule: str, what: str, mine: AbstractSet[str], theirs: AbstractSet[str]) -> None:
    if mine != theirs:
        sides = (("this", mine - theirs), ("the other", theirs - mine))
        raise InputError(f"{rule}: received {what} {', and '.join(_only(*side) for side in sides if side[1])}")


def _only(where: str, names: AbstractSet[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"only in {where}: {', '.join(sorted(names)[:NAMED])}{more}"


def _areas(score: PatientScore) -> dict[str, int]:
    return {
        f"{one.folder}/{one.file}" + (f" page {one.page + 1}" if one.page else ""): one.true_px for one in score.slices
    }


def _pair(one: PatientScore, two: PatientScore) -> PairRecord:
    return PairRecord(
        patient=one.patient, institution=one.institution, this=_defined(one.dice), other=_defined(two.dice)
    )


def _differences(
    mine: Sequence[PatientScore], theirs: Sequence[PatientScore], resamples: int, seed: int
) -> dict[str, DifferenceRecord]:
    tallies = tabulate(mine), tabulate(theirs)
    everyone = np.arange(len(mine))[np.newaxis]
    draws = draw_patients(len(mine), resamples if len(mine) > 1 else 0, seed)
    values = [compute(one, everyone) for one in tallies]
    drawn = [compute(one, draws) for one in tallies]
    found = {}
    are_placed = all(one.has_geometry for one in (*mine, *theirs))
    for name in (one.name for one in (EVERY if are_placed else FIGURES)):
        this, other = (float(one[name][0]) for one in values)
        low, high = interval(drawn[0][name] - drawn[1][name])
        numbers = {"this": this, "other": other, "difference": this - other, "low": low, "high": high}
        found[name] = DifferenceRecord(**{key: _defined(value) for key, value in numbers.items()})
    return found


def _result(record: EvaluationRecord) -> ResultRecord:
    return ResultRecord(
        model=model_name(record),
        sample=record.sample,
        data=record.data.name,
        side=record.split.side,
        split_sha256=record.split.sha256,
        bundles=[one.bundle.sha256 for one in record.models],
        pixels_sha256=record.data.pixels_sha256,
    )


def _stamp(this: EvaluationRecord, other: EvaluationRecord) -> str | None:
    """One of the two may be evidence; the difference is none then."""
    said: dict[str, Any] = {"This result: ": this.stamp, "The other result: ": other.stamp}
    if this.stamp == other.stamp:
        return this.stamp
    return " ".join(f"{whose}{stamp}" for whose, stamp in said.items() if stamp)


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value
