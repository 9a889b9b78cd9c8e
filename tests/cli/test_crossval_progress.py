from __future__ import annotations

import io

import pytest

pytest.importorskip("keras")

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn

from gliascope.cli.crossval_progress import CrossProgress, span
from gliascope.training.plan import RunPlan, SideCount, StagePlan

pytestmark = pytest.mark.train


def plan(*stages: StagePlan) -> RunPlan:
    return RunPlan(
        recipe="tiny",
        shape=(32, 32),
        train=SideCount(3, 18, 9),
        validation=SideCount(2, 12, 6),
        stages=stages,
        epochs=2,
        batch_size=8,
        precision="float32",
        backend="tensorflow",
    )


class Clock:
    """Goes on by ten seconds a step."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def follow(folds: list[int], *, quiet: bool = False) -> tuple[CrossProgress, io.StringIO, Clock]:
    stream, clock = io.StringIO(), Clock()
    bar = Progress(
        TextColumn("{task.description}"),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(file=stream, width=200),
        disable=True,
    )
    return CrossProgress(bar, folds, quiet=quiet, clock=clock), stream, clock


def train(shown: CrossProgress, clock: Clock, stage: str, epoch: int, steps: int) -> None:
    shown.start(stage, epoch, 2, steps)
    for _ in range(steps):
        clock.now += 10
        shown.step({"loss": 0.5})
    clock.now += 10 * steps  # validation takes as long again
    shown.finish({"loss": 0.5}, epoch == 1)


def test_every_epoch_leaves_its_fold_and_the_time_left_for_all_folds() -> None:
    shown, stream, clock = follow([0, 3])
    shown.fold(0, plan(StagePlan("joint", 1000, 10)))
    train(shown, clock, "joint", 1, 5)
    train(shown, clock, "joint", 2, 5)
    shown.fold(3, plan(StagePlan("joint", 1000, 10)))
    train(shown, clock, "joint", 1, 5)
    assert stream.getvalue().splitlines() == [
        "recipe tiny: 32 x 32 pixels, batches of 8 slices, float32 on tensorflow",
        "joint: 1,000 parameters, 10 steps in 2 epochs",
        "fold 0 (1 of 2): 3 patients, 18 slices, 9 with tumour; inner hold-out: 2 patients, 12 slices, 6 with tumour",
        "fold 0 (1 of 2)  joint 1/2  loss 0.5  best so far  5 min left",
        "fold 0 (1 of 2)  joint 2/2  loss 0.5  3 min left",
        "fold 3 (2 of 2): 3 patients, 18 slices, 9 with tumour; inner hold-out: 2 patients, 12 slices, 6 with tumour",
        "fold 3 (2 of 2)  joint 1/2  loss 0.5  best so far  2 min left",
    ]


def test_two_stages_and_a_resumed_epoch_are_counted() -> None:
    shown, _, clock = follow([0])
    shown.fold(0, plan(StagePlan("classifier", 1000, 8), StagePlan("segmenter", 1000, 12)))
    train(shown, clock, "classifier", 2, 4)
    assert shown.left() == "4 min left"  # 12 of 20 steps, 20 seconds each
    train(shown, clock, "segmenter", 1, 6)
    assert shown.left() == "2 min left"


def test_quiet_says_nothing_and_no_step_tells_no_time() -> None:
    shown, stream, clock = follow([0], quiet=True)
    assert shown.left() == "time left unknown"
    shown.fold(0, plan(StagePlan("joint", 1000, 10)))
    train(shown, clock, "joint", 1, 5)
    shown.scored(0, 1, 2, "TCGA Dice 0.9")
    shown.scored(0, 2, 2, "TCGA Dice 0.9")
    shown.say("fold 0: scored")
    assert not stream.getvalue()
    assert not shown.stopped()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.4, "59 s"), (60, "1 min"), (3599, "1 h 00 min"), (11100, "3 h 05 min")]
)
def test_spans_in_words(seconds: float, text: str) -> None:
    assert span(seconds) == text
