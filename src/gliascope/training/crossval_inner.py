"""The inner hold-out of a fold: its figures, which recipes are compared by."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.dataset.layout import PatientFolder
from gliascope.dataset.sides import side_patients
from gliascope.dataset.split import Split
from gliascope.detect.case import run_score
from gliascope.errors import TrainingError
from gliascope.evaluate.figures import headline
from gliascope.evaluate.files import write_text
from gliascope.evaluate.score import PatientScore, join_patient, missing_sequences, run_lengths, score_case
from gliascope.findings import Finding, SliceFinding
from gliascope.read import read_case
from gliascope.recipe import Recipe
from gliascope.rules import OperatingPoint
from gliascope.segment.postprocess import finish_outline
from gliascope.training.batches import plan_steps
from gliascope.training.best import best_networks, predict_networks
from gliascope.training.operate import Operation, choose_operation
from gliascope.training.score import Predictions
from gliascope.training.table import Patient, SliceTable, Tables

SCHEMA: Final = "gliascope.inner/1"
"""Name and version of ``inner.json``; the number rises when a key changes its meaning or goes."""


@dataclass(frozen=True, eq=False)
class Inner:
    """A fold's inner hold-out, scored by the best epoch at the thresholds chosen on the same patients.

    Attributes
    ----------
    epochs : dict of str to int
        The best epoch of each stage.
    steps : dict of str to int
        Steps of the whole run, by stage.
    operation : Operation
    patients : tuple of PatientScore
        At the point ``balanced``.
    """

    epochs: dict[str, int]
    steps: dict[str, int]
    operation: Operation
    patients: tuple[PatientScore, ...]


def measure_inner(run: Path, data: Path, split: Split, recipe: Recipe, tables: Tables) -> Inner:
    """Score a finished run on its inner hold-out, on whatever backend Keras runs.

    The networks are rounded as they are exported; figures are those of `gliascope.evaluate`. They flatter a little:
    checkpoint and thresholds were chosen on these patients.

    Parameters
    ----------
    run : Path
        The fold's folder.
    data : Path
        A data set in the LGG layout.
    split : Split
    recipe : Recipe
    tables : Tables

    Returns
    -------
    Inner

    Raises
    ------
    TrainingError
        If a stage has no finished epoch, its checkpoint is damaged, or a weight is beyond float16's range.
    InputError
        If an image cannot be used.
    """
    networks, epochs = best_networks(run, recipe)
    predictions = predict_networks(networks, tables.validation)
    operation = choose_operation(tables.validation, predictions)
    calibrated = operation.calibrated(tables.validation, predictions)
    folders = side_patients(split, "validation", data)
    steps: dict[str, int] = {stage: plan_steps(tables.train.labels, recipe, stage).total for stage in networks.stages}
    patients = score_table(
        folders,
        tables.validation,
        calibrated,
        operation.balanced,
        split.fold,
        raw=_slices(predictions),
        distance=recipe.preparation.neighbour_distance,
    )
    return Inner(epochs, steps, operation, patients)


def score_table(
    folders: Sequence[PatientFolder],
    table: SliceTable,
    predictions: Predictions,
    point: OperatingPoint,
    fold: int | None = None,
    *,
    distance: float,
    raw: NDArray[np.float32] | None = None,
) -> tuple[PatientScore, ...]:
    """Hold a network's predictions against the truth, as `gliascope.pipeline` would turn them into outlines.

    Parameters
    ----------
    folders : sequence of PatientFolder
        Those that the table was made from, in its order.
    table : SliceTable
    predictions : Predictions
        With slices, calibrated, and masks.
    point : OperatingPoint
    fold : int, optional
    distance : float
        The recipe's ``preparation.neighbour_distance``, in mm: a run reaches equally far in every volume.
    raw : ndarray, float32, shape (slice,), optional
        The slices' probabilities before calibration, where it changed them.

    Returns
    -------
    tuple of PatientScore
        By name.
    """
    parts: dict[str, list[PatientScore]] = {}
    told = _slices(predictions)
    networks = told if raw is None else raw
    for folder, patient in zip(folders, table.patients, strict=True):
        case = read_case(folder.files)
        runs = run_lengths(case, point.run, distance)
        called, outline = _outline(patient, predictions, point, runs[0])
        slices = tuple(
            SliceFinding(
                source, float(probability), "tumour" if tumour else "no tumour", mask, raw_probability=float(own)
            )
            for source, probability, own, tumour, mask in zip(
                case.sources, told[patient.rows], networks[patient.rows], called, outline, strict=True
            )
        )
        finding = Finding(case.name, "tumour" if called.any() else "no tumour", math.nan, point, slices, (), (), {})
        scores = score_case(folder.name, case, finding, frozenset(patient.hashes), runs)
        one = PatientScore(
            folder.patient, folder.institution, (folder.name,), scores, missing=missing_sequences(case), fold=fold
        )
        parts.setdefault(folder.patient, []).append(one)
    return tuple(join_patient(mine) for _, mine in sorted(parts.items()))


def _slices(predictions: Predictions) -> NDArray[np.float32]:
    if predictions.slices is None:
        raise ValueError("a score needs slice probabilities, received none")
    return predictions.slices


def _outline(
    patient: Patient, predictions: Predictions, point: OperatingPoint, run: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    if predictions.masks is None:
        raise ValueError("a score needs masks, received none")
    called = np.asarray(_slices(predictions)[patient.rows] >= point.detection)
    inside = patient.inverse.restore(predictions.masks[patient.rows].astype(np.float32)) >= point.mask
    inside[~called] = False
    every = np.ones(len(called), dtype=np.bool_)
    if not run_score(called.astype(np.float32), every, run):
        inside[:] = False
    return called, finish_outline(inside, point, patient.step)


def save_inner(inner: Inner, fold: int, path: Path) -> None:
    """Write ``inner.json``.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    figures = headline(inner.patients)
    values = {
        "schema": SCHEMA,
        "fold": fold,
        "epochs": inner.epochs,
        "steps": inner.steps,
        "operating_point": _thresholds(inner.operation.balanced),
        "operating_points": {name: _thresholds(one) for name, one in inner.operation.points.items()},
        "calibration": None if inner.operation.calibration is None else asdict(inner.operation.calibration),
        "figures": {
            name: {
                "value": _defined(one.value),
                "low": _defined(one.low),
                "high": _defined(one.high),
                "patients": one.patients,
                "slices": one.slices,
            }
            for name, one in figures.items()
        },
        "patients": [
            {"patient": one.patient, "dice": _defined(one.dice), "hd95": _defined(one.hd95)} for one in inner.patients
        ],
    }
    write_text(path, json.dumps(values, indent=2, allow_nan=False) + "\n")


def load_inner(path: Path) -> dict[str, Any]:
    """Read what `save_inner` wrote, as JSON values.

    Raises
    ------
    TrainingError
        If the file is missing, damaged or of another schema.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path}: not a readable description of an inner hold-out ({error})") from error
    if not isinstance(values, dict) or values.get("schema") != SCHEMA:
        received = values.get("schema") if isinstance(values, dict) else type(values).__name__
        raise TrainingError(f"{path}: an inner hold-out must have the schema {SCHEMA}, received {received}")
    return values


def _thresholds(point: OperatingPoint) -> dict[str, Any]:
    return {key: value for key, value in asdict(point).items() if key != "name"}


def _defined(value: float) -> float | None:
    return value if math.isfinite(value) else None
