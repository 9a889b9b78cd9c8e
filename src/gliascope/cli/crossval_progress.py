"""What `gliascope crossval` shows while it runs: fold, stage, epoch, time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from gliascope.training.plan import RunPlan


class CrossProgress:
    """Shows each epoch as a live bar and leaves one line behind, with the time left for all folds.

    Parameters
    ----------
    bar : rich.progress.Progress
    folds : sequence of int
        The folds that are worked on.
    quiet : bool
    clock : callable
        Seconds, from any moment on.
    """

    def __init__(
        self,
        bar: Progress,
        folds: Sequence[int],
        *,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.bar, self.folds, self.quiet, self.clock = bar, list(folds), quiet, clock
        self.title = self.epoch = ""
        self.task: TaskID | None = None
        self._stages: dict[str, int] = {}
        self._begun = clock()
        self._before = self._now = self._done = 0.0

    def fold(self, fold: int, plan: RunPlan) -> None:
        """Begin to train a fold."""
        if not self._stages:
            self.say(*(line for line in plan.lines() if not line.startswith(("train: ", "validation: "))))
            self._begun = self.clock()
        self._stages = {one.stage: one.steps for one in plan.stages}
        self._before = self.folds.index(fold) * self._steps_of_fold
        self.title = f"fold {fold} ({self.folds.index(fold) + 1} of {len(self.folds)})"
        self.say(f"{self.title}: {plan.train}; inner hold-out: {plan.validation}")

    def start(self, stage: str, epoch: int, epochs: int, steps: int) -> None:
        """Begin an epoch."""
        stages = list(self._stages)
        earlier = sum(self._stages[one] for one in stages[: stages.index(stage)])
        self._now = self._before + earlier + (epoch - 1) * self._stages[stage] / epochs
        self.epoch = f"{self.title}  {stage} {epoch}/{epochs}"
        self.task = self.bar.add_task(self.epoch, total=steps, note="")

    def step(self, figures: dict[str, float]) -> None:
        """Move the bar by one batch."""
        self._now += 1
        self._done += 1
        if self.task is not None:
            self.bar.update(self.task, advance=1, note=f"{_text(figures)}  all folds: {self.left()}")

    def finish(self, figures: dict[str, float], best: bool) -> None:
        """Leave the epoch's figures as a line."""
        self._end_task()
        self.say(f"{self.epoch}  {_text(figures)}{'  best so far' if best else ''}  {self.left()}")

    def stopped(self) -> bool:
        """Never end training: Ctrl-C does."""
        return False

    def scored(self, fold: int, done: int, total: int, note: str) -> None:
        """Move the bar by one patient."""
        if self.task is None:
            self.task = self.bar.add_task(f"fold {fold}  scoring", total=total, note="")
        self.bar.update(self.task, completed=done, note=note)
        if done == total:
            self._end_task()

    def say(self, *lines: str) -> None:
        """Leave lines behind."""
        if not self.quiet:
            for line in lines:
                self.bar.console.print(line, soft_wrap=True, markup=False)

    def left(self) -> str:
        """Say how long the training of all folds will go on, by the time it took so far."""
        if not self._done:
            return "time left unknown"
        rest = len(self.folds) * self._steps_of_fold - self._now
        return f"{span(max(0.0, rest) * (self.clock() - self._begun) / self._done)} left"

    @property
    def _steps_of_fold(self) -> int:
        return sum(self._stages.values())

    def _end_task(self) -> None:
        if self.task is not None:
            self.bar.remove_task(self.task)
        self.task = None


def span(seconds: float) -> str:
    """Write a time in words: ``45 s``, ``12 min``, ``3 h 05 min``."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min"


def _text(figures: dict[str, float]) -> str:
    return "  ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in figures.items())
