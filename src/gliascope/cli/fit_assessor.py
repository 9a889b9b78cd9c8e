"""`gliascope fit-assessor`."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from gliascope.cli.console import note, progress
from gliascope.cli.options import AsJson, Quiet, Verbose

SIDES = ("train", "validation")
"""Sides of a split that are used; the test side never is."""


def fit_assessor(
    data: Annotated[
        Path,
        typer.Option(metavar="DIR", exists=True, file_okay=False, help="A data set in the LGG layout, skulls on."),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="Folder for the assessor.")],
    *,
    split: Annotated[
        Path | None,
        typer.Option(metavar="FILE", exists=True, dir_okay=False, help="Leave out the test side of this split."),
    ] = None,
    fold: Annotated[int | None, typer.Option(min=0, help="Which split of a file of folds, from 0.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the examples and of the fit.")] = 0,
    quiet: Quiet = False,
    verbose: Verbose = 0,
    as_json: AsJson = False,
) -> None:
    """Fit what tells images that can be judged from others.

    Makes examples of the patients' FLAIR (axial sections as they are, turned, cut, noisy, without the skull) and of
    what must be refused (sagittal and coronal sections, T1, likenesses of T2 and CT, bodies, textures), describes
    each by numbers, and fits a small model. Its limits are set on patients left out of the fit. Needs no extra.

    Writes OUT/assessor.json, with what it was fitted on and what was measured, and OUT/assessor.npz. The folder
    that travels with gliascope is src/gliascope/models/assessor.
    """
    del verbose
    from gliascope.dataset.layout import patients
    from gliascope.dataset.sides import side_patients
    from gliascope.dataset.splitfile import load_split
    from gliascope.training.assessor.run import fit_assessor as fit

    if split is None:
        if fold is not None:
            raise typer.BadParameter("--fold needs --split")
        folders = patients(data)
    else:
        chosen = load_split(split, fold)
        folders = [one for side in SIDES if getattr(chosen, side) for one in side_patients(chosen, side, data)]
    with progress(quiet=quiet or as_json) as bar:
        task = bar.add_task("making examples", total=None, note="")
        made = fit(
            folders,
            output,
            data=data.resolve().name,
            seed=seed,
            advance=lambda done, total, name: bar.update(task, completed=done, total=total, note=name),
        )
    if as_json:
        print(json.dumps(dict(made.record), indent=2))
    elif not quiet:
        _print_figures(made.record["measured"]["kinds"])
        note(f"Assessor: {output}")


def _print_figures(kinds: dict[str, Any]) -> None:
    from rich.table import Table

    from gliascope.cli.console import console

    table = Table(box=None, pad_edge=False)
    for title in ("kind", "class"):
        table.add_column(title)
    for title in ("slices", "refused", "volumes", "refused"):
        table.add_column(title, justify="right")
    for kind, one in sorted(kinds.items(), key=lambda pair: (pair[1]["class"], pair[0])):
        counts = [str(one["slices"]), f"{one['refused']:.1%}", str(one["volumes"]), str(one["volumes_refused"])]
        table.add_row(kind, one["class"], *counts)
    console().print(table)
