"""From a training run to a bundle, refused where the exported graphs disagree with the networks."""

from __future__ import annotations

import logging
import tempfile
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from gliascope.bundle import Bundle, write_bundle
from gliascope.dataset.members import LEAK
from gliascope.dataset.split import Split, load_split
from gliascope.errors import TrainingError
from gliascope.evaluate.card import model_card
from gliascope.evaluate.evidence import Evidence
from gliascope.evaluate.recalibrate import choose_from_evidence
from gliascope.recipe import Recipe
from gliascope.training.best import best_networks, predict_networks
from gliascope.training.graphs import EXPORT_BACKEND, to_onnx
from gliascope.training.operate import Operation, choose_operation
from gliascope.training.parity import Parity, measure_parity
from gliascope.training.run import SPLIT_FILE, load_tables, run_recipe
from gliascope.training.start import read_start
from gliascope.training.table import SliceTable, Tables

logger = logging.getLogger(__name__)

PARITY_SLICES: Final = 200
"""Slices that both engines are compared on, spread evenly over the training side's patients."""


def export_run(
    folder: Path,
    data: Path,
    out: Path,
    *,
    name: str | None = None,
    created: str | None = None,
    tables: Tables | None = None,
    evidence: Evidence | None = None,
    lone: Evidence | None = None,
) -> tuple[Bundle, Parity]:
    """Export the best epoch of every stage of a run as a bundle.

    Weights are rounded to float16 first; calibration and thresholds are chosen with the rounded networks on the run's
    validation patients. Graphs hold batch normalisation folded into their convolutions: where rounding what comes of
    that once more costs too much, they keep it as float32, and are twice as large.

    Parameters
    ----------
    folder : Path
        A run's folder.
    data : Path
        The data set the run was trained on.
    out : Path
        The bundle's folder.
    name : str, optional
        The bundle's name; the recipe's by default.
    created : str, optional
        When the bundle was made, ISO 8601, UTC; by default now.
    tables : Tables, optional
        The slices of the run's split, where they are at hand; by default they are read.
    evidence : Evidence, optional
        What calibration and thresholds are chosen on in place of the validation patients; needed where everybody
        trains.
    lone : Evidence, optional
        Of the same patients, every slice as a lone image: for their calibration and the card.

    Returns
    -------
    bundle : Bundle
    parity : Parity

    Raises
    ------
    ParityError
        If the graphs disagree with the networks; nothing is written then.
    TrainingError
        If Keras does not run on TensorFlow, the run has no finished epoch, a weight is beyond float16's range, or
        everybody trained and there is no evidence.
    InputError
        If the evidence cannot be used.
    """
    check_backend(folder, data)
    recipe, split = run_recipe(folder), load_split(folder / SPLIT_FILE)
    if split.everybody and evidence is None:
        raise TrainingError(
            f"{folder}: where everybody trains, calibration and thresholds need evidence of a cross-validation "
            "(--calibrate-from), received none"
        )
    given = None if evidence is None else choose_from_evidence(evidence, lone)
    networks, epochs = best_networks(folder, recipe)
    tables = tables or load_tables(data, split, recipe.preparation)
    if given is None:
        operation = choose_operation(tables.validation, predict_networks(networks, tables.validation))
    else:
        operation = Operation(given.calibration, given.points)
    described: dict[str, Any] = {
        "name": name or recipe.name,
        "wiring": recipe.network.wiring,
        "recipe": recipe,
        "operating_points": operation.points,
        "calibration": operation.calibration,
    }
    start = read_start(folder)
    seen = [*_hashes(tables), *(start.seen if start else ())]
    contents = described | {
        "seen": seen,
        "licence": (files("gliascope") / "models" / "LICENSE-WEIGHTS").read_text(encoding="utf-8"),
    }

    def compared(half: bool) -> tuple[dict[str, bytes], Parity]:
        graphs = {role: to_onnx(model, half=half).SerializeToString() for role, model in networks.graphs.items()}
        with tempfile.TemporaryDirectory() as temporary:
            trial = write_bundle(Path(temporary) / "trial", summary={}, card="", graphs=graphs, **contents)
            return graphs, measure_parity(networks, trial, _parity_slices(tables), operation.balanced)

    graphs, parity = compared(half=True)
    if not parity.agrees:
        logger.warning("%s: weights are kept as float32: as float16 they give other results (%s)", out, parity)
        graphs, parity = compared(half=False)
    parity.check()
    contents["graphs"] = graphs
    summary = {"data": _data_name(data, split)} | _summary(recipe, split, tables, epochs, parity)
    if start is not None:
        summary["started_from"] = start.description
    if given is not None:
        summary["calibrated_on"] = given.source
    record, alone, measured = (None, None, {}) if given is None else (given.record, given.lone, given.evaluation)
    card = model_card(**described, summary=summary, seen=len(set(seen)), record=record, lone=alone)
    contents |= {"evaluation": measured, "uncertainty": None if given is None else given.uncertainty}
    return write_bundle(out, summary=summary, card=card, created=created, **contents), parity


