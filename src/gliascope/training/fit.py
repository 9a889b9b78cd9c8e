"""One training stage: epochs, validation, checkpoints, and going on after an interruption."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from gliascope.errors import TrainingError
from gliascope.recipe import Recipe, Training
from gliascope.training.batches import epoch_batches, plan_steps
from gliascope.training.checkpoint import load_values, restore, save_values, snapshot, stage_variables
from gliascope.training.history import History
from gliascope.training.losses import stage_losses
from gliascope.training.networks import Stage
from gliascope.training.score import Predictions, validation_scores
from gliascope.training.stepping import make_stepper
from gliascope.training.table import SliceTable, Tables

logger = logging.getLogger(__name__)

PREDICT_BATCH: Final = 32
"""Most slices that are predicted at once."""

SGD_MOMENTUM: Final = 0.99
"""Nesterov momentum of the ``sgd`` optimiser, as in nnU-Net."""


class Watcher(Protocol):
    """Who is told how training goes, and may end it."""

    def start(self, stage: Stage, epoch: int, epochs: int, steps: int, /) -> None:
        """Begin an epoch."""

    def step(self, figures: dict[str, float], /) -> None:
        """One batch is done; `figures` are the running means of the epoch."""

    def finish(self, figures: dict[str, float], best: bool, /) -> None:
        """End an epoch: it has been scored and saved."""

    def stopped(self) -> bool:
        """Tell whether training shall end here; asked between epochs."""


@dataclass(frozen=True)
class StageFiles:
    """Where a stage keeps its state.

    Attributes
    ----------
    last : Path
        Everything needed to go on after the last whole epoch.
    best : Path
        The network's values after the epoch that is kept: the best, or the last one where the recipe says so or there
        are no validation patients.
    history : Path
        One CSV row an epoch.
    """

    last: Path
    best: Path
    history: Path

    @classmethod
    def under(cls, run: Path, stage: Stage) -> StageFiles:
        """Files of a stage in a run's folder."""
        return cls(run / stage / "last.npz", run / stage / "best.npz", run / stage / "history.csv")


def build_optimiser(training: Training) -> keras.optimizers.Optimizer:
    """Make the recipe's optimiser; its learning rate is set anew at every step."""
    common: dict[str, Any] = {"learning_rate": training.learning_rate}
    if training.clip_norm:
        common["global_clipnorm"] = training.clip_norm
    if training.ema:
        common |= {"use_ema": True, "ema_momentum": training.ema, "ema_overwrite_frequency": None}
    if training.optimiser == "sgd":
        return keras.optimizers.SGD(momentum=SGD_MOMENTUM, nesterov=True, **common)
    if training.optimiser == "adam":
        return keras.optimizers.Adam(**common)
    optimiser = keras.optimizers.AdamW(weight_decay=training.weight_decay, **common)
    optimiser.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimiser


def learning_rate(training: Training, step: int, steps_per_epoch: float) -> float:
    """Learning rate of one step: linear warm-up, then the recipe's decay.

    Parameters
    ----------
    training : Training
    step : int
        From 0, over all epochs.
    steps_per_epoch : float

    Returns
    -------
    float
    """
    warmup = training.warmup_epochs * steps_per_epoch
    if step < warmup:
        return training.learning_rate * (step + 1) / (warmup + 1)
    whole = max(1.0, training.epochs * steps_per_epoch - warmup)
    share = min(1.0, (step - warmup) / whole)
    if training.schedule == "cosine":
        return training.learning_rate * 0.5 * (1 + math.cos(math.pi * share))
    if training.schedule == "poly":
        return float(training.learning_rate * (1 - share) ** 0.9)
    return training.learning_rate


