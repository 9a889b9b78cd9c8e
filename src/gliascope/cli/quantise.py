"""`gliascope quantise`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gliascope.cli.console import note, progress
from gliascope.cli.options import Quiet, Verbose

if TYPE_CHECKING:
    from gliascope.bundle import Bundle
    from gliascope.training.quantise.run import RoleResult


def quantise(
    model: Annotated[Path, typer.Argument(metavar="BUNDLE", exists=True, file_okay=False, help="A model bundle.")],
    *,
    data: Annotated[
        Path, typer.Option(metavar="DATA", exists=True, file_okay=False, help="The data set it was trained on.")
    ],
    split: Annotated[
        Path, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="The split it was trained by.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="NEW", help="Folder of the new bundle.")],
    fold: Annotated[int | None, typer.Option(min=0, help="Which fold of a file of folds, from 0.")] = None,
    slices: Annotated[int, typer.Option(min=8, help="Slices that the tensors' ranges are measured on.")] = 200,
    checked: Annotated[int, typer.Option(min=2, help="Slices that results are compared on.")] = 48,
    limit: Annotated[
        float,
        typer.Option(
            min=0.0,
            help="Largest damage of a graph: mean change of a slice's probability, and 1 - Dice of the outlines "
            "against those in float32, added.",
        ),
    ] = 0.008,
    decoder: Annotated[
        bool, typer.Option("--decoder", help="Quantise the decoder too: a little quicker, and outlines change more.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Which slices are drawn.")] = 0,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Add graphs in 8-bit integers to a model bundle.

    They are calibrated on the split's training patients and on nobody else. Each convolution is rounded alone to see
    what that does to the results; those that do most stay in float, as few as keep the whole within --limit. A graph
    that cannot be kept within it stays in float32. NEW holds both kinds; `analyse --precision` chooses.

    Measure what it costs with `gliascope evaluate --precision int8 --against` an evaluation in float32.

    Exit status: 0 done; 1 refused, or something could not be read or written; 2 wrong arguments.
    """
    del verbose
    from gliascope.errors import require_extra

    require_extra("gliascope quantise", "train", "onnx")
    from gliascope.bundle import load_bundle
    from gliascope.dataset.split import load_split
    from gliascope.training.quantise.run import quantise_bundle

    with progress(quiet=quiet) as bar:
        task = bar.add_task("quantising", total=None, note="")
        made, results = quantise_bundle(
            load_bundle(model),
            data,
            load_split(split, fold),
            output,
            slices=slices,
            checked=checked,
            limit=limit,
            decoder=decoder,
            seed=seed,
            advance=lambda text: bar.update(task, advance=1, note=text),
        )
    if not quiet:
        _report(made, results)


def _report(bundle: "Bundle", results: "list[RoleResult]") -> None:
    for one in results:
        how = f"int8, {one.size / 2**20:.1f} MiB, {len(one.kept)} convolutions in float" if one.used else "float32"
        print(f"{one.role}: {how}; probability {one.damage.probability:.4f}, 1 - Dice {one.damage.dice:.4f}")
    size = sum(file.stat().st_size for file in bundle.path.iterdir())
    note(f"Written: {bundle.path} ({size / 2**20:.1f} MiB)")
