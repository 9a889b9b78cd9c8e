"""One fold of a cross-validation: trained, measured on its inner hold-out, exported, scored; each step once."""

from __future__ import annotations

import gc
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np

from gliascope.dataset.split import Split
from gliascope.training.checkpoint import load_values, save_values
from gliascope.training.crossval_inner import measure_inner, save_inner
from gliascope.training.crossval_state import FoldFiles, Job
from gliascope.training.fit import Watcher
from gliascope.training.plan import RunPlan
from gliascope.training.run import RUN_FILE, train
from gliascope.training.store import TableStore

logger = logging.getLogger(__name__)


class FoldWatcher(Watcher, Protocol):
    """Who is told how a cross-validation goes, and may end it between two epochs."""

    def fold(self, fold: int, plan: RunPlan, /) -> None:
        """Training of a fold begins or goes on."""

    def scored(self, fold: int, done: int, total: int, note: str, /) -> None:
        """One more of a fold's patients has been scored; `note` says how."""

    def say(self, text: str, /) -> None:
        """A fold came a step further."""


@dataclass(frozen=True, eq=False)
class FoldJob:
    """What is needed to bring one fold to its end.

    Attributes
    ----------
    job : Job
    fold : int
        From 0.
    data : Path
        A data set in the LGG layout.
    store : TableStore
        Of this data set and the job's recipe.
    watcher : FoldWatcher
    workers : int
        Threads that make batches.
    """

    job: Job
    fold: int
    data: Path
    store: TableStore
    watcher: FoldWatcher
    workers: int

    @property
    def files(self) -> FoldFiles:
        """Where the results go."""
        return self.job.files(self.fold)

    @property
    def split(self) -> Split:
        """Who trains, who chooses and who is scored."""
        return self.job.folds.splits[self.fold]

    def run(self, *, score: bool, lone: bool = False) -> bool:
        """Do what is left to do.

        Parameters
        ----------
        score : bool
            Export and score as well; needs TensorFlow.
        lone : bool
            Score every slice as a lone image, too.

        Returns
        -------
        bool
            False where the watcher ended it.

        Raises
        ------
        TrainingError, ParityError, InputError, SplitError
            See `gliascope.training.run.train`, `gliascope.training.export.export_run` and
            `gliascope.evaluate.run.evaluate_side`; what is done is kept.
        """
        try:
            if not self.files.trained and not self._train():
                return False
            for state in self.files.folder.glob("*/last.npz"):
                release_state(state)
            if score and not self.files.exported:
                self._export()
            if score and not self.files.scored:
                self._score()
            if score and lone and not self.files.lone_evidence.exists():
                self._score(lone=True)
        finally:
            keras.utils.clear_session()  # the next fold starts as if it were the first
            gc.collect()
        return True

    def _train(self) -> bool:
        outcome = train(
            self.data,
            self.job.folds_file,
            self.job.recipe,
            self.files.folder,
            self.watcher,
            fold=self.fold,
            resume=(self.files.folder / RUN_FILE).exists(),
            workers=self.workers,
            announce=lambda plan: self.watcher.fold(self.fold, plan),
            tables=self.store.tables,
            start=self.job.start,
        )
        if not outcome.finished:
            return False
        keras.utils.clear_session()
        tables = self.store.tables(self.split)
        inner = measure_inner(self.files.folder, self.data, self.split, self.job.recipe, tables)
        save_inner(inner, self.fold, self.files.inner)
        dice = float(np.nanmean([one.dice for one in inner.patients]))
        self.watcher.say(f"fold {self.fold}: trained, mean Dice {dice:.3f} on the inner hold-out's patients")
        return True

    def _export(self) -> None:
        from gliascope.training.export import export_run

        keras.utils.clear_session()
        bundle, parity = export_run(
            self.files.folder,
            self.data,
            self.files.bundle,
            name=f"{self.job.recipe.name}-fold-{self.fold}",
            created=self.job.created,
            tables=self.store.tables(self.split),
        )
        logger.info("%s: ONNX Runtime and Keras differ by %.1g", bundle.path, parity.probability)

    def _score(self, *, lone: bool = False) -> None:
        from gliascope.training.crossval_report import score_fold

        def told(*values: Any) -> None:
            self.watcher.scored(self.fold, *values)

        dice = score_fold(self.job, self.fold, self.data, told, lone=lone)
        how = ", every slice as a lone image" if lone else ""
        self.watcher.say(f"fold {self.fold}: scored, mean Dice {dice:.3f} on patients it has never seen{how}")


def release_state(last: Path) -> None:
    """Give back the disk that a finished stage needs no more.

    The state to go on from is deleted, and the best values are kept as float16, which is what they are exported as.

    Parameters
    ----------
    last : Path
        The state of the stage (`gliascope.training.fit.StageFiles`).

    Raises
    ------
    TrainingError
        If the best values cannot be read or written.
    """
    best = last.with_name("best.npz")
    values, epoch = load_values(best)
    save_values(best, [one.astype(np.float16) if one.dtype == np.float32 else one for one in values], epoch)
    last.unlink()
