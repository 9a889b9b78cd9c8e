"""What a trained fold gains by flips at test time and by rules for components: measured, nothing is trained again."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import keras

from gliascope.dataset.sides import side_patients
from gliascope.dataset.split import Split
from gliascope.errors import TrainingError
from gliascope.evaluate.figures import headline
from gliascope.evaluate.files import write_text
from gliascope.pipeline.lock import locked
from gliascope.recipe import Recipe
from gliascope.rules import Components, OperatingPoint
from gliascope.training.best import best_networks, predict_networks
from gliascope.training.crossval_inner import score_table
from gliascope.training.crossval_state import FoldFiles, Job
from gliascope.training.operate import choose_operation
from gliascope.training.score import COMPONENTS
from gliascope.training.store import TableStore
from gliascope.training.table import SliceTable

SCHEMA: Final = "gliascope.variants/2"
"""Name and version of a fold's file; the number rises when a key changes its meaning or goes."""

VARIANTS: Final = "variants.csv"
"""All folds' variants in a job's folder, and their means."""

RULES: Final[dict[str, tuple[Components, ...]]] = {
    "all": ("all",),
    "spanning": ("spanning",),
    "largest": ("largest",),
    "chosen": COMPONENTS,
}
"""Which components of a volume are kept: by each rule, or by what training chooses on the inner hold-out."""


@dataclass(frozen=True)
class Variant:
    """One way to use a fold's networks, scored on the fold's inner hold-out.

    Attributes
    ----------
    flips : bool
        Probabilities and masks are means over the slice and its left-right mirror image.
    rule : str
        One of `RULES`.
    point : OperatingPoint
        Chosen anew for this variant, on the same patients.
    figures : dict of str to float or None
        As in ``inner.json``; None where a figure is not defined.
    """

    flips: bool
    rule: str
    point: OperatingPoint
    figures: dict[str, float | None]

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        chosen = {key: getattr(self.point, key) for key in ("detection", "mask", "components")}
        return {"flips": self.flips, "rule": self.rule, "operating_point": chosen, "figures": self.figures}


def measure_variants(run: Path, data: Path, split: Split, recipe: Recipe, table: SliceTable) -> list[Variant]:
    """Score a finished run in every variant on its inner hold-out.

    Calibration and thresholds are chosen anew for each, as training chooses them. The variant without flips whose rule
    is ``chosen`` is what ``inner.json`` holds.

    Parameters
    ----------
    run : Path
        The fold's folder.
    data : Path
        A data set in the LGG layout.
    split : Split
    recipe : Recipe
    table : SliceTable
        Of the split's validation patients.

    Returns
    -------
    list of Variant

    Raises
    ------
    TrainingError
        If a stage has no finished epoch, or its checkpoint is damaged.
    InputError
        If an image cannot be used.
    """
    networks, _ = best_networks(run, recipe)
    folders = side_patients(split, "validation", data)
    found = []
    for flips in (False, True):
        predictions = predict_networks(networks, table, flips=flips)
        known: dict[OperatingPoint, dict[str, float | None]] = {}
        for rule, choices in RULES.items():
            operation = choose_operation(table, predictions, choices)
            point = operation.balanced
            if point not in known:
                scores = score_table(
                    folders,
                    table,
                    operation.calibrated(table, predictions),
                    point,
                    split.fold,
                    raw=predictions.slices,
                    distance=recipe.preparation.neighbour_distance,
                )
                known[point] = {
                    name: one.value if math.isfinite(one.value) else None for name, one in headline(scores).items()
                }
            found.append(Variant(flips, rule, point, known[point]))
    return found


def compare_variants(job: Job, data: Path, folds: Iterable[int]) -> Path:
    """Measure the variants of trained folds, and write each fold's and all of them together.

    Parameters
    ----------
    job : Job
    data : Path
        A data set in the LGG layout.
    folds : iterable of int
        Each is trained. A fold that has been measured is not measured again.

    Returns
    -------
    Path
        A CSV file: one row for each fold and variant, then the means over the folds.

    Raises
    ------
    TrainingError
        If a fold is not trained, or its file is damaged.
    InputError
        If an image cannot be used.
    OSError
        If a file cannot be written.
    """
    chosen = sorted(set(folds))
    missing = [str(one) for one in chosen if one not in job.trained()]
    if missing or not chosen:
        raise TrainingError(f"{job.folder}: variants need trained folds, received {', '.join(missing) or 'none'}")
    store = TableStore(data, job.recipe.preparation)
    for fold in chosen:
        files = job.files(fold)
        if files.variants.exists():
            continue
        split = job.folds.splits[fold]
        variants = measure_variants(files.folder, data, split, job.recipe, store.tables(split).validation)
        values = {"schema": SCHEMA, "fold": fold, "variants": [one.as_json() for one in variants]}
        write_text(files.variants, json.dumps(values, indent=2, allow_nan=False) + "\n")
        keras.utils.clear_session()
    with locked(job.folder, wait=True):
        return _write_table(job)


def _write_table(job: Job) -> Path:
    measured = [_load(job.files(fold)) for fold in job.trained() if job.files(fold).variants.exists()]
    rows = [(one["fold"], variant) for one in measured for variant in one["variants"]]
    names = list(rows[0][1]["figures"])
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["fold", "flips", "rule", "detection", "mask", "components", *names])
    for fold, variant in rows:
        point = variant["operating_point"]
        thresholds = [point[key] for key in ("detection", "mask", "components")]
        writer.writerow([fold, *_name(variant), *thresholds, *(variant["figures"][name] for name in names)])
    for name in dict.fromkeys(_name(variant) for _, variant in rows):
        mine = [variant["figures"] for _, variant in rows if _name(variant) == name]
        writer.writerow(["mean", *name, "", "", "", *(_mean(one[figure] for one in mine) for figure in names)])
    return write_text(job.folder / VARIANTS, stream.getvalue())


def _name(variant: dict[str, Any]) -> tuple[str, str]:
    return "yes" if variant["flips"] else "no", variant["rule"]


def _mean(values: Iterable[float | None]) -> float | None:
    known = [one for one in values if one is not None]
    return math.fsum(known) / len(known) if known else None


def _load(files: FoldFiles) -> dict[str, Any]:
    path = files.variants
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path}: not a readable list of variants ({error})") from error
    if not isinstance(values, dict) or values.get("schema") != SCHEMA:
        received = values.get("schema") if isinstance(values, dict) else type(values).__name__
        raise TrainingError(f"{path}: a list of variants must have the schema {SCHEMA}, received {received}")
    return values
