"""`gliascope resize`."""

from pathlib import Path
from typing import Annotated

import typer

from gliascope.cli.console import note
from gliascope.cli.options import Quiet, Verbose
from gliascope.cli.sides import parse_sides


def resize(
    model: Annotated[Path, typer.Argument(metavar="BUNDLE", exists=True, file_okay=False, help="A model bundle.")],
    *,
    size: Annotated[
        str, typer.Option("--size", metavar="N|RxC", help="Pixels a side, or rows x columns; multiples of 32.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="NEW", help="Folder of the new bundle.")],
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the new bundle; the old one's and the size by default.")
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Make a model bundle whose networks take images of another size, with the same weights.

    Fewer pixels are quicker and coarser. NEW makes no claim: what was measured at the old size is left out, and
    calibration and thresholds are those of the old size. Measure it with `gliascope evaluate --model NEW`; `--stamp`
    writes what comes out on its card.

    Exit status: 0 done; 1 refused, or something could not be read or written; 2 wrong arguments.
    """
    del verbose
    sides = parse_sides(size)
    from gliascope.errors import require_extra

    require_extra("gliascope resize", "train", "onnx")
    from gliascope.bundle import load_bundle
    from gliascope.training.resize import resize_bundle

    made = resize_bundle(load_bundle(model), sides, output, name=name)
    if not quiet:
        rows, columns = made.recipe.preparation.shape
        note(f"Written: {made.path}, for images of {rows} x {columns} pixels")
