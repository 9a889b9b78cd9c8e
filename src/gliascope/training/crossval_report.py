"""The results of a cross-validation: each fold's evidence, all folds together, and the inner hold-outs' figures."""

from __future__ import annotations

import csv
import io
import math
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from gliascope.bundle import load_bundle
from gliascope.dataset.layout import patients
from gliascope.evaluate.assemble import Evaluation
from gliascope.evaluate.definitions import EVERY
from gliascope.evaluate.evidence import evaluation_of, load_evidence, save_evidence
from gliascope.evaluate.files import write_text
from gliascope.evaluate.join import join_evaluations
from gliascope.evaluate.output import EVIDENCE
from gliascope.evaluate.recalibrate import LONE_FOLDER
from gliascope.evaluate.report import pictures_of, write_results
from gliascope.evaluate.run import evaluate_side
from gliascope.evaluate.worst import WorstPatients
from gliascope.pipeline import Analyser
from gliascope.pipeline.lock import locked
from gliascope.read import read_case
from gliascope.training.crossval_inner import load_inner
from gliascope.training.crossval_state import Job

INNER: Final = "inner.csv"
"""The inner hold-outs' figures: a row a fold, and their mean."""

PARTIAL: Final = "partial"
"""Folder of the results while some folds are not scored."""

TEST: Final = "test"

Advance = Callable[[int, int, str], None]
"""Called after each patient: how many are done, how many there are, and what came out."""


def score_fold(job: Job, fold: int, data: Path, advance: Advance, *, lone: bool = False) -> float:
    """Score a fold's bundle on the fold's own patients and keep the evidence.

    Parameters
    ----------
    job : Job
    fold : int
        From 0; its bundle is there.
    data : Path
        A data set in the LGG layout.
    advance : callable
        See `Advance`.
    lone : bool
        Analyse every slice as a lone image; the evidence is kept apart.

    Returns
    -------
    float
        Mean Dice over the patients.

    Raises
    ------
    InputError
        If the bundle has seen any of the images, or one cannot be used.
    BundleError
        If the bundle was altered.
    """
    files = job.files(fold)
    evaluation = evaluate_side(
        data,
        job.folds.splits[fold],
        Analyser(files.bundle),
        side=TEST,
        fold=fold,
        lone=lone,
        resamples=0,
        advance=advance,
    )
    path = files.lone_evidence if lone else files.evidence
    save_evidence(evaluation.patients, path, record=evaluation.record)
    value = evaluation.record.figures["dice_mean"].value
    return math.nan if value is None else value


def results_folder(job: Job) -> Path:
    """Tell where the results of all folds go: the job's folder, or `PARTIAL` in it while some are missing."""
    return job.folder if len(job.scored()) == len(job.folds.splits) else job.folder / PARTIAL


def report(job: Job, data: Path) -> Evaluation | None:
    """Evaluate the folds that have been scored together, and write everything that an evaluation gives.

    Where another call writes into the job's folder, this one waits until that is done, and counts the folds then.

    Parameters
    ----------
    job : Job
    data : Path
        The data set; the patients with the lowest Dice are analysed once more, to be pictured.

    Returns
    -------
    Evaluation or None
        None where no fold has been scored.

    Raises
    ------
    InputError
        If a fold's evidence was altered.
    BundleError
        If a fold's bundle is missing or was altered.
    OSError
        If something cannot be written.
    """
    with locked(job.folder, wait=True):
        return _report(job, data)


