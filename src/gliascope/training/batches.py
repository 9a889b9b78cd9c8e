"""Batches of an epoch: which slices, in which order, changed how; all of it decided by seed and epoch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.engine.onnx import available_cores
from gliascope.errors import TrainingError
from gliascope.recipe import Recipe, Sampling
from gliascope.training.augment import augment_batch
from gliascope.training.networks import Stage
from gliascope.training.table import SliceTable

READ_AHEAD: Final = 4
"""Fewest batches made in advance while the network trains."""

MOST_WORKERS: Final = 16
"""Most threads that make batches unless more are asked for."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What one training step sees.

    Attributes
    ----------
    images : ndarray, float32, shape (n, size, size, channel)
    masks : ndarray, float32, shape (n, size, size, 1)
    labels : ndarray, float32, shape (n, 1)
    """

    images: NDArray[np.float32]
    masks: NDArray[np.float32]
    labels: NDArray[np.float32]

    def targets(self, outputs: list[str]) -> dict[str, NDArray[np.float32]]:
        """Targets by output name, as Keras wants them."""
        return {one: self.labels if one == "slice_logit" else self.masks for one in outputs}


def epoch_order(labels: NDArray[np.bool_], sampling: Sampling, stage: Stage, seed: int, epoch: int) -> NDArray[np.intp]:
    """Choose and shuffle the slices of one pass, which is an epoch unless the recipe counts steps.

    Parameters
    ----------
    labels : ndarray, bool, shape (slice,)
    sampling : Sampling
    stage : str
    seed, epoch : int

    Returns
    -------
    ndarray, int, shape (drawn,)
        Rows of the table.

    Raises
    ------
    TrainingError
        If nothing is drawn: there is no tumour slice to count the others by.
    """
    rng = np.random.default_rng((seed, epoch))
    tumour, empty = np.flatnonzero(labels), np.flatnonzero(~labels)
    whole, rest = divmod(sampling.tumour, 1)
    drawn = [tumour] * int(whole) + [rng.permutation(tumour)[: round(rest * len(tumour))]]
    if not (stage == "segmenter" and sampling.segment_tumour_only):
        count = sum(len(one) for one in drawn)
        drawn.append(rng.permutation(empty)[: round(sampling.empty_per_tumour * count)])
    rows: NDArray[np.intp] = rng.permutation(np.concatenate(drawn))
    if not len(rows):
        raise TrainingError(f"{stage}: an epoch must have tumour slices, received {len(tumour)} to choose from")
    return rows


@dataclass(frozen=True)
class Steps:
    """How a run's steps are cut into epochs.

    Attributes
    ----------
    per_pass : int
        Batches in one pass over the slices.
    total : int
        Steps of the whole run.
    epochs : int
    """

    per_pass: int
    total: int
    epochs: int

    @property
    def per_epoch(self) -> float:
        """Steps of an epoch; epochs differ by one where this is no whole number."""
        return self.total / self.epochs

    def of_epoch(self, epoch: int) -> range:
        """The steps of one epoch, counted from 0 over the whole run."""
        return range(epoch * self.total // self.epochs, (epoch + 1) * self.total // self.epochs)


def plan_steps(labels: NDArray[np.bool_], recipe: Recipe, stage: Stage) -> Steps:
    """Count the steps of a run; a pass' last batch that is not full is left out unless it is the only one."""
    training = recipe.training
    count = len(epoch_order(labels, recipe.sampling, stage, training.seed, 0))
    per_pass = max(1, count // training.batch_size)
    return Steps(per_pass, training.steps or per_pass * training.epochs, training.epochs)


def default_workers() -> int:
    """Threads that make batches unless a number is asked for: one for each core but one, at most `MOST_WORKERS`."""
    return min(MOST_WORKERS, max(1, available_cores() - 1))


def epoch_batches(table: SliceTable, recipe: Recipe, stage: Stage, epoch: int, *, workers: int = 1) -> Iterator[Batch]:
    """Make the batches of one epoch, some ahead of their use.

    Parameters
    ----------
    table : SliceTable
    recipe : Recipe
    stage : str
    epoch : int
        From 0. The same recipe, stage and epoch give the same batches.
    workers : int
        Threads that make them; OpenCV and NumPy let them run side by side. Their number changes nothing but the time.

    Yields
    ------
    Batch
    """
    waiting: deque[Future[Batch]] = deque()
    ahead = max(READ_AHEAD, 2 * workers)
    with ThreadPoolExecutor(max_workers=workers) as pool:
        for rows, seed in _draws(table.labels, recipe, stage, epoch):
            waiting.append(pool.submit(_make, table, rows, recipe, seed))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _draws(
    labels: NDArray[np.bool_], recipe: Recipe, stage: Stage, epoch: int
) -> Iterator[tuple[NDArray[np.intp], tuple[int, ...]]]:
    """Rows and augmentation seed of each batch. Passes follow one another, wherever epochs begin and end."""
    seed, size = recipe.training.seed, recipe.training.batch_size
    steps = plan_steps(labels, recipe, stage)
    current, order = -1, np.zeros(0, dtype=np.intp)
    for step in steps.of_epoch(epoch):
        turn, place = divmod(step, steps.per_pass)
        if turn != current:
            current, order = turn, epoch_order(labels, recipe.sampling, stage, seed, turn)
        yield order[place * size : (place + 1) * size], (seed, turn, place)


def _make(table: SliceTable, rows: NDArray[np.intp], recipe: Recipe, seed: tuple[int, ...]) -> Batch:
    rng = np.random.default_rng(seed)
    images, masks = augment_batch(table.inputs(rows), table.masks[rows], recipe.augmentation, rng)
    preparation = recipe.preparation
    if preparation.normalise != "unit":  # as preparation cuts what networks get in use
        np.clip(images, -preparation.clip, preparation.clip, out=images)
    return Batch(images, masks[..., None], table.labels[rows, None].astype(np.float32))
