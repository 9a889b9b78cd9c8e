"""`gliascope data describe`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gliascope.cli.console import error, note, progress
from gliascope.cli.options import AsJson, Quiet, Verbose
from gliascope.errors import require_extra

if TYPE_CHECKING:
    from gliascope.dataset.describe import Description


def describe(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", show_default=False, help="The data set: a folder of patients' folders.")
    ],
    *,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT", file_okay=False, help="Folder for the report; outside DIR.")
    ],
    clinical: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", show_default=False, help="The clinical table, as CSV; by default data.csv in the data set."
        ),
    ] = None,
    recipe: Annotated[
        str, typer.Option(help="Recipe whose CLAHE is shown: default, classic, or a TOML file.")
    ] = "default",
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Describe a data set: one page with tables and plots, and its slices as a table.

    Writes report.html, slices.csv, slices.parquet, patients.csv, describe.json and figures/*.png. The table has one
    row a slice, with patient, institution, paths, tumour area and the sequences that are really there, joined with the
    clinical table where there is one.

    Files that cannot be read are listed and left out; the exit status is 1 then.
    """
    del verbose
    require_extra("gliascope data describe", "data", "pandas", "pyarrow", "seaborn")
    from gliascope.dataset.describe import write_description

    if output.resolve().is_relative_to(folder.resolve()):
        raise typer.BadParameter(f"the report must be written outside the data set, received {output}")
    description = _read(folder, clinical, recipe, quiet=quiet)
    with progress(quiet=quiet) as bar:
        task = bar.add_task("drawing", total=_number_of_plots(description), note="")
        values = write_description(description, output, watch=lambda name: bar.update(task, advance=1, note=name))
    if as_json:
        print(json.dumps(values, indent=2))
    elif not quiet:
        _print_table(values)
        note(f"{output / 'report.html'}: written")
    for one in description.problems:
        error(f"{one.path}: {one.message}")
    if description.problems:
        raise typer.Exit(1)


def _read(folder: Path, clinical: Path | None, recipe: str, *, quiet: bool) -> "Description":
    from gliascope.dataset.describe import describe as describe_data
    from gliascope.dataset.layout import patients, refuse_volumes
    from gliascope.recipe import load_recipe

    preparation = load_recipe(recipe).preparation
    folders = patients(folder)
    instead = "gliascope data check looks at NIfTI volumes, gliascope data split counts their patients and slices"
    refuse_volumes((one.files for one in folders), "gliascope data describe", instead)
    with progress(quiet=quiet) as bar:
        task = bar.add_task("reading", total=len(folders), note="")
        return describe_data(
            folders,
            folder,
            preparation,
            clinical=clinical,
            watch=lambda name: bar.update(task, advance=1, note=name),
        )


def _number_of_plots(description: "Description") -> int:
    from gliascope.dataset.describe.plots import plots_of

    return len(plots_of(description))


def _print_table(values: dict[str, Any]) -> None:
    line = "{:<12} {:>8} {:>7} {:>14} {:>16}"
    print(line.format("institution", "patients", "slices", "tumour slices", "lack a sequence"))
    names = ("patients", "slices", "tumour_slices", "missing_sequences")
    for one in values["institutions"]:
        print(line.format(one["institution"], *(one[name] for name in names)))
    print(line.format("all", *(sum(one[name] for one in values["institutions"]) for name in names)))
