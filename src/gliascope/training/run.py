"""A whole training run: data, networks, stages, one folder that holds everything."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path

import keras

from gliascope.dataset.sides import side_patients
from gliascope.dataset.split import Split, load_split, save_split
from gliascope.errors import TrainingError
from gliascope.recipe import Preparation, Recipe, recipe_from_dict
from gliascope.training.fit import StageFitter, Watcher
from gliascope.training.networks import NetworkSet, build_networks
from gliascope.training.precision import choose_precision
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

    Raises
    ------
    SplitError
        If a side is empty or a patient of the split is not in the data.
    InputError
        If an image cannot be used.
    """
    sides = (
        load_table([one.path for one in side_patients(split, side, data)], preparation)
        for side in ("train", "validation")
    )
    return Tables(*sides)


def train(
    data: Path,
    split_file: Path,
    recipe: Recipe,
    folder: Path,
    watcher: Watcher,
    *,
    resume: bool = False,
) -> TrainingRun:
    """Train every stage of a recipe on the split's training side.

    Parameters
    ----------
    data : Path
        A data set in the LGG layout.
    split_file : Path
    recipe : Recipe
    folder : Path
        The run's folder; made here.
    watcher : Watcher
    resume : bool
        Go on in a folder that holds a run of the same recipe and split.

    Returns
    -------
    TrainingRun

    Raises
    ------
    TrainingError
        If the folder holds another run, or training cannot go on; whole epochs are kept.
    SplitError
        If the split leaks or was altered.
    InputError
        If an image cannot be used.
    """
    split = load_split(split_file)
    precision = choose_precision(recipe.training)
    _claim(folder, recipe, split, precision, resume)
    keras.utils.set_random_seed(recipe.training.seed)
    keras.mixed_precision.set_global_policy(precision)
    networks = build_networks(recipe)
    tables = load_tables(data, split, recipe.preparation)
    counts = len(tables.train.labels), len(tables.validation.labels)
    logger.info("%d training slices, %d validation slices, %s", *counts, precision)
    watchers = Watchers([RunRecorder(folder), watcher])
    finished = _fit_stages(networks, recipe, tables, folder, watchers)
    return TrainingRun(folder, recipe, split, finished)


def _fit_stages(networks: NetworkSet, recipe: Recipe, tables: Tables, folder: Path, watcher: Watcher) -> bool:
    for stage, model in networks.stages.items():
        fitter = StageFitter(model, stage, recipe, tables, folder)
        if fitter.resume():
            logger.info("%s: going on after epoch %d", stage, fitter.epoch)
        fitter.fit(watcher)
        if fitter.epoch < recipe.training.epochs:
            return False
    return True


def _claim(folder: Path, recipe: Recipe, split: Split, precision: str, resume: bool) -> None:
    wanted = {
        "recipe": recipe.model_dump(mode="json"),
        "split": split.sha256,
        "precision": precision,
        "backend": keras.backend.backend(),
    }
    path = folder / RUN_FILE
    if path.exists():
        if not resume:
            raise TrainingError(f"{folder}: the folder must be new, it holds a run; --resume goes on with it")
        found = json.loads(path.read_text(encoding="utf-8"))
        changed = sorted(key for key in wanted if found.get(key) != wanted[key])
        if changed:
            raise TrainingError(f"{folder}: a run goes on with what it was started with, changed: {', '.join(changed)}")
        return
    if resume:
        raise TrainingError(f"{folder}: nothing to go on with, {RUN_FILE} is missing")
    folder.mkdir(parents=True, exist_ok=True)
    save_split(split, folder / SPLIT_FILE)
    path.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")


def run_recipe(folder: Path) -> Recipe:
    """Read the recipe that a run's folder was started with.

    Raises
    ------
    TrainingError
        If the folder holds no run.
    """
    path = folder / RUN_FILE
    try:
        return recipe_from_dict(json.loads(path.read_text(encoding="utf-8"))["recipe"], str(path))
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError(f"{path}: not a run's description ({error})") from error