def _report(job: Job, data: Path) -> Evaluation | None:
    scored = job.scored()
    if not scored:
        return None
    whole = _joined(job, [job.files(fold).evidence for fold in scored])
    out, complete = results_folder(job), len(scored) == len(job.folds.splits)
    if not complete:
        whole = _marked(whole, _name_of(scored, len(job.folds.splits)))
    worst = _worst(job, whole, data) if complete and not _is_there(whole, out) else None
    bundles = [load_bundle(job.files(fold).bundle, verify=False) for fold in scored]
    write_results(whole, out, worst=worst, bundles=bundles)
    if complete:
        shutil.rmtree(job.folder / PARTIAL, ignore_errors=True)
        alone = [job.files(fold).lone_evidence for fold in scored]
        if all(one.exists() for one in alone):
            write_results(_joined(job, alone), out / LONE_FOLDER, bundles=bundles)
    return whole


def _joined(job: Job, evidence: Iterable[Path]) -> Evaluation:
    return join_evaluations([evaluation_of(load_evidence(one), resamples=0) for one in evidence], job.folds)


def _name_of(scored: tuple[int, ...], total: int) -> str:
    return f"{TEST} (fold{'s' if len(scored) > 1 else ''} {', '.join(map(str, scored))} of {total})"


def _marked(whole: Evaluation, side: str) -> Evaluation:
    """Say on every result that it is not of all patients."""
    split = whole.record.split.model_copy(update={"side": side})
    return Evaluation(whole.record.model_copy(update={"split": split}), whole.patients)


def _is_there(whole: Evaluation, out: Path) -> bool:
    """Whether an earlier call has written this very evidence and drawn all of its pictures."""
    path = out / EVIDENCE
    if not path.exists() or (whole.record.worst and pictures_of(whole.record, out) is None):
        return False
    with tempfile.TemporaryDirectory() as temporary:
        made = save_evidence(whole.patients, Path(temporary) / EVIDENCE, record=whole.record)
        return made.read_bytes() == path.read_bytes()


def _worst(job: Job, whole: Evaluation, data: Path) -> WorstPatients:
    """Analyse the patients with the lowest Dice once more, each by its own fold's bundle."""
    kept, folders = WorstPatients(), {one.name: one for one in patients(data)}
    chosen = [one for one in whole.patients if one.patient in whole.record.worst]
    for fold in sorted({one.fold for one in chosen if one.fold is not None}):
        analyser = Analyser(job.files(fold).bundle)
        for patient in chosen:
            for name in patient.folders if patient.fold == fold else ():
                case = read_case(folders[name].files)
                mine = tuple(one for one in patient.slices if one.folder == name)
                kept(case, analyser.analyse(case), replace(patient, folders=(name,), slices=mine))
    return kept


def write_inner(job: Job) -> Path | None:
    """Write the figures of every inner hold-out that has been measured, and their mean, as CSV; waits as `report` does.

    Parameters
    ----------
    job : Job

    Returns
    -------
    Path or None
        None where no fold is trained.

    Raises
    ------
    TrainingError
        If a fold's file is damaged.
    OSError
        If it cannot be written.
    """
    with locked(job.folder, wait=True):
        return _write_inner(job)


def _write_inner(job: Job) -> Path | None:
    measured = [load_inner(job.files(fold).inner) for fold in job.trained()]
    if not measured:
        return None
    names = [one.name for one in EVERY if one.name in measured[0]["figures"]]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["fold", "patients", "best_epoch", "steps", "detection", "mask", "components", *names])
    for one in measured:
        point = one["operating_point"]
        writer.writerow(
            [
                one["fold"],
                len(one["patients"]),
                _by_stage(one["epochs"]),
                _by_stage(one["steps"]),
                point["detection"],
                point["mask"],
                point["components"],
                *(one["figures"][name]["value"] for name in names),
            ]
        )
    means = [_mean(one["figures"][name]["value"] for one in measured) for name in names]
    writer.writerow(["mean", sum(len(one["patients"]) for one in measured), "", "", "", "", "", *means])
    return write_text(job.folder / INNER, stream.getvalue())


def _by_stage(values: dict[str, Any]) -> str:
    return " ".join(f"{stage}:{value}" for stage, value in values.items())


def _mean(values: Iterable[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return math.fsum(known) / len(known) if known else None
