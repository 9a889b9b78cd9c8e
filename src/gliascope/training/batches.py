"""Batches of an epoch: which slices, in which order, changed how; all of it decided by seed and epoch."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import TrainingError
from gliascope.recipe import Recipe, Sampling
from gliascope.training.augment import augment
from gliascope.training.networks import Stage
from gliascope.training.table import SliceTable

READ_AHEAD: Final = 4
"""Batches made in advance while the network trains."""


@dataclass(frozen=True, eq=False)
class Batch:
    """What one training step sees.

    Attributes
    ----------
    images : ndarray, float32, shape (n, size, size, 3)
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
    """Choose and shuffle the slices of one epoch.

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


def steps_in_epoch(labels: NDArray[np.bool_], recipe: Recipe, stage: Stage) -> int:
    """Count the batches of an epoch; a last batch that is not full is left out unless it is the only one."""
    count = len(epoch_order(labels, recipe.sampling, stage, recipe.training.seed, 0))
    return max(1, count // recipe.training.batch_size)


def epoch_batches(table: SliceTable, recipe: Recipe, stage: Stage, epoch: int) -> Iterator[Batch]:
    """Make the batches of one epoch, a few ahead of their use.

    Parameters
    ----------
    table : SliceTable
    recipe : Recipe
    stage : str
    epoch : int
        From 0. The same recipe, stage and epoch give the same batches.

    Yields
    ------
    Batch
    """
    seed, size = recipe.training.seed, recipe.training.batch_size
    order = epoch_order(table.labels, recipe.sampling, stage, seed, epoch)
    steps = steps_in_epoch(table.labels, recipe, stage)
    waiting: deque[Future[Batch]] = deque()
    with ThreadPoolExecutor(max_workers=1) as pool:
        for step in range(steps):
            rows = order[step * size : (step + 1) * size]
            waiting.append(pool.submit(_make, table, rows, recipe, (seed, epoch, step)))
            if len(waiting) > READ_AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _make(table: SliceTable, rows: NDArray[np.intp], recipe: Recipe, seed: tuple[int, ...]) -> Batch:
    rng = np.random.default_rng(seed)
    pairs = [
        augment(table.images[row].astype(np.float32), table.masks[row].astype(np.float32), recipe.augmentation, rng)
        for row in rows
    ]
    return Batch(
        images=np.stack([image for image, _ in pairs]),
        masks=np.stack([mask for _, mask in pairs])[..., None],
        labels=table.labels[rows, None].astype(np.float32),
    )