def check_backend(folder: Path, data: Path) -> None:
    """Refuse to export by another backend than TensorFlow, whose networks the converter to ONNX takes.

    Checkpoints hold plain arrays in the same order on every backend: a run that was trained on another can be exported
    by TensorFlow.

    Raises
    ------
    TrainingError
        If Keras runs on another backend; the message has the command to go on with.
    """
    backend = keras.backend.backend()
    if backend != EXPORT_BACKEND:
        raise TrainingError(
            f"{folder}: the export needs the backend {EXPORT_BACKEND}, received {backend}; go on with "
            f"KERAS_BACKEND={EXPORT_BACKEND} gliascope train --export-only --data {data} -o {folder}"
        )


def split_summary(split: Split) -> dict[str, Any]:
    """Give what a bundle keeps of the split it was trained on.

    Returns
    -------
    dict
        ``split_sha256``, ``split_strategy``, and nothing more where everybody trains; ``fold`` where the split is one,
        from 0; ``test_patients``, or in a split by slice ``test_slices``, their number, and ``split_leak``, the words
        that go with whatever is made from it.
    """
    summary: dict[str, Any] = {"split_sha256": split.sha256, "split_strategy": split.strategy}
    if split.everybody:
        return summary
    if split.fold is not None:
        summary["fold"] = split.fold
    if split.leaks:
        return summary | {"split_leak": LEAK, "test_slices": len(split.test)}
    return summary | {"test_patients": list(split.test)}


def _parity_slices(tables: Tables) -> NDArray[np.float16]:
    return np.concatenate([_spread(tables.train, tables), _spread(tables.validation, tables)])


def _spread(table: SliceTable, tables: Tables) -> NDArray[np.float16]:
    slices, whole = len(table.labels), len(tables.train.labels) + len(tables.validation.labels)
    count = min(slices, max(1, round(PARITY_SLICES * slices / whole)))
    return table.inputs(np.linspace(0, slices - 1, count).round().astype(np.intp))


def _data_name(data: Path, split: Split) -> str:
    """The data set's own name where its patients are TCGA's, else the folder's."""
    ours = all(one.startswith("TCGA_") for one in (*split.train, *split.validation))
    return "LGG MRI segmentation data set" if ours else data.resolve().name


def _summary(recipe: Recipe, split: Split, tables: Tables, epochs: dict[str, int], parity: Parity) -> dict[str, Any]:
    return {
        **split_summary(split),
        "sides": {
            side: {
                "patients": len(table.patients),
                "slices": len(table.labels),
                "tumour_slices": int(table.labels.sum()),
            }
            for side, table in (("train", tables.train), ("validation", tables.validation))
        },
        "best_epoch": epochs,
        "epochs": recipe.training.epochs,
        "parity": {"slices": parity.slices, "probability": parity.probability, "dice": parity.dice},
        "versions": {one: version(one) for one in ("gliascope", "keras", "numpy", "onnx")},
        "backend": keras.backend.backend(),
    }


def _hashes(tables: Tables) -> list[str]:
    return [one for table in (tables.train, tables.validation) for patient in table.patients for one in patient.hashes]
