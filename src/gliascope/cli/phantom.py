"""`gliascope phantom`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import typer

from gliascope.cli.console import progress
from gliascope.cli.options import Quiet, Verbose

Format = Literal["tif", "nifti"]


def phantom(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of patients' folders; made if need be.")],
    patients: Annotated[int, typer.Option(min=1, help="How many patients to draw, healthy ones included.")] = 4,
    healthy: Annotated[int, typer.Option(min=0, help="How many of them have no lesion; the last ones.")] = 1,
    slices: Annotated[int, typer.Option(min=1, help="Slices from skull base to vertex.")] = 24,
    lesion_radius: Annotated[
        float | None,
        typer.Option(
            min=2,
            show_default="such as real ones have",
            help="Radius, in pixels, of a disc as large as the lesion's largest slice.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the first patient; the next one has the next seed.")] = 0,
    file_format: Annotated[
        Format, typer.Option("--format", help="tif: the LGG layout; nifti: a volume a sequence, in millimetres.")
    ] = "tif",
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Write procedural brain scans with known truth, in the layout of the LGG data set or as NIfTI.

    Each patient is a folder of slices, PHANTOM_LS_... with a lesion or PHANTOM_HC_... without: NAME_1.tif with
    pre-contrast, FLAIR and post-contrast as red, green and blue, and NAME_1_mask.tif with the lesion's outline. The
    same seed gives the same patient. As NIfTI, a folder holds NAME_flair, NAME_t1, NAME_t1ce and NAME_seg.nii.gz.

    Phantoms are for trying things out and for tests. They are drawn by a program and say nothing about accuracy.
    """
    del verbose
    if healthy > patients:
        raise typer.BadParameter(f"--healthy must be at most --patients ({patients}), received {healthy}")
    from gliascope.phantom import make_phantom, write_phantom, write_phantom_volumes

    write = write_phantom if file_format == "tif" else write_phantom_volumes

    with progress(quiet=quiet) as bar:
        task = bar.add_task("drawing", total=patients, note="")
        for index in range(patients):
            made = make_phantom(
                seed + index,
                slices=slices,
                lesion_radius_px=lesion_radius,
                healthy=index >= patients - healthy,
            )
            folder = write(made, output)
            areas = np.count_nonzero(made.truth, axis=(1, 2))
            what = f"lesion in {np.count_nonzero(areas)} slices, at most {areas.max()} px" if areas.any() else "healthy"
            if not quiet:
                print(f"{folder}: {slices} slices, {what}")
            bar.update(task, advance=1, note=made.name)
