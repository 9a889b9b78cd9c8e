"""From scored patients to the record: everything in it follows from the slices' scores and an `Origin`."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from gliascope.evaluate.figures import LEVEL, Figure, headline
from gliascope.evaluate.groups import groups_of
from gliascope.evaluate.operating import operating_results
from gliascope.evaluate.record import EvaluationRecord, Sample
from gliascope.evaluate.record_parts import (
    BootstrapRecord,
    DataRecord,
    FigureRecord,
    GroupRecord,
    ModelRecord,
    PatientRecord,
    SplitRecord,
)
from gliascope.evaluate.reliability import reliability_of
from gliascope.evaluate.roc import confusion_of, curves_of
from gliascope.evaluate.score import PatientScore
from gliascope.evaluate.uncertainty import measure_uncertainty

WORST: Final = 10
"""How many of the worst patients are named."""


class Origin(BaseModel):
    """What a record says that does not follow from the slices' scores; see `EvaluationRecord`."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    sample: Sample
    data: str
    split: SplitRecord
    models: list[ModelRecord] = Field(min_length=1)
    provenance: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Evaluation:
    """An evaluation with every slice's score.

    Attributes
    ----------
    record : EvaluationRecord
        What ``evaluation.json`` says.
    patients : tuple of PatientScore
        By name.
    """

    record: EvaluationRecord
    patients: tuple[PatientScore, ...]


def make_record(patients: Sequence[PatientScore], origin: Origin, *, resamples: int, seed: int) -> EvaluationRecord:
    """Compute every figure.

    Parameters
    ----------
    patients : sequence of PatientScore
        By name.
    origin : Origin
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    EvaluationRecord

    Raises
    ------
    InputError
        If there is no patient, or `resamples` is negative.
    """
    figures = _figures(patients, resamples, seed)
    groups = [(one, _figures(one.patients, resamples, seed)) for one in groups_of(patients)]
    return EvaluationRecord(
        sample=origin.sample,
        data=_data(origin.data, patients),
        split=origin.split,
        models=origin.models,
        provenance=origin.provenance,
        bootstrap=BootstrapRecord(unit="patient", resamples=resamples, seed=seed, level=LEVEL),
        figures=figures,
        confusion=confusion_of(patients),
        curves=curves_of(patients),
        groups=[
            GroupRecord(by=group.by, name=group.name, figures={name: mine[name] for name in figures})
            for group, mine in groups
        ],
        patients=[_patient(one) for one in patients],
        worst=worst_patients(patients),
        reliability=reliability_of(patients),
        operating_results=operating_results(patients, origin.models, resamples=resamples, seed=seed),
        uncertainty=measure_uncertainty(patients),
    )


def origin_of(record: EvaluationRecord) -> Origin:
    """Tell what a record says that does not follow from the slices' scores."""
    return Origin(
        sample=record.sample,
        data=record.data.name,
        split=record.split,
        models=record.models,
        provenance=record.provenance,
    )


def worst_patients(patients: Sequence[PatientScore]) -> list[str]:
    """Name the patients with the lowest Dice, lowest first; those without a Dice are never among them."""
    known = sorted((one.dice, one.patient) for one in patients if not math.isnan(one.dice))
    return [name for _, name in known[:WORST]]


def _data(name: str, patients: Sequence[PatientScore]) -> DataRecord:
    slices = [one for patient in patients for one in patient.slices]
    hashes = "".join(f"{digest}\n" for digest in sorted(one.sha256 for one in slices))
    return DataRecord(
        name=name,
        patients=len(patients),
        slices=len(slices),
        tumour_slices=sum(one.tumour for one in slices),
        not_assessable=sum(one.verdict == "not assessable" for one in slices),
        undefined_volumes=sum(math.isnan(one.dice) for one in patients),
        seen_slices=sum(one.seen for one in slices),
        seen_patients=sorted(one.patient for one in patients if any(s.seen for s in one.slices)),
        pixels_sha256=hashlib.sha256(hashes.encode("ascii")).hexdigest(),
    )


def _figures(patients: Sequence[PatientScore], resamples: int, seed: int) -> dict[str, FigureRecord]:
    return {name: _figure(one) for name, one in headline(patients, resamples=resamples, seed=seed).items()}


def _figure(figure: Figure) -> FigureRecord:
    return FigureRecord(
        value=_defined(figure.value),
        low=_defined(figure.low),
        high=_defined(figure.high),
        patients=figure.patients,
        slices=figure.slices,
    )


def _patient(one: PatientScore) -> PatientRecord:
    return PatientRecord(
        patient=one.patient,
        institution=one.institution,
        folders=list(one.folders),
        slices=len(one.slices),
        tumour_slices=sum(s.tumour for s in one.slices),
        called_slices=sum(s.called for s in one.slices),
        found_slices=sum(s.tumour and s.called for s in one.slices),
        true_px=one.true_px,
        predicted_px=one.predicted_px,
        both_px=one.both_px,
        false_positive_px=one.false_positive_px,
        dice=_defined(one.dice),
        iou=_defined(one.iou),
        hd95=_defined(one.hd95),
        asd=_defined(one.asd),
        true_ml=_defined(one.true_ml),
        predicted_ml=_defined(one.predicted_ml),
        hd95_mm=_defined(one.hd95_mm),
        asd_mm=_defined(one.asd_mm),
        missing=list(one.missing),
        fold=one.fold,
        seen_slices=sum(s.seen for s in one.slices),
        warnings=list(one.warnings),
    )


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value
