"""What every operating point of the scored models does: to slices, to patients, and to rows of tumour-free slices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from gliascope.detect.case import run_score
from gliascope.evaluate.figures import interval
from gliascope.evaluate.record_parts import ModelRecord, PointRecord, PointResultRecord, ShareRecord
from gliascope.evaluate.resample import draw_patients, weights_of
from gliascope.evaluate.score import PatientScore, SliceScore


@dataclass(frozen=True)
class Counts:
    """One patient at one operating point: of how many, and how many of them rightly.

    Attributes
    ----------
    sensitivity, specificity, case_sensitivity, row_specificity : tuple of int
        Tumour slices called, tumour-free slices not called, whether a patient with a tumour is called, rows of
        tumour-free slices not called; each behind how many there are.
    """

    sensitivity: tuple[int, int]
    specificity: tuple[int, int]
    case_sensitivity: tuple[int, int]
    row_specificity: tuple[int, int]


def points_of(models: Sequence[ModelRecord]) -> list[str]:
    """Name the operating points that every model has, the one in use first; only that where nothing else is known."""
    used = models[0].operating_point.name
    common = [name for name in _by_name(models[0]) if all(name in _by_name(one) for one in models)]
    return [used, *(name for name in common if name != used)]


def operating_results(
    patients: Sequence[PatientScore], models: Sequence[ModelRecord], *, resamples: int, seed: int
) -> list[PointResultRecord]:
    """Count what would have been called at each operating point, by the probabilities that were told.

    A row is a maximal stretch of neighbouring tumour-free slices of one folder, at least as long as a run; it is judged
    as if it were a volume of its own, by probabilities in which its end slices heard the tumour beside them.

    Parameters
    ----------
    patients : sequence of PatientScore
    models : sequence of ModelRecord
        The only one, or one a fold.
    resamples, seed : int
        Of the bootstrap over patients.

    Returns
    -------
    list of PointResultRecord
        One a point of `points_of`.
    """
    used = {one.fold: one.operating_point.run for one in models}
    draws = weights_of(draw_patients(len(patients), resamples if len(patients) > 1 else 0, seed))
    results = []
    for name in points_of(models):
        points = {one.fold: _by_name(one).get(name, one.operating_point) for one in models}
        only = next(iter(points))
        known = [one.fold if one.fold in points else only for one in patients]
        counts = [count_patient(one, points[fold], used[fold]) for one, fold in zip(patients, known, strict=True)]
        shares = {
            part: _share(np.array([getattr(one, part) for one in counts], dtype=np.int64), draws)
            for part in Counts.__dataclass_fields__
        }
        results.append(PointResultRecord(name=name, **shares))
    return results


def count_patient(patient: PatientScore, point: PointRecord, used: int | None = None) -> Counts:
    """Count one patient's slices, verdict and tumour-free rows at an operating point.

    Parameters
    ----------
    patient : PatientScore
    point : PointRecord
    used : int, optional
        Run of the point that the patient was scored at, which the slices' own runs are of; by default this point's. At
        a point with another run, and in older evidence, each volume has the point's.

    Returns
    -------
    Counts
    """
    own = used is None or used == point.run
    volumes = [list(some) for _, some in groupby(patient.slices, key=lambda one: (one.folder, one.run))]
    tumour = [one for one in patient.slices if one.tumour]
    empty = [one for one in patient.slices if not one.tumour]
    rows = [row for one in volumes for row in tumour_free_rows(one) if len(row) >= _run(row, point, own=own)]
    found = any(_called(volume, point, own=own) for volume in volumes)
    return Counts(
        sensitivity=(sum(_reaches(one, point) for one in tumour), len(tumour)),
        specificity=(sum(not _reaches(one, point) for one in empty), len(empty)),
        case_sensitivity=(int(found and bool(tumour)), int(bool(tumour))),
        row_specificity=(sum(not _called(row, point, own=own) for row in rows), len(rows)),
    )


def tumour_free_rows(volume: Iterable[SliceScore]) -> list[list[SliceScore]]:
    """Maximal stretches of neighbouring tumour-free slices."""
    return [list(some) for shows, some in groupby(volume, key=lambda one: one.tumour) if not shows]


def _by_name(model: ModelRecord) -> dict[str, PointRecord]:
    return {one.name: one for one in (model.operating_point, *model.operating_points)}


def _reaches(one: SliceScore, point: PointRecord) -> bool:
    """As `gliascope.detect.detector` compares, in single precision; a slice without a probability is never called."""
    return bool(np.float32(one.probability) >= np.float32(point.detection))


def _run(volume: Sequence[SliceScore], point: PointRecord, *, own: bool) -> int:
    """How many neighbouring slices are a run, as `gliascope.pipeline.Analyser` has it where that was kept."""
    known = volume[0].run
    return known if own and known is not None else point.run


def _called(volume: Sequence[SliceScore], point: PointRecord, *, own: bool) -> bool:
    probability = np.array([one.probability for one in volume], dtype=np.float32)
    score = run_score(probability, ~np.isnan(probability), _run(volume, point, own=own))
    return bool(score >= np.float32(point.detection))


def _share(counts: NDArray[np.int64], draws: NDArray[np.int64]) -> ShareRecord:
    """One share with its interval; `counts` has the shape (patient, 2)."""
    right, of = (int(one) for one in counts.sum(axis=0))
    drawn = draws @ counts
    values = np.where(drawn[:, 1] > 0, drawn[:, 0] / np.maximum(drawn[:, 1], 1), np.nan)
    about = int((counts[:, 1] > 0).sum())
    low, high = interval(values) if about > 1 else (np.nan, np.nan)
    defined = not np.isnan(low)
    return ShareRecord(
        value=right / of if of else None, low=low if defined else None, high=high if defined else None, of=of
    )
