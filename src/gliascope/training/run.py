"""A whole training run: data, networks, stages, one folder that holds everything."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras

from gliascope.dataset.members import LEAK
from gliascope.dataset.sides import side_patients
from gliascope.dataset.split import Split, load_split, save_split
from gliascope.errors import TrainingError
from gliascope.recipe import Preparation, Recipe, recipe_from_dict
from gliascope.training.determinism import make_deterministic
from gliascope.training.fit import StageFitter, Watcher
from gliascope.training.networks import NetworkSet, build_networks
from gliascope.training.plan import RunPlan, plan_run
from gliascope.training.precision import choose_precision
from gliascope.training.start import Start, read_start
from gliascope.training.table import Tables, load_table
from gliascope.training.watch import RunRecorder, Watchers

logger = logging.getLogger(__name__)

RUN_FILE = "run.json"
"""What a run's folder was started with: recipe, split, precision, backend."""

SPLIT_FILE = "split.json"
"""Copy of the split in a run's folder."""


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """A finished or interrupted run.

    Attributes
    ----------
    folder : Path
    recipe : Recipe
    split : Split
    finished : bool
        False where it was stopped before its last epoch.
    """

    folder: Path
    recipe: Recipe
    split: Split
    finished: bool


def load_tables(data: Path, split: Split, preparation: Preparation) -> Tables:
    """Read and prepare the patients that train and those that choose.

    Parameters
    ----------
    data : Path
        A data set in the LGG layout.
    split : Split
    preparation : Preparation

    Returns
    -------
    Tables
        The validation side has no slices where everybody trains.

    Raises
    ------
    SplitError
        If a side is empty or a patient of the split is not in the data.
    InputError
        If an image cannot be used.
    """
    if split.everybody:
        everybody = load_table(side_patients(split, "train", data), preparation)
        return Tables(everybody, everybody.none())
    sides = (load_table(side_patients(split, side, data), preparation) for side in ("train", "validation"))
    return Tables(*sides)


def train(
    data: Path,
    split: Path | Split,
    recipe: Recipe,
    folder: Path,
    watcher: Watcher,
    *,
    fold: int | None = None,
    resume: bool = False,
    workers: int = 1,
    announce: Callable[[RunPlan], None] | None = None,
    tables: Callable[[Split], Tables] | None = None,
    start: Start | None = None,
) -> TrainingRun:
    """Train every stage of a recipe on the split's training side.

    A split by slice is trained on like any other, with a warning: its validation slices are of patients who train.
    Where everybody trains nobody can choose an epoch: the recipe's last one is kept, as its moving average if it has
    one.

    Parameters
    ----------
    data : Path
        A data set in the LGG layout.
    split : Path or Split
        A file, or where everybody trains the split itself.
    recipe : Recipe
    folder : Path
        The run's folder; made here.
    watcher : Watcher
    fold : int, optional
        Which fold of a file of folds, from 0.
    resume : bool
        Go on in a folder that holds a run of the same recipe and split.
    workers : int
        Threads that make batches; their number changes nothing but the time.
    announce : callable, optional
        Told what will be done, once the data have been read.
    tables : callable, optional
        Gives the slices of the split, prepared by the recipe; by default they are read.
    start : Start, optional
        Weights of an earlier run to begin with; by default the recipe's. A run that goes on knows its own.

    Returns
    -------
    TrainingRun

    Raises
    ------
    TrainingError
        If the folder holds another run, validation patients cannot tell epochs apart, the start is of another network
        or has seen patients who are to judge, or training cannot go on; whole epochs are kept.
    SplitError
        If the split was altered or has a patient on two sides, or `fold` does not suit the file.
    InputError
        If an image cannot be used.
    """
    make_deterministic()
    if start is not None and not resume:
        start.check_backend()
    chosen = load_split(split, fold) if isinstance(split, Path) else split
    if chosen.leaks:
        logger.warning("%s: %s", split, LEAK)
    precision = choose_precision(recipe.training)
    begun = read_start(folder) if resume else start
    description = {
        "recipe": recipe.model_dump(mode="json"),
        "split": chosen.sha256,
        "precision": precision,
        "backend": keras.backend.backend(),
        "start": None if begun is None else begun.description,
    }
    _check_folder(folder, description, resume)
    keras.utils.set_random_seed(recipe.training.seed)
    keras.mixed_precision.set_global_policy(precision)
    networks = build_networks(recipe)
    slices = load_tables(data, chosen, recipe.preparation) if tables is None else tables(chosen)
    if not chosen.everybody:
        _check_validation(slices)
    if not resume:
        if start is not None:
            _check_start(start, chosen, data)
            start.begin(networks.stages, recipe, slices.train)
        _claim(folder, description, chosen)
        if start is not None:
            start.keep(folder, weights=False)
    if announce is not None:
        announce(plan_run(recipe, networks, slices, precision))
    watchers = Watchers([RunRecorder(folder), watcher])
    finished = _fit_stages(networks, recipe, slices, folder, watchers, workers=workers)
    return TrainingRun(folder, recipe, chosen, finished)


