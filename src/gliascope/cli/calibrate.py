"""`gliascope calibrate`."""

from pathlib import Path
from typing import Annotated

import typer

from gliascope.cli.console import note
from gliascope.cli.options import Quiet, Verbose


def calibrate(
    model: Annotated[
        Path, typer.Argument(metavar="BUNDLE", exists=True, file_okay=False, help="The bundle that is calibrated.")
    ],
    *,
    evidence: Annotated[
        Path,
        typer.Option(metavar="FILE", exists=True, help="An evidence.parquet, or the folder of a result that holds it."),
    ],
    lone: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            exists=True,
            help="Evidence of the same slices as lone images, for their calibration and the card; where --evidence is "
            "the folder of a cross-validation, its own.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="OUT", help="Folder for the new bundle; by default it replaces BUNDLE."),
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="Name of the calibrated bundle, in place of its own.")
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Calibrate a bundle, and choose its operating points, on evidence.

    For a bundle that was trained on all patients: the evidence of a cross-validation with the same recipe has a
    prediction for each of them by networks that had not seen them. Calibration and thresholds of the slices are fitted
    on these predictions; the pixel threshold is the middle one of the folds, the rules for components and holes their
    commoner ones. The card then shows the out-of-fold figures, and says so.

    Evidence of one model, from `gliascope evaluate`, fits a bundle to the data it was scored on; what was measured
    before is taken out of the card, since it was measured at other thresholds.

    Exit status: 0 done; 1 refused, or something could not be read or written; 2 wrong arguments.
    """
    del verbose
    from gliascope.errors import require_extra

    require_extra("gliascope calibrate", "evaluate", "pyarrow", "sklearn")
    from gliascope.evaluate.recalibrate import calibrate_bundle, evidence_in

    given, alone = evidence_in(evidence, lone)
    bundle = calibrate_bundle(model, given, output, lone=alone, name=name)
    if quiet:
        return
    made = bundle.calibration
    line = "probabilities stay the network's own" if made is None else f"slope {made.slope:.3f}, {made.intercept:+.3f}"
    if made is not None and made.volume is not None:
        own, beside = made.volume.slope, made.volume.beside
        line = f"in volumes slope {own:.3f}, neighbours {beside:.3f}, {made.volume.intercept:+.3f}; lone images {line}"
    points = ", ".join(f"{name} {one.detection:.3f}" for name, one in bundle.operating_points.items())
    note(f"{bundle.path}: {line}; a slice is tumour from: {points}")
