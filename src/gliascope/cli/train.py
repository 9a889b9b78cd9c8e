"""``gliascope train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gliascope.cli.backend import load_training
from gliascope.cli.console import note, progress
from gliascope.cli.options import Quiet, Verbose
from gliascope.dataset.splitfile import load_split
from gliascope.recipe import load_recipe, with_steps

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from gliascope.recipe import Recipe
    from gliascope.training.plan import RunPlan


class ProgressWatcher:
    """Shows each epoch as a live bar and leaves one line behind.

    Parameters
    ----------
    bar : rich.progress.Progress
    quiet : bool
    """

    def __init__(self, bar: Progress, quiet: bool) -> None:
        self.bar, self.quiet = bar, quiet
        self.task: TaskID | None = None
        self.title = ""

    def start(self, stage: str, epoch: int, epochs: int, steps: int) -> None:
        """Begin an epoch."""
        self.title = f"{stage} {epoch}/{epochs}"
        self.task = self.bar.add_task(self.title, total=steps, note="")

    def step(self, figures: dict[str, float]) -> None:
        """Move the bar by one batch."""
        if self.task is not None:
            self.bar.update(self.task, advance=1, note=_text(figures))

    def finish(self, figures: dict[str, float], best: bool) -> None:
        """Leave the epoch's figures as a line."""
        if self.task is not None:
            self.bar.remove_task(self.task)
        if not self.quiet:
            line = f"{self.title}  {_text(figures)}{'  best so far' if best else ''}"
            self.bar.console.print(line, soft_wrap=True)

    def stopped(self) -> bool:
        """Never end training: Ctrl-C does."""
        return False


def _text(figures: dict[str, float]) -> str:
    return "  ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in figures.items())


def train(
    run: Annotated[Path, typer.Option("-o", "--output", help="Folder of the run; made here.")],
    data: Annotated[Path, typer.Option("--data", help="Data set in the LGG layout: a folder of patients' folders.")],
    split: Annotated[
        Path | None, typer.Option("--split", help="Split file of `gliascope data split`; with --resume the run's own.")
    ] = None,
    recipe: Annotated[
        str | None, typer.Option("--recipe", help="`default`, `classic` or a TOML file; with --resume the run's own.")
    ] = None,
    fold: Annotated[
        int | None,
        typer.Option("--fold", min=0, metavar="N", help="Which fold of a split file with several, counted from 0."),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, help="Steps of the whole run, in place of the recipe's `training.steps`."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Threads that make batches; by default one for each core but one."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on after the last whole epoch.")] = False,
    export_only: Annotated[
        bool, typer.Option("--export-only", help="Train no further: pack the best epoch so far.")
    ] = False,
    name: Annotated[str | None, typer.Option("--name", help="Name of the bundle; the recipe's by default.")] = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Train the networks of a recipe and pack them as a bundle.

    The folder keeps a checkpoint of the last and of the best epoch, the history (CSV, TensorBoard, a picture) and, at
    the end, the bundle in `bundle/`. A run that was stopped goes on with --resume.
    """
    del verbose
    if export_only and (resume or split is not None or recipe is not None):
        raise typer.BadParameter("--export-only takes what the run was started with: no --resume, --split or --recipe")
    if not (export_only or resume) and (split is None or recipe is None):
        raise typer.BadParameter("a new run needs --split and --recipe")
    if fold is not None and split is None:
        raise typer.BadParameter("--fold belongs to --split: --resume and --export-only keep the run's own")
    if steps is not None and recipe is None:
        raise typer.BadParameter("--steps belongs to a new run: --resume and --export-only keep the run's own")
    chosen = None if recipe is None else with_steps(load_recipe(recipe), steps)
    if split is not None:
        load_split(split, fold)  # what is wrong with it is said before Keras is loaded, which takes seconds
    load_training("gliascope train", "tf2onnx", "onnx", "tensorboard")
    if not export_only:
        _train(data, split, chosen, run, quiet, fold=fold, resume=resume, workers=workers)
    from gliascope.training.export import export_run

    bundle, parity = export_run(run, data, run / "bundle", name=name)
    if quiet:
        return
    point = bundle.operating_point()
    note(
        f"{bundle.path}: a slice is tumour from {point.detection:.3f} on, a pixel from {point.mask:.2f}, components: "
        f"{point.components}; ONNX Runtime and Keras differ by {parity.probability:.1g} on {parity.slices} slices, "
        f"Dice of their masks {parity.dice:.5f}"
    )


def _train(
    data: Path,
    split: Path | None,
    recipe: Recipe | None,
    run: Path,
    quiet: bool,
    *,
    fold: int | None,
    resume: bool,
    workers: int | None,
) -> None:
    from gliascope.training.batches import default_workers
    from gliascope.training.run import RUN_FILE, SPLIT_FILE, run_recipe
    from gliascope.training.run import train as train_run

    chosen = recipe or run_recipe(run)
    with progress(quiet=quiet) as bar:
        try:
            train_run(
                data,
                split or run / SPLIT_FILE,
                chosen,
                run,
                ProgressWatcher(bar, quiet),
                fold=fold,
                resume=resume,
                workers=workers or default_workers(),
                announce=None if quiet else _announce,
            )
        except KeyboardInterrupt:
            if (run / RUN_FILE).exists():
                note(f"{run}: stopped; whole epochs and the best of them are kept, --resume goes on")
            raise


def _announce(plan: RunPlan) -> None:
    for line in plan.lines():
        note(line)
