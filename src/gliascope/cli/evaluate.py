"""`gliascope evaluate`."""

from pathlib import Path
from typing import Annotated

import typer

from gliascope.cli.options import (
    AsJson,
    Device,
    Flips,
    PrecisionName,
    Quiet,
    Threads,
    Verbose,
    check_device,
    check_precision,
)


def evaluate(
    data: Annotated[
        Path | None,
        typer.Argument(
            metavar="DATA", exists=True, file_okay=False, help="A data set in the LGG layout, with true masks."
        ),
    ] = None,
    *,
    split: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="The split that `gliascope data split` wrote."),
    ] = None,
    fold: Annotated[int | None, typer.Option(min=0, help="Which fold of a file of folds, from 0.")] = None,
    side: Annotated[str, typer.Option(help="Which side is scored: test, validation or train.")] = "test",
    model: Annotated[
        Path | None,
        typer.Option(metavar="BUNDLE", help="A model bundle; by default the one that travels with gliascope."),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    precision: PrecisionName = "auto",
    flips: Flips = False,
    lone_slices: Annotated[
        bool,
        typer.Option("--lone-slices", help="Analyse every slice as a lone image, without its patient's other slices."),
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            file_okay=False,
            help="Folder for tables, evidence, plots, page and model card.",
        ),
    ] = None,
    evidence: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="Make everything anew from an evidence.parquet, no DATA; may be repeated: those of different patients "
            "are put together.",
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(metavar="OTHER", exists=True, help="Compare with another result: its folder or evidence.parquet."),
    ] = None,
    lone: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="RESULT",
            exists=True,
            help="Show on the card what a result of --lone-slices says of the same slices and model; may be repeated.",
        ),
    ] = None,
    fit_interval: Annotated[
        bool,
        typer.Option(
            "--fit-interval",
            help="Fit the interval of the volume and the flag for review on these patients; goes with --stamp.",
        ),
    ] = False,
    card: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the model card, Markdown, to this file.")
    ] = None,
    stamp: Annotated[
        bool, typer.Option("--stamp", help="Write figures and model card into the bundle that --model names.")
    ] = False,
    allow_seen: Annotated[
        bool,
        typer.Option("--allow-seen", help="Score images that the model has seen; every result is marked in-sample."),
    ] = False,
    operating_point: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Score at this operating point of the model; by default at balanced."),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Seed of the bootstrap; by default 0, or what the evidence was made with.")
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
    as_json: AsJson = False,
) -> None:
    """Score a model on patients it has not seen.

    Scores exactly what `gliascope analyse` would write for the patients of one side of the split: verdicts and
    outlines, gate included. Prints the figures, each with its counts and a bootstrap interval over patients; with -o
    writes them as JSON, CSV, one HTML page with plots and the ten worst patients pictured, and the model card.

    Images that the model was trained or chosen on are recognised by their pixels and refused, unless --allow-seen is
    given. What is no evidence of accuracy (in-sample, phantoms, a split by slice) is marked so on every table and
    picture.

    OUT/evidence.parquet holds what every table and plot can be made from again, by --evidence, without the images.

    Exit status: 0 done; 1 refused, or something could not be read or written; 2 wrong arguments.
    """
    del verbose
    check_precision(precision)
    unusual = {"--flips": flips, "--lone-slices": lone_slices}
    if lone and not (output or card or stamp):
        raise typer.BadParameter("--lone goes with -o, --card or --stamp: it is shown on the card")
    if fit_interval and not stamp:
        raise typer.BadParameter("--fit-interval goes with --stamp: the bundle keeps what was fitted")
    _check_arguments(side, device, model, stamp=stamp, allow_seen=allow_seen, unusual=unusual)
    _check_source(data, split, fold, evidence, operating_point, switches={"--allow-seen": allow_seen} | unusual)
    from gliascope.errors import require_extra

    require_extra("gliascope evaluate", "evaluate", "pyarrow", "sklearn")
    from gliascope.cli.evaluate_run import Request, run_evaluation

    run_evaluation(
        Request(
            data=data,
            split=split,
            fold=fold,
            side=side,
            model=model,
            device=device,
            threads=threads,
            precision=precision,
            flips=flips,
            lone_slices=lone_slices,
            output=output,
            evidence=evidence or [],
            against=against,
            lone=lone or [],
            card=card,
            stamp=stamp,
            fit_interval=fit_interval,
            allow_seen=allow_seen,
            seed=seed,
            operating_point=operating_point,
            quiet=quiet,
            as_json=as_json,
        )
    )


def _check_arguments(
    side: str, device: str, model: Path | None, *, stamp: bool, allow_seen: bool, unusual: dict[str, bool]
) -> None:
    from gliascope.dataset.split import SIDES

    if side not in SIDES:
        raise typer.BadParameter(f"--side must be one of {', '.join(SIDES)}, received {side!r}")
    check_device(device)
    if stamp and model is None:
        raise typer.BadParameter("--stamp needs --model: the bundle that travels with gliascope is not rewritten")
    if stamp and allow_seen:
        raise typer.BadParameter("--stamp and --allow-seen exclude each other: a card speaks of unseen images")
    for name in (name for name, given in unusual.items() if given and stamp):
        raise typer.BadParameter(f"--stamp and {name} exclude each other: a card speaks of what is done by default")


def _check_source(
    data: Path | None,
    split: Path | None,
    fold: int | None,
    evidence: list[Path] | None,
    operating_point: str | None,
    *,
    switches: dict[str, bool],
) -> None:
    if not evidence:
        if data is None or split is None:
            raise typer.BadParameter("DATA and --split are needed, or --evidence")
        return
    given = {"DATA": data, "--split": split, "--fold": fold, "--operating-point": operating_point}
    given |= {name: True for name, value in switches.items() if value}
    named = [name for name, value in given.items() if value is not None]
    if named:
        raise typer.BadParameter(
            f"--evidence and {', '.join(named)} exclude each other: evidence holds counts and no outlines, so that "
            "nothing can be scored or pictured from it"
        )