class StageFitter:
    """Trains one stage and keeps its files up to date.

    Parameters
    ----------
    model : keras.Model
        Gives logits (see `gliascope.training.networks.NetworkSet`).
    stage : str
    recipe : Recipe
    tables : Tables
    run : Path
        The run's folder.
    gate : ndarray, float32, shape (slice,), optional
        Slice probabilities of the validation patients by the classifier that a segmenter works behind.
    workers : int
        Threads that make batches.
    """

    def __init__(
        self,
        model: keras.Model,
        stage: Stage,
        recipe: Recipe,
        tables: Tables,
        run: Path,
        *,
        gate: NDArray[np.float32] | None = None,
        workers: int = 1,
    ) -> None:
        self.model, self.stage, self.recipe, self.tables, self.gate = model, stage, recipe, tables, gate
        self.workers = workers
        self.files = StageFiles.under(run, stage)
        self.steps = plan_steps(tables.train.labels, recipe, stage)
        chosen, weights = stage_losses(stage, recipe.loss, list(model.output))
        model.compile(optimizer=build_optimiser(recipe.training), loss=chosen, loss_weights=weights)
        model.optimizer.build(model.trainable_variables)
        self.stepper = make_stepper(model, chosen, weights, keras.mixed_precision.dtype_policy().name)
        self.history = History(self.files.history)
        self.epoch = 0

    def resume(self) -> bool:
        """Go on after the last whole epoch, if there is one.

        Returns
        -------
        bool
            True where a checkpoint was found.

        Raises
        ------
        TrainingError
            If the checkpoint is damaged, belongs to another network, or is gone after some epochs.
        """
        if not self.files.last.exists():
            if len(self.history.rows) > 1:  # one row may be there before its checkpoint
                raise TrainingError(
                    f"{self.files.last}: the state after {len(self.history.rows)} epochs must be there to go on, "
                    "received none; --export-only packs the best epoch"
                )
            self.history.keep(0)
            return False
        values, self.epoch = load_values(self.files.last)
        restore(stage_variables(self.model), values)
        self.history.keep(self.epoch)
        return True

    def fit(self, watcher: Watcher) -> None:
        """Train until the recipe's last epoch, or until the watcher ends it between two epochs.

        Raises
        ------
        TrainingError
            If the loss is no longer a number, memory runs out or the disk is full; whole epochs are kept.
        """
        while self.epoch < self.recipe.training.epochs and not watcher.stopped():
            figures = self._train_epoch(watcher)
            chosen = len(self.tables.validation.labels) > 0
            if chosen:
                figures |= {f"val_{name}": value for name, value in self._validate().items()}
            by_score = chosen and self.recipe.training.keep == "best"
            best = by_score and figures["val_score"] > self.history.best("val_score")
            if best or not by_score:
                save_values(self.files.best, self._averaged(), self.epoch + 1)
            self.epoch += 1
            self.history.add(self.epoch, figures)
            save_values(self.files.last, snapshot(stage_variables(self.model)), self.epoch)
            watcher.finish(figures, best)

    def _train_epoch(self, watcher: Watcher) -> dict[str, float]:
        steps = self.steps.of_epoch(self.epoch)
        watcher.start(self.stage, self.epoch + 1, self.recipe.training.epochs, len(steps))
        sums: dict[str, float] = {}
        rate = 0.0
        batches = epoch_batches(self.tables.train, self.recipe, self.stage, self.epoch, workers=self.workers)
        for done, (step, batch) in enumerate(zip(steps, batches, strict=True), start=1):
            rate = learning_rate(self.recipe.training, step, self.steps.per_epoch)
            with self._memory(len(batch.images)):
                losses = self.stepper.step(batch, rate)
            for name, value in losses.items():
                sums[name] = sums.get(name, 0.0) + value
            if not math.isfinite(sums["loss"]):
                raise TrainingError(
                    f"{self.stage}: the loss must stay a number, received {sums['loss']} in epoch {self.epoch + 1}, "
                    f"step {done}; the last whole epoch is kept in {self.files.last}"
                )
            watcher.step({name: value / done for name, value in sums.items()})
        self.stepper.finish()
        return {name: value / len(steps) for name, value in sums.items()} | {"learning_rate": rate}

    @contextmanager
    def _memory(self, slices: int) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            if not _is_out_of_memory(error):
                raise
            raise TrainingError(
                f"{self.stage}: a batch of {slices} slices does not fit into memory; lower "
                f"training.batch_size or preparation.size. Whole epochs are kept in {self.files.last}"
            ) from error

    def _averaged(self) -> list[Any]:
        """Values of the network as it is validated and exported: the moving average where the recipe has one."""
        live = snapshot(self.model.variables)
        if self.recipe.training.ema:
            self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
            averaged = snapshot(self.model.variables)
            restore(self.model.variables, live)
            return averaged
        return live

    def _validate(self) -> dict[str, float]:
        live, table = snapshot(self.model.variables), self.tables.validation
        restore(self.model.variables, self._averaged())
        figures = validation_scores(table, self._predict(), self.gate)
        restore(self.model.variables, live)
        return figures

    def best_predictions(self) -> Predictions:
        """Predict the validation patients by the best epoch; the network keeps that epoch's values.

        Raises
        ------
        TrainingError
            If no epoch has been kept.
        """
        restore(self.model.variables, load_values(self.files.best)[0])
        return self._predict()

    def _predict(self) -> Predictions:
        slices = min(PREDICT_BATCH, self.recipe.training.batch_size)
        with self._memory(slices):
            return predict_table(self.model, self.tables.validation, slices)


def predict_table(
    model: keras.Model, table: SliceTable, batch: int = PREDICT_BATCH, *, flips: bool = False
) -> Predictions:
    """Run a stage's network over all slices of a table.

    Parameters
    ----------
    model : keras.Model
        Gives logits.
    table : SliceTable
    batch : int
        Slices predicted at once.
    flips : bool
        Give the mean over each slice and its left-right mirror image, as `gliascope.engine.mirror` does.

    Returns
    -------
    Predictions
    """
    slices, masks = [], []
    for start in range(0, len(table.images), batch):
        images = table.inputs(slice(start, start + batch)).astype(np.float32)
        given = _probabilities(model, images)
        if flips:
            mirrored = _probabilities(model, np.ascontiguousarray(images[:, :, ::-1]))
            if "mask_logit" in mirrored:
                mirrored["mask_logit"] = mirrored["mask_logit"][:, :, ::-1]
            given = {name: (one + mirrored[name]) / 2 for name, one in given.items()}
        if "slice_logit" in given:
            slices.append(given["slice_logit"][:, 0])
        if "mask_logit" in given:
            masks.append(given["mask_logit"][..., 0].astype(np.float16))
    return Predictions(
        np.concatenate(slices) if slices else None,
        np.concatenate(masks) if masks else None,
    )


def _probabilities(model: keras.Model, images: NDArray[np.float32]) -> dict[str, Any]:
    """Probabilities of slices and of pixels, named after their logits."""
    logits = model.predict_on_batch(images)
    return {name: _sigmoid(logits[name]) for name in ("slice_logit", "mask_logit") if name in logits}


def _sigmoid(logits: Any) -> Any:
    return ops.convert_to_numpy(ops.sigmoid(ops.convert_to_tensor(logits, dtype="float32")))


def _is_out_of_memory(error: Exception) -> bool:
    return isinstance(error, MemoryError) or any(
        sign in f"{type(error).__name__} {error}".lower()
        for sign in ("resourceexhausted", "resource_exhausted", "out of memory", "outofmemory")
    )
