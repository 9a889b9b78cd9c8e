"""`gliascope data check`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from gliascope.cli.console import progress
from gliascope.cli.options import AsJson, Quiet, Verbose


def check(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="DIR",
            show_default=False,
            help="The data set: a folder of patients' folders, of images or NIfTI cases.",
        ),
    ],
    *,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Check a data set: its files, its masks, its names, and what its patients must not share.

    Prints a table of the rules that do not hold, each with its first examples; -v shows all of them. "broken" is what
    splitting, training or evaluating would refuse, or what would make a score wrong. A "warning" is for somebody to
    look at, "information" asks for nothing. No file ends the check, however damaged it is.

    Exit status: 0 nothing is broken; 1 something is, or there is no data set; 2 wrong arguments.
    """
    from gliascope.dataset.check import check_data
    from gliascope.dataset.check.report import EXAMPLES

    with progress(quiet=quiet) as bar:
        task = bar.add_task("checking", total=None, note="")
        report = check_data(folder, lambda done, total, text: bar.update(task, completed=done, total=total, note=text))
    if as_json:
        print(json.dumps(report.as_json(), indent=2))
    elif not quiet:
        print("\n".join(report.lines(None if verbose else EXAMPLES)))
    if report.broken:
        raise typer.Exit(1)
