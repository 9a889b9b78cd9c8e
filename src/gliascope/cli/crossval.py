"""``gliascope crossval``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gliascope.cli.backend import load_training
from gliascope.cli.console import note, progress
from gliascope.cli.crossval_progress import CrossProgress
from gliascope.cli.options import Quiet, StartFrom, Verbose
from gliascope.errors import require_extra
from gliascope.recipe import load_recipe, with_steps

if TYPE_CHECKING:
    from gliascope.dataset.folds import Folds
    from gliascope.recipe import Recipe
    from gliascope.training.crossval import CrossValidation
    from gliascope.training.start import Start

DEFAULT_FOLDS = 5


def crossval(
    out: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="Folder of all results; made here.")],
    data: Annotated[Path, typer.Option("--data", help="Data set in the LGG layout: a folder of patients' folders.")],
    recipe: Annotated[
        str | None, typer.Option("--recipe", help="`default`, `classic` or a TOML file; with --resume the job's own.")
    ] = None,
    folds: Annotated[
        int | None, typer.Option("--folds", min=2, help=f"Number of folds to make; {DEFAULT_FOLDS} by default.")
    ] = None,
    split: Annotated[
        Path | None,
        typer.Option("--split", metavar="FILE", help="Folds of `gliascope data split --folds K`, in place of --folds."),
    ] = None,
    steps: Annotated[
        int | None, typer.Option("--steps", min=1, help="Steps of each training stage, in place of whole epochs.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", min=0, help="Seed of weights, sampling and augmentation; never of the folds."),
    ] = None,
    only: Annotated[
        str | None, typer.Option("--only", metavar="0,1", help="Work on these folds alone, counted from 0.")
    ] = None,
    train_only: Annotated[
        bool, typer.Option("--train-only", help="Neither export nor score: for a machine without TensorFlow.")
    ] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on: what is done is not done again.")] = False,
    variants: Annotated[
        bool,
        typer.Option("--variants", help="Compare flips and rules for components on trained folds; trains nothing."),
    ] = False,
    lone_slices: Annotated[
        bool,
        typer.Option("--lone-slices", help="Score every slice as a lone image as well; the results go into OUT/lone."),
    ] = False,
    start_from: StartFrom = None,
    workers: Annotated[
        int | None,
        typer.Option("--workers", min=1, help="Threads that make batches; by default one for each core but one."),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Train and score by cross-validation: every patient is scored once, by networks that never saw it.

    Each fold is trained in a folder of its own, as `gliascope train` does. Checkpoint and thresholds are chosen on the
    fold's inner hold-out, patients who neither train nor are scored; inner.csv has its figures, for comparing recipes.
    The fold's bundle is then scored on the fold's own patients, exactly as `gliascope analyse` would outline them.

    --variants scores the inner hold-outs of folds that are trained already: with and without flips at test time, with
    all components of an outline, those on several slices or the largest alone; variants.csv has the figures.

    With --start-from, patients whom those weights have seen train in every fold: the folds are of the others, and so
    are all figures.

    A job that was stopped goes on with --resume. The results of all folds are evaluated together in the folder; those
    of some folds in its folder `partial`.
    """
    del verbose
    chosen = _folds_asked_for(only)
    if variants:
        _check_variants(recipe, folds, split, steps, seed, start_from, flags=(train_only, resume, lone_slices))
        _compare_variants(data, out, chosen, quiet=quiet)
        return
    _check_arguments(recipe, folds, split, resume=resume, changed=steps is not None or seed is not None)
    if lone_slices and train_only:
        raise typer.BadParameter("--lone-slices scores, --train-only does not")
    if start_from is not None and resume:
        raise typer.BadParameter("--start-from belongs to a new job: --resume keeps the job's own weights")
    made = None if recipe is None else with_seed(with_steps(load_recipe(recipe), steps), seed)
    purpose = "gliascope crossval"
    load_training(purpose, "onnx", "tensorboard", "pyarrow", "sklearn")
    from gliascope.training.crossval import check_backend
    from gliascope.training.crossval_state import JOB_FILE

    if not train_only:
        check_backend(out)
        require_extra(purpose, "train", "tf2onnx")

    from gliascope.training.start import start_from as load_start

    begun = None if start_from is None else load_start(start_from)
    try:
        done = _run(
            data,
            out,
            made,
            _load_folds(data, folds, split, begun, resume=resume),
            chosen,
            train_only=train_only,
            lone=lone_slices,
            resume=resume,
            workers=workers,
            start=begun,
            quiet=quiet,
        )
    except KeyboardInterrupt:
        if (out / JOB_FILE).exists():
            note(f"{out}: stopped; whole epochs and finished folds are kept, --resume goes on")
        raise
    if not quiet:
        _tell(done, data, train_only=train_only)


