"""What the tests of a whole cross-validation share: a recipe, a command with small networks, a listener, the places."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gliascope.dataset.folds import Folds, load_folds
from gliascope.training.crossval_state import Job, resume_job
from gliascope.training.plan import RunPlan
from tests.training.watchers import Quiet

TINY = Path(__file__).with_name("tiny_networks.py")

COMMAND = f"""
import runpy, sys
from gliascope.cli.backend import load_training
load_training("the test")
runpy.run_path({str(TINY)!r})["install"]()
from gliascope.cli.app import main
main()
"""

RECIPE = """
name = "tiny"
[preparation]
size = 32
[network]
decoder = [16, 8, 8, 8, 4]
[training]
epochs = 2
batch_size = 8
precision = "float32"
optimiser = "sgd"
learning_rate = 0.01
clip_norm = 0.0
"""


class Listener(Quiet):
    """Remembers what it is told; ends training after some epochs."""

    def __init__(self, epochs: int = 99) -> None:
        self.left = epochs
        self.folds: list[int] = []
        self.patients: list[tuple[int, int, int]] = []

    def finish(self, _figures: dict[str, float], _best: bool, /) -> None:
        self.left -= 1

    def stopped(self) -> bool:
        return self.left <= 0

    def fold(self, fold: int, _plan: RunPlan, /) -> None:
        self.folds.append(fold)

    def scored(self, fold: int, done: int, total: int, _note: str, /) -> None:
        self.patients.append((fold, done, total))


@dataclass(frozen=True)
class Place:
    data: Path
    folds: Path
    recipe: Path
    out: Path
    told: Listener

    def job(self) -> Job:
        return resume_job(self.out)

    def folds_made(self) -> Folds:
        return load_folds(self.folds)
