"""The evaluation of a bundle on one side of a split: exactly what `analyse` writes, held against the truth."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gliascope.dataset.layout import PatientFolder
from gliascope.dataset.sides import side_patients
from gliascope.dataset.split import Split
from gliascope.errors import SplitError
from gliascope.evaluate.figures import LEVEL, RESAMPLES, Figure, headline
from gliascope.evaluate.identity import bundle_record, point_record
from gliascope.evaluate.record import (
    BootstrapRecord,
    DataRecord,
    EvaluationRecord,
    FigureRecord,
    PatientRecord,
    Sample,
    SplitRecord,
)
from gliascope.evaluate.score import PatientScore, join_patient, score_case
from gliascope.evaluate.survey import Survey, check_unseen, seen_slices, survey
from gliascope.pipeline import Analyser
from gliascope.read import read_case

logger = logging.getLogger(__name__)

PHANTOM: Final = "PHANTOM_"
"""How the folders that `gliascope phantom` writes begin."""

Advance = Callable[[int, int, str], None]
"""Called after each folder: how many are done, how many there are, and what came out."""


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


def evaluate_side(
    data: str | Path,
    split: Split,
    analyser: Analyser,
    *,
    side: str = "test",
    allow_seen: bool = False,
    resamples: int = RESAMPLES,
    seed: int = 0,
    advance: Advance = lambda _done, _total, _note: None,
) -> Evaluation:
    """Score a bundle on the patients of one side of a split.

    Every patient's folder goes through `Analyser.analyse`, as `gliascope analyse` sends it, gate and components
    included; its masks and verdicts are what is scored.

    Parameters
    ----------
    data : path
        A data set in the LGG layout, with a true mask for every slice.
    split : Split
        By patient.
    analyser : Analyser
    side : str
        ``test``, ``validation`` or ``train``.
    allow_seen : bool
        Score images that the model was trained or chosen on, and mark the result as in-sample.
    resamples, seed : int
        Of the bootstrap.
    advance : callable
        See `Advance`.

    Returns
    -------
    Evaluation

    Raises
    ------
    InputError
        If the model has seen any of the images (unless allowed), an image cannot be used or has no true mask.
    SplitError
        If the split is not by patient, or its patients are not in the data set.
    """
    if split.strategy != "patient":
        raise SplitError(f"an evaluation needs a split by patient, received strategy {split.strategy!r}")
    folders = side_patients(split, side, data)
    seen = analyser.bundle.seen()
    found = survey(folders, seen)
    if found.seen and not allow_seen:
        check_unseen(found, str(data))
    patients = _score(folders, analyser, seen, advance)
    record = EvaluationRecord(
        sample=_sample(found, folders),
        data=_data(Path(data).resolve().name, patients, found),
        split=SplitRecord(sha256=split.sha256, strategy=split.strategy, side=side),
        bundle=bundle_record(analyser.bundle),
        operating_point=point_record(analyser.operating_point),
        provenance={key: value for key, value in analyser.provenance.items() if key != "bundle"},
        bootstrap=BootstrapRecord(unit="patient", resamples=resamples, seed=seed, level=LEVEL),
        figures={name: _figure(one) for name, one in headline(patients, resamples=resamples, seed=seed).items()},
        patients=[_patient(one) for one in patients],
    )
    return Evaluation(record, patients)


def _score(
    folders: Sequence[PatientFolder], analyser: Analyser, seen: frozenset[str], advance: Advance
) -> tuple[PatientScore, ...]:
    parts: dict[str, list[PatientScore]] = {}
    for done, folder in enumerate(folders, start=1):
        case = read_case(folder.files)
        finding = analyser.analyse(case)
        slices = score_case(folder.name, case, finding, seen_slices(case, seen))
        one = PatientScore(folder.patient, folder.institution, (folder.name,), slices, finding.warnings)
        parts.setdefault(folder.patient, []).append(one)
        advance(done, len(folders), f"{folder.name} Dice {one.dice:.3f}")
        logger.info("%s: Dice %.3f", folder.name, one.dice)
    return tuple(join_patient(mine) for _, mine in sorted(parts.items()))


def _sample(found: Survey, folders: Sequence[PatientFolder]) -> Sample:
    if found.seen:
        return "in-sample"
    return "phantom" if any(one.name.startswith(PHANTOM) for one in folders) else "unseen"


def _data(name: str, patients: Sequence[PatientScore], found: Survey) -> DataRecord:
    slices = [one for patient in patients for one in patient.slices]
    return DataRecord(
        name=name,
        patients=len(patients),
        slices=len(slices),
        tumour_slices=sum(one.tumour for one in slices),
        not_assessable=sum(one.verdict == "not assessable" for one in slices),
        undefined_volumes=sum(math.isnan(one.dice) for one in patients),
        seen_slices=sum(found.seen.values()),
        seen_patients=sorted(found.seen),
        pixels_sha256=found.pixels_sha256,
    )


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
        seen_slices=sum(s.seen for s in one.slices),
        warnings=list(one.warnings),
    )


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else value