def _check_variants(*values: object, flags: Iterable[bool]) -> None:
    if any(flags) or any(one is not None for one in values):
        raise typer.BadParameter("--variants measures folds as they were trained: it goes with --only alone")


def _compare_variants(data: Path, out: Path, only: list[int] | None, *, quiet: bool) -> None:
    load_training("gliascope crossval", "sklearn")
    from gliascope.training.crossval_state import resume_job
    from gliascope.training.crossval_variants import compare_variants

    job = resume_job(out)
    written = compare_variants(job, data, job.trained() if only is None else only)
    if not quiet:
        note(f"Written: {written}")


def with_seed(recipe: Recipe, seed: int | None) -> Recipe:
    """Change the seed of a recipe's training; None leaves it as it is."""
    if seed is None:
        return recipe
    return recipe.model_copy(update={"training": recipe.training.model_copy(update={"seed": seed})})


def _folds_asked_for(only: str | None) -> list[int] | None:
    if only is None:
        return None
    parts = [one.strip() for one in only.split(",")]
    if not all(one.isascii() and one.isdigit() for one in parts):
        raise typer.BadParameter(f"--only must be numbers of folds such as 0,1, received {only!r}")
    return [int(one) for one in parts]


def _check_arguments(recipe: str | None, folds: int | None, split: Path | None, *, resume: bool, changed: bool) -> None:
    if not resume and recipe is None:
        raise typer.BadParameter("a new cross-validation needs --recipe")
    if resume and recipe is None and changed:
        raise typer.BadParameter("--steps and --seed belong to a new job: --resume keeps the job's own")
    if folds is not None and (split is not None or resume):
        raise typer.BadParameter("--folds makes new folds: it excludes --split and --resume")


def _load_folds(
    data: Path, folds: int | None, split: Path | None, start: Start | None, *, resume: bool
) -> Folds | None:
    from gliascope.dataset.folds import load_folds, make_folds

    if split is not None:
        return load_folds(split)
    if resume:
        return None
    return make_folds(data, folds=folds or DEFAULT_FOLDS, seen=() if start is None else start.seen)


def _run(
    data: Path,
    out: Path,
    recipe: Recipe | None,
    folds: Folds | None,
    only: list[int] | None,
    *,
    train_only: bool,
    lone: bool,
    resume: bool,
    workers: int | None,
    start: Start | None,
    quiet: bool,
) -> CrossValidation:
    from gliascope.dataset.folds import load_folds
    from gliascope.training.crossval import cross_validate
    from gliascope.training.crossval_state import FOLDS_FILE

    known = folds
    if known is None and (out / FOLDS_FILE).exists():
        known = load_folds(out / FOLDS_FILE)
    count = 0 if known is None else len(known.splits)
    with progress(quiet=quiet) as bar:
        watcher = CrossProgress(bar, range(count) if only is None else sorted(set(only)), quiet=quiet)
        return cross_validate(
            data,
            out,
            watcher,
            recipe=recipe,
            folds=folds,
            only=only,
            resume=resume,
            train_only=train_only,
            lone=lone,
            workers=workers,
            start=start,
        )


def _tell(done: CrossValidation, data: Path, *, train_only: bool) -> None:
    from gliascope.cli.evaluate_run import print_record
    from gliascope.training.crossval_report import INNER, results_folder

    job = done.job
    note(f"Written: {job.folder / INNER}")
    if done.evaluation is not None:
        print_record(done.evaluation.record)
        note(f"Written: {results_folder(job)}")
    if train_only:
        note(f"To export and score: gliascope crossval --resume --data {data} -o {job.folder}")
