"""``gliascope train``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gliascope.cli.backend import load_training
from gliascope.cli.console import note, progress
from gliascope.cli.options import Quiet, StartFrom, Verbose
from gliascope.dataset.split import load_split, train_everybody
from gliascope.errors import require_extra
from gliascope.recipe import load_recipe, recipe_from_dict, with_steps

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from gliascope.dataset.members import Split
    from gliascope.evaluate.evidence import Evidence
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
    everybody: Annotated[
        bool,
        typer.Option(
            "--all", help="Train on every patient of DATA, with nobody left to choose the epoch: the last is kept."
        ),
    ] = False,
    hold_out: Annotated[
        list[str] | None,
        typer.Option("--hold-out", metavar="PATIENT", help="With --all: a patient who is left out; may be repeated."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option("--epochs", min=1, help="Epochs, in place of the recipe's `training.epochs`.")
    ] = None,
    calibrate_from: Annotated[
        Path | None,
        typer.Option(
            "--calibrate-from",
            metavar="FILE",
            exists=True,
            help="Evidence of a cross-validation (an evidence.parquet, or its folder) that calibration and thresholds "
            "are chosen on; needed with --all.",
        ),
    ] = None,
    fold: Annotated[
        int | None,
        typer.Option("--fold", min=0, metavar="N", help="Which fold of a split file with several, counted from 0."),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=1, help="Steps of the whole run, in place of the recipe's `training.steps`."),
    ] = None,
    start_from: StartFrom = None,
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

    The bundle that is handed out is trained with --all, by the recipe and for the epochs that a cross-validation
    chose, and calibrated on that cross-validation's evidence.
    """
    del verbose
    if export_only and (resume or split is not None or recipe is not None):
        raise typer.BadParameter("--export-only takes what the run was started with: no --resume, --split or --recipe")
    _check_everybody(split, calibrate_from, everybody=everybody, going_on=export_only or resume)
    if hold_out and not everybody:
        raise typer.BadParameter("--hold-out belongs to --all: a split has its own patients who are held out")
    if not (export_only or resume) and (not (split or everybody) or recipe is None):
        raise typer.BadParameter("a new run needs --split (or --all) and --recipe")
    if fold is not None and split is None:
        raise typer.BadParameter("--fold belongs to --split: --resume and --export-only keep the run's own")
    if (steps is not None or epochs is not None) and recipe is None:
        raise typer.BadParameter(
            "--steps and --epochs belong to a new run: --resume and --export-only keep the run's own"
        )
    if start_from is not None and (export_only or resume):
        raise typer.BadParameter("--start-from belongs to a new run: one that goes on has its own weights")
    chosen = None if recipe is None else with_steps(with_epochs(load_recipe(recipe), epochs), steps)
    if split is not None:
        load_split(split, fold)  # what is wrong with it is said before Keras is loaded, which takes seconds
    load_training("gliascope train", "tf2onnx", "onnx", "tensorboard")
    evidence, lone = (None, None) if calibrate_from is None else _load_evidence(calibrate_from)
    if not export_only:
        source = train_everybody(data, hold_out or ()) if everybody else split
        _train(data, source, chosen, run, quiet, fold=fold, resume=resume, workers=workers, start_from=start_from)
    from gliascope.training.export import export_run

    bundle, parity = export_run(run, data, run / "bundle", name=name, evidence=evidence, lone=lone)
    if quiet:
        return
    point = bundle.operating_point()
    note(
        f"{bundle.path}: a slice is tumour from {point.detection:.3f} on, a pixel from {point.mask:.2f}, components: "
        f"{point.components}, holes: {point.holes}; ONNX Runtime and Keras differ by {parity.probability:.1g} on "
        f"{parity.slices} slices, Dice of their masks {parity.dice:.5f}"
    )


def with_epochs(recipe: Recipe, epochs: int | None) -> Recipe:
    """Change the epochs of a recipe; None leaves it as it is."""
    if epochs is None:
        return recipe
    values = recipe.model_dump(mode="json")
    return recipe_from_dict(values | {"training": values["training"] | {"epochs": epochs}}, recipe.name)


def _check_everybody(split: Path | None, evidence: Path | None, *, everybody: bool, going_on: bool) -> None:
    if not everybody:
        return
    if going_on:
        raise typer.BadParameter("--all belongs to a new run: --resume and --export-only keep the run's own patients")
    if split is not None:
        raise typer.BadParameter("--all and --split exclude each other: with --all every patient of DATA trains")
    if evidence is None:
        raise typer.BadParameter("--all needs --calibrate-from: nobody is left to choose thresholds on")


def _load_evidence(path: Path) -> tuple[Evidence, Evidence | None]:
    require_extra("gliascope train --calibrate-from", "train", "pyarrow", "sklearn")
    from gliascope.evaluate.recalibrate import evidence_in

    return evidence_in(path)


def _train(
    data: Path,
    split: Path | Split | None,
    recipe: Recipe | None,
    run: Path,
    quiet: bool,
    *,
    fold: int | None,
    resume: bool,
    workers: int | None,
    start_from: str | None,
) -> None:
    from gliascope.training.batches import default_workers
    from gliascope.training.run import RUN_FILE, SPLIT_FILE, run_recipe
    from gliascope.training.run import train as train_run
    from gliascope.training.start import start_from as load_start

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
                start=None if start_from is None else load_start(start_from),
            )
        except KeyboardInterrupt:
            if (run / RUN_FILE).exists():
                note(f"{run}: stopped; whole epochs and the best of them are kept, --resume goes on")
            raise


def _announce(plan: RunPlan) -> None:
    for line in plan.lines():
        note(line)
