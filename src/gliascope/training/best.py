"""The best epoch of a run, as it is exported."""

from __future__ import annotations

from pathlib import Path

import keras

from gliascope.errors import TrainingError
from gliascope.recipe import Recipe
from gliascope.training.checkpoint import load_values, restore
from gliascope.training.fit import StageFiles, predict_table
from gliascope.training.graphs import round_weights
from gliascope.training.networks import NetworkSet, build_networks
from gliascope.training.score import Predictions, merge_predictions
from gliascope.training.table import SliceTable


def best_networks(folder: Path, recipe: Recipe) -> tuple[NetworkSet, dict[str, int]]:
    """Build a run's networks in float32, with every stage's best values rounded to float16.

    Parameters
    ----------
    folder : Path
        A run's folder.
    recipe : Recipe
        The run's own.

    Returns
    -------
    networks : NetworkSet
    epochs : dict of str to int
        The best epoch of each stage.

    Raises
    ------
    TrainingError
        If a stage has no finished epoch, its checkpoint is damaged, or a weight is beyond float16's range.
    """
    keras.mixed_precision.set_global_policy("float32")
    networks = build_networks(recipe, pretrained=False)
    epochs: dict[str, int] = {}
    for stage, model in networks.stages.items():
        path = StageFiles.under(folder, stage).best
        if not path.exists():
            raise TrainingError(f"{folder}: export needs one finished epoch of {stage}, {path.name} is missing")
        values, epochs[stage] = load_values(path)
        restore(model.variables, values)
        round_weights(model)
    return networks, epochs


def predict_networks(networks: NetworkSet, table: SliceTable, *, flips: bool = False) -> Predictions:
    """Predict every slice by all stages: probabilities of the slices and of the pixels.

    Parameters
    ----------
    networks : NetworkSet
    table : SliceTable
    flips : bool
        See `gliascope.training.fit.predict_table`.

    Returns
    -------
    Predictions
    """
    return merge_predictions([predict_table(model, table, flips=flips) for model in networks.stages.values()])