def _check_start(start: Start, split: Split, data: Path) -> None:
    for side, purpose in (("validation", "chooses the epoch"), ("test", "is scored")):
        if getattr(split, side) and not (side == "validation" and start.judged_alike(split)):
            start.check_unseen(side_patients(split, side, data), purpose)


def _fit_stages(
    networks: NetworkSet, recipe: Recipe, tables: Tables, folder: Path, watcher: Watcher, *, workers: int
) -> bool:
    gate = None
    for stage, model in networks.stages.items():
        fitter = StageFitter(model, stage, recipe, tables, folder, gate=gate, workers=workers)
        if fitter.resume():
            logger.info("%s: going on after epoch %d", stage, fitter.epoch)
        fitter.fit(watcher)
        if fitter.epoch < recipe.training.epochs:
            return False
        if stage == "classifier":
            gate = fitter.best_predictions().slices
    return True


def _check_folder(folder: Path, description: dict[str, Any], resume: bool) -> None:
    path = folder / RUN_FILE
    if not resume:
        if path.exists():
            raise TrainingError(f"{folder}: the folder must be new, it holds a run; --resume goes on with it")
        if folder.exists() and not folder.is_dir():
            raise TrainingError(f"{folder}: a run must have a folder of its own, received a file")
        return
    found = _read_description(folder)
    found["recipe"] = recipe_from_dict(found["recipe"], str(path)).model_dump(mode="json")
    changed = sorted(key for key in description if found.get(key) != description[key])
    if changed:
        raise TrainingError(f"{folder}: a run goes on with what it was started with, changed: {', '.join(changed)}")


def _check_validation(tables: Tables) -> None:
    tumour, slices = int(tables.validation.labels.sum()), len(tables.validation.labels)
    if tumour in {0, slices}:
        raise TrainingError(
            f"validation patients must have slices with and without tumour, received {tumour} of {slices} with tumour"
        )


def _claim(folder: Path, description: dict[str, Any], split: Split) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    save_split(split, folder / SPLIT_FILE)
    (folder / RUN_FILE).write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")


def run_recipe(folder: Path) -> Recipe:
    """Read the recipe that a run's folder was started with.

    Raises
    ------
    TrainingError
        If the folder holds no run, or its description is damaged.
    RecipeError
        If this version of gliascope does not know a key of its recipe.
    """
    return recipe_from_dict(_read_description(folder)["recipe"], str(folder / RUN_FILE))


def _read_description(folder: Path) -> dict[str, Any]:
    path = folder / RUN_FILE
    if not path.exists():
        raise TrainingError(f"{folder}: nothing to go on with, {RUN_FILE} is missing")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path}: not a run's description ({error})") from error
    if not isinstance(found, dict) or "recipe" not in found:
        raise TrainingError(f"{path}: not a run's description, the recipe is missing")
    return found
