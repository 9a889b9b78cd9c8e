"""`gliascope networks`: draws the networks of a recipe, and counts their parameters and operations."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gliascope.cli.options import AsJson, Quiet, Verbose
from gliascope.cli.sides import parse_sides
from gliascope.recipe import load_recipe
from gliascope.scan import SEQUENCES

if TYPE_CHECKING:
    from rich.table import Table

    from gliascope.training.networks.describe import Description

PLAIN_WIDTH = 110
"""Characters in a line where the output is no terminal."""

RecipeName = Annotated[str, typer.Argument(metavar="[RECIPE]", help="default, classic or a TOML file.")]
Size = Annotated[
    str | None,
    typer.Option(
        "--size",
        metavar="N|RxC",
        help="Count for slices of this many pixels a side, or rows x columns, instead of the recipe's.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="DIR", help="Folder for the pictures, as PNG and SVG."),
]


def networks(
    recipe: RecipeName = "default",
    size: Size = None,
    output: Output = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Draw the networks of a recipe, and list their parameters and operations stage by stage.

    Counts are for one slice of the recipe's input size. MAC is a multiply-accumulate of a convolution or a dense
    layer; FLOP counts two for each of them and one for every other arithmetic operation.

    Needs the extra `train`: pip install "gliascope[train]".
    """
    del verbose
    sides = None if size is None else parse_sides(size)
    chosen = load_recipe(recipe)
    from gliascope.cli.backend import load_training

    load_training("gliascope networks")
    from gliascope.training.networks.describe import describe_networks

    description = describe_networks(chosen, sides)
    written = [] if output is None else draw(description, output)
    if as_json:
        print(json.dumps(description.as_json() | {"pictures": [str(one) for one in written]}, indent=2))
    elif not quiet:
        show(description)
        for one in written:
            print(one)


def draw(description: Description, folder: Path) -> list[Path]:
    """Write the pictures of described networks.

    Returns
    -------
    list of Path
        ``<recipe>_networks.png`` and ``.svg``.
    """
    from gliascope.present.architecture import FORMATS, draw_architecture
    from gliascope.training.networks.diagram import diagram

    stem = "".join(one if one.isalnum() or one in "-_." else "_" for one in description.recipe)
    paths = [folder / f"{stem}_networks.{kind}" for kind in FORMATS]
    draw_architecture(diagram(description), paths)
    return paths


def show(description: Description) -> None:
    """Print the stages as a table on standard output."""
    from rich.console import Console

    console = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
    (rows, columns), channels = description.size, description.channels
    shape = f"{rows} x {columns} pixels" + (f" and {channels} channels" if channels > len(SEQUENCES) else "")
    console.print(f"Recipe {description.recipe}, {description.wiring} networks, slices of {shape}")
    console.print(table(description))
    extra = description.training_parameters - sum(one.parameters for one in description.networks)
    if extra:
        console.print(f"Training adds {extra:,} parameters for outputs that are not exported.")


def table(description: Description) -> Table:
    """Arrange the stages of described networks.

    Returns
    -------
    rich.table.Table
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    result = Table(box=SIMPLE_HEAD, pad_edge=False)
    for heading in ("Stage", "Made of", "Output"):
        result.add_column(heading, no_wrap=heading != "Made of")
    for heading in ("Parameters", "M MAC", "M FLOP"):
        result.add_column(heading, justify="right", no_wrap=True)
    for network in description.networks:
        result.add_row(network.role, network.title, "", *_figures(network), style="bold")
        for stage in network.stages:
            shape = " x ".join(str(one) for one in stage.output)
            result.add_row(f"  {stage.name}", stage.makeup, shape, *_figures(stage))
        result.add_section()
    total = description.as_json()["total"]
    result.add_row("both", "", "", *_cells(total["parameters"], total["macs"], total["flops"]), style="bold")
    return result


def _figures(one: Any) -> tuple[str, str, str]:
    return _cells(one.parameters, one.macs, one.flops)


def _cells(parameters: int, macs: int, flops: int) -> tuple[str, str, str]:
    return f"{parameters:,}", f"{macs / 1e6:,.2f}", f"{flops / 1e6:,.2f}"
