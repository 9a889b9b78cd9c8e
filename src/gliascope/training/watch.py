"""Who follows a training run besides the person: TensorBoard, and the curves as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gliascope.present.curves import curves_figure
from gliascope.training.fit import StageFiles, Watcher
from gliascope.training.history import History
from gliascope.training.networks import Stage

EVENTS: Final = "tensorboard"
"""Folder of TensorBoard's event files inside a run's folder."""

CURVES: Final = "curves.png"
"""The curves of a stage, in the stage's folder."""


class Watchers:
    """Several watchers as one."""

    def __init__(self, watchers: Sequence[Watcher]) -> None:
        self.watchers = tuple(watchers)

    def start(self, stage: Stage, epoch: int, epochs: int, steps: int) -> None:
        """Begin an epoch."""
        for one in self.watchers:
            one.start(stage, epoch, epochs, steps)

    def step(self, figures: dict[str, float]) -> None:
        """Tell that one batch is done."""
        for one in self.watchers:
            one.step(figures)

    def finish(self, figures: dict[str, float], best: bool) -> None:
        """End an epoch."""
        for one in self.watchers:
            one.finish(figures, best)

    def stopped(self) -> bool:
        """Tell whether one of them ends training."""
        return any(one.stopped() for one in self.watchers)


class RunRecorder:
    """Writes TensorBoard events and redraws the curves after every epoch.

    Parameters
    ----------
    folder : Path
        The run's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stage: Stage = "joint"
        self._epoch = 0

    def start(self, stage: Stage, epoch: int, _epochs: int, _steps: int, /) -> None:
        """Remember which epoch begins."""
        self._stage, self._epoch = stage, epoch

    def step(self, _figures: dict[str, float], /) -> None:
        """Do nothing: only whole epochs are recorded."""

    def finish(self, figures: dict[str, float], _best: bool, /) -> None:
        """Record an epoch."""
        from tensorboard.summary import Writer

        events = Writer(str(self.folder / EVENTS / self._stage))
        for name, value in figures.items():
            events.add_scalar(name, value, self._epoch)
        events.close()
        files = StageFiles.under(self.folder, self._stage)
        curves_figure(History(files.history).rows, files.history.with_name(CURVES), title=self._stage)

    def stopped(self) -> bool:
        """Never end training."""
        return False
