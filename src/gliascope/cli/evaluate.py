"""`gliascope evaluate`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gliascope.cli.console import note, progress
from gliascope.cli.options import AsJson, Device, Quiet, Threads, Verbose, check_device

if TYPE_CHECKING:
    from gliascope.evaluate.record import EvaluationRecord
    from gliascope.evaluate.run import Evaluation


def evaluate(
    data: Annotated[
        Path,
        typer.Argument(
            metavar="DATA", exists=True, file_okay=False, help="A data set in the LGG layout, with true masks."
        ),
    ],
    *,
    split: Annotated[
        Path,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="The split that `gliascope data split` wrote."),
    ],
    side: Annotated[str, typer.Option(help="Which side is scored: test, validation or train.")] = "test",
    model: Annotated[
        Path | None,
        typer.Option(metavar="BUNDLE", help="A model bundle; by default the one that travels with gliascope."),
    ] = None,
    device: Device = "auto",
    threads: Threads = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT", help="Folder for evaluation.json, patients.csv and slices.csv."),
    ] = None,
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
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap.")] = 0,
    quiet: Quiet = False,
    verbose: Verbose = 0,
    as_json: AsJson = False,
) -> None:
    """Score a model on patients it has not seen.

    Scores exactly what `gliascope analyse` would write for the patients of one side of the split: verdicts and
    outlines, gate included. Prints the headline figures, each with its counts and a bootstrap interval over patients.

    Images that the model was trained or chosen on are recognised by their pixels and refused, unless --allow-seen is
    given.

    Exit status: 0 done; 1 refused, or something could not be read or written; 2 wrong arguments.
    """
    del verbose
    _check_arguments(side, device, model, stamp=stamp, allow_seen=allow_seen)
    from gliascope.dataset.split import load_split
    from gliascope.evaluate.run import evaluate_side
    from gliascope.pipeline import Analyser

    chosen = load_split(split)
    if output is not None:
        output.mkdir(parents=True, exist_ok=True)
    analyser = Analyser(model, device=device, threads=threads)
    with progress(quiet=quiet or as_json) as bar:
        task = bar.add_task("evaluating", total=None, note="")
        evaluation = evaluate_side(
            data,
            chosen,
            analyser,
            side=side,
            allow_seen=allow_seen,
            seed=seed,
            advance=lambda done, total, text: bar.update(task, completed=done, total=total, note=text),
        )
    files = _write(evaluation, analyser.bundle.path, output, card, stamp=stamp)
    if as_json:
        print(evaluation.record.text(), end="")
    elif not quiet:
        print_record(evaluation.record)
        for file in files:
            note(f"Written: {file}")


def _check_arguments(side: str, device: str, model: Path | None, *, stamp: bool, allow_seen: bool) -> None:
    from gliascope.dataset.split import SIDES

    if side not in SIDES:
        raise typer.BadParameter(f"--side must be one of {', '.join(SIDES)}, received {side!r}")
    check_device(device)
    if stamp and model is None:
        raise typer.BadParameter("--stamp needs --model: the bundle that travels with gliascope is not rewritten")
    if stamp and allow_seen:
        raise typer.BadParameter("--stamp and --allow-seen exclude each other: a card speaks of unseen images")


def _write(
    evaluation: "Evaluation", bundle: Path, output: Path | None, card: Path | None, *, stamp: bool
) -> list[Path]:
    from gliascope.bundle import load_bundle
    from gliascope.evaluate.card import bundle_card
    from gliascope.evaluate.output import write_evaluation, write_text
    from gliascope.evaluate.stamp import stamp_bundle

    files = [] if output is None else write_evaluation(evaluation, output)
    if stamp:
        files.append(stamp_bundle(bundle, evaluation.record).path)
    if card is not None:
        files.append(write_text(card, bundle_card(load_bundle(bundle, verify=False), evaluation.record)))
    return files


def print_record(record: "EvaluationRecord") -> None:
    """Print the headline figures as a table on standard output."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from gliascope.evaluate.card_tables import figure_rows

    data = record.data
    table = Table(box=None, pad_edge=False, title_justify="left", caption_justify="left")
    table.title = escape(
        f"{record.bundle.name} on {data.name}, {record.split.side} side: {data.patients} patients, "
        f"{data.slices} slices, {data.tumour_slices} with tumour"
    )
    if record.stamp:
        table.title += f"\n{record.stamp.upper()}"
    table.add_column("figure")
    for title in ("value", f"{record.bootstrap.level:.0%} interval", "patients", "slices"):
        table.add_column(title, justify="right")
    for row in figure_rows(record):
        table.add_row(*row)
    Console(file=sys.stdout, highlight=False).print(table)
