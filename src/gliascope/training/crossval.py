"""Cross-validation: every patient scored once, by networks that were trained and chosen without it.

::

    crossval.json, folds.json     what it was started with
    fold-0/                       an ordinary run's folder (`gliascope.training.run`), and beside its files:
      inner.json                  the inner hold-out's figures; training is finished
      bundle/                     the best epoch, exported, with its thresholds
      evidence.parquet            the scores of the fold's own patients
      evidence-lone.parquet       the same of every slice as a lone image, where that was asked for
    inner.csv                     the inner hold-outs of all folds, one row each
    evidence.parquet, ...         the whole evaluation, once every fold is scored; until then in partial/
    lone/                         that of lone images

Every result is there once it is whole, and is made once: what is found is not done again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import keras

from gliascope.dataset.folds import Folds
from gliascope.dataset.layout import PatientFolder, PatientStatistics, measure_patient
from gliascope.dataset.sides import side_patients
from gliascope.errors import TrainingError
from gliascope.evaluate.assemble import Evaluation
from gliascope.recipe import Recipe
from gliascope.training.batches import default_workers
from gliascope.training.crossval_fold import FoldJob, FoldWatcher
from gliascope.training.crossval_report import report, write_inner
from gliascope.training.crossval_state import Job, resume_job, start_job
from gliascope.training.start import Start
from gliascope.training.store import TableStore

SCORING_BACKEND: Final = "tensorflow"
"""Keras' backend that folds are exported with, and so scored."""


@dataclass(frozen=True, eq=False)
class CrossValidation:
    """How far a cross-validation came.

    Attributes
    ----------
    job : Job
    finished : bool
        Whether everything that was asked for is done; False where the watcher ended it.
    evaluation : Evaluation, optional
        Of all folds that have been scored; None where none has, or scoring was not asked for.
    """

    job: Job
    finished: bool
    evaluation: Evaluation | None


def cross_validate(
    data: Path,
    out: Path,
    watcher: FoldWatcher,
    *,
    recipe: Recipe | None = None,
    folds: Folds | None = None,
    only: Iterable[int] | None = None,
    resume: bool = False,
    train_only: bool = False,
    lone: bool = False,
    workers: int | None = None,
    start: Start | None = None,
) -> CrossValidation:
    """Train, choose, export and score fold after fold.

    Within a fold, checkpoint and thresholds are chosen on its validation patients, the inner hold-out; its test
    patients are read when the finished bundle is scored, not before.

    Parameters
    ----------
    data : Path
        A data set in the LGG layout.
    out : Path
        The folder of all results; made here.
    watcher : FoldWatcher
    recipe : Recipe, optional
        Needed for a new cross-validation; with `resume` the one it was started with.
    folds : Folds, optional
        Likewise.
    only : iterable of int, optional
        Folds to work on, from 0; by default all.
    resume : bool
        Go on in a folder that holds a cross-validation of the same recipe and folds.
    train_only : bool
        Neither export nor score: for a machine without TensorFlow.
    lone : bool
        Score every fold's patients twice: as they are, and every slice as a lone image.
    workers : int, optional
        Threads that make batches; by default `gliascope.training.batches.default_workers`.
    start : Start, optional
        Weights that every fold of a new cross-validation begins with; they may have seen none of its patients.

    Returns
    -------
    CrossValidation

    Raises
    ------
    TrainingError
        If Keras cannot export here, the folder holds another cross-validation, an inner hold-out lacks slices with or
        without tumour, the start has seen a patient, or training cannot go on.
    ParityError
        If a fold's exported graphs disagree with its networks.
    SplitError
        If the folds were altered, or a patient of them is not in the data set.
    InputError
        If an image cannot be used, or there is no fold of a number in `only`.
    """
    if not train_only:
        check_backend(out)
    if resume:
        job = resume_job(out, recipe, folds)
        chosen = _chosen(job.folds, only, data)
        _check_hold_outs(job.folds, [fold for fold in chosen if not job.files(fold).trained], data)
    elif recipe is None or folds is None:
        raise TrainingError("a new cross-validation must have a recipe and folds, received none")
    else:
        chosen = _chosen(folds, only, data)
        _check_hold_outs(folds, chosen, data)
        if start is not None:
            _check_start(start, folds, chosen, data)
        job = start_job(out, recipe, folds, start)
    store = TableStore(data, job.recipe.preparation)
    threads = workers or default_workers()
    finished = True
    for fold in chosen:
        finished = FoldJob(job, fold, data, store, watcher, threads).run(score=not train_only, lone=lone)
        write_inner(job)
        if not finished:
            break
    return CrossValidation(job, finished, None if train_only else report(job, data))


def _chosen(folds: Folds, only: Iterable[int] | None, data: Path) -> list[int]:
    """Number the folds to work on, once their patients are known to be there; no image is read."""
    count = len(folds.splits)
    chosen = sorted(set(range(count) if only is None else only))
    unknown = [one for one in chosen if not 0 <= one < count]
    if unknown:
        raise TrainingError(f"folds are numbered from 0 to {count - 1}, received {', '.join(map(str, unknown))}")
    for fold in chosen:
        side_patients(folds.splits[fold], "test", data)
    return chosen


def check_backend(out: Path) -> None:
    """Refuse to score where Keras cannot export.

    Raises
    ------
    TrainingError
        If Keras runs on another backend than `SCORING_BACKEND`; the message says how to go on.
    """
    backend = keras.backend.backend()
    if backend != SCORING_BACKEND:
        raise TrainingError(
            f"{out}: export and scoring need the backend {SCORING_BACKEND}, received {backend}; train here with "
            f"--train-only, and go on with KERAS_BACKEND={SCORING_BACKEND} gliascope crossval --resume"
        )


def _check_start(start: Start, folds: Folds, chosen: Iterable[int], data: Path) -> None:
    """Refuse weights that have seen patients of any fold before hours go into the first."""
    judges: dict[str, PatientFolder] = {}
    for fold in chosen:
        for side in ("validation", "test"):
            judges |= {one.name: one for one in side_patients(folds.splits[fold], side, data)}
    start.check_unseen(judges.values(), "chooses an epoch or is scored")


def _check_hold_outs(folds: Folds, chosen: Iterable[int], data: Path) -> None:
    """Refuse folds that cannot choose a threshold before hours go into the folds before them."""
    measured: dict[str, PatientStatistics] = {}
    for fold in chosen:
        folders = side_patients(folds.splits[fold], "validation", data)
        measured |= {one.name: measure_patient(one) for one in folders if one.name not in measured}
        slices = sum(measured[one.name].slices for one in folders)
        tumour = sum(measured[one.name].tumour_slices for one in folders)
        if tumour in {0, slices}:
            names = ", ".join(one.name for one in folders)
            raise TrainingError(
                f"fold {fold}: its inner hold-out must have slices with and without tumour, "
                f"received {tumour} of {slices} with tumour, from {names}"
            )
