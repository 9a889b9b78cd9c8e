"""`gliascope data split`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gliascope.cli.console import note, progress
from gliascope.cli.options import AsJson, Quiet, Verbose
from gliascope.errors import SplitError

if TYPE_CHECKING:
    from gliascope.dataset.summary import SideRow


def split(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", show_default=False, help="The data set: a folder of patients' folders.")
    ],
    *,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="FILE", help="The split, as JSON.")],
    test: Annotated[float, typer.Option(help="Share of the patients on the test side.")] = 0.25,
    validation: Annotated[
        float, typer.Option(help="Share of the remaining patients that choose checkpoint and thresholds.")
    ] = 0.15,
    seed: Annotated[int, typer.Option(help="Another seed gives another split.")] = 0,
    hold_out: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATIENT...", help="Patients who must be on the test side, with blanks or commas between."
        ),
    ] = None,
    more: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATIENT", show_default=False, help="Further patients of --hold-out."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a different split.")] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Split a data set into patients to train on, to choose by and to test on.

    No patient is on two sides. Each side holds its share of every institution and of small, middle and large tumours.
    The validation patients are drawn from the training side. The file carries a digest: a split that was edited is
    refused.
    """
    del verbose
    from gliascope.dataset.layout import measure_patient, patients
    from gliascope.dataset.split import check_shares, save_split, split_patients
    from gliascope.dataset.summary import summarise

    if more and not hold_out:
        raise typer.BadParameter(f"one data set is split at a time, received {' '.join(more)} as well")
    try:
        check_shares(test, validation)
    except SplitError as wrong:
        raise typer.BadParameter(str(wrong)) from wrong
    held = [patient for words in (*(hold_out or ()), *(more or ())) for patient in words.split(",") if patient]
    folders = patients(folder)
    measured = []
    with progress(quiet=quiet) as bar:
        task = bar.add_task("reading", total=len(folders), note="")
        for one in folders:
            measured.append(measure_patient(one))
            bar.update(task, advance=1, note=one.name)
    made = split_patients(measured, test=test, validation=validation, seed=seed, hold_out=held)
    save_split(made, output, replace=force)
    rows = summarise(made, measured)
    if as_json:
        print(
            json.dumps({"split": str(output), "sha256": made.sha256, "sides": [asdict(row) for row in rows]}, indent=2)
        )
    elif not quiet:
        _print_table(rows)
        note(f"{output}: written, sha256 {made.sha256}")


def _print_table(rows: "list[SideRow]") -> None:
    line = "{:<11} {:<12} {:>8} {:>7} {:>14}"
    print(line.format("side", "institution", "patients", "slices", "tumour slices"))
    for row in rows:
        print(line.format(row.side, row.institution, row.patients, row.slices, row.tumour_slices))
