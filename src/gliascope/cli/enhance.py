"""`gliascope enhance`."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gliascope.cli.console import error, progress
from gliascope.cli.options import AsJson, Quiet, Verbose, parse_channels
from gliascope.errors import GliascopeError, InputError

if TYPE_CHECKING:
    from gliascope.cli.enhance_plan import Job
    from gliascope.cli.enhance_run import Settings
    from gliascope.read.find import CaseFiles

SCHEMA: Final = "gliascope.enhance/1"
"""Name and version of what ``--json`` prints; the number rises when a key changes its meaning or goes."""

logger = logging.getLogger(__name__)


def enhance(
    inputs: Annotated[
        list[Path],
        typer.Argument(metavar="IN...", help="Images, NIfTI volumes, patients' folders, folders of patients."),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="OUT",
            help="Folder, or a .png or .tif file for one image, .nii.gz for one volume.",
        ),
    ],
    clip_limit: Annotated[
        float | None,
        typer.Option(help="Cut a tile's histogram at this many times its mean.", show_default="from the recipe"),
    ] = None,
    tile_grid: Annotated[
        int | None, typer.Option(help="Tiles along each side of the image.", show_default="from the recipe")
    ] = None,
    channels: Annotated[
        str | None,
        typer.Option(
            help="The sequence of each channel, such as flair, or pre,flair,post.", show_default="by their number"
        ),
    ] = None,
    figure: Annotated[
        bool, typer.Option("--figure", help="Draw each image before and after, with histograms and one tile's mapping.")
    ] = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """Enhance the contrast of images by CLAHE, as it is done before the networks.

    Each image is written with its own size and channels, PNG as PNG, TIFF as TIFF, JPEG as PNG. Results have 8 bits:
    a deeper image is scaled to them first, together with the other slices of its folder. NIfTI volumes are enhanced
    slice by axial slice and written as .nii.gz over their own grid, each sequence by itself.

    Contrast and noise before and after are printed for one channel: FLAIR where there is one; of a volume, for the
    slice with the largest head.
    """
    from gliascope.cli.enhance_plan import plan_jobs
    from gliascope.cli.enhance_run import Settings
    from gliascope.prepare.enhancement import clahe_settings
    from gliascope.read.cases import check_channels
    from gliascope.read.find import find_cases

    del verbose
    try:
        settings = Settings(clahe_settings(clip_limit, tile_grid), parse_channels(channels), figure)
        cases = find_cases(inputs)
        check_channels(cases, settings.channels)
        jobs = plan_jobs(cases, output)
    except InputError as problem:
        raise typer.BadParameter(str(problem)) from problem
    problems = _tell(cases, settings)
    images, more = _run(jobs, settings, quiet=quiet, lines=not (quiet or as_json))
    problems += more
    if as_json:
        used = {"clip_limit": settings.clahe.clip_limit, "tile_grid": settings.clahe.tile_grid}
        print(json.dumps({"schema": SCHEMA, "clahe": used, "images": images, "problems": problems}, indent=2))
    if problems:
        raise typer.Exit(1)


def _tell(cases: list[CaseFiles], settings: Settings) -> list[dict[str, str]]:
    """Say what is to be known of the choice of files, and which could not be used."""
    from gliascope.read.cases import channels_unused

    for case in cases:
        for remark in (*case.remarks, *(channels_unused(case) if settings.channels is not None else ())):
            logger.warning("%s: %s", case.path, remark)
        for one in case.problems:
            error(f"{one.path}: {one.message}")
    return [{"path": one.path, "message": one.message} for case in cases for one in case.problems]


def _run(
    cases: list[list[Job]], settings: Settings, *, quiet: bool, lines: bool
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    from gliascope.cli.enhance_run import enhance_case

    images: list[dict[str, Any]] = []
    problems: list[dict[str, str]] = []

    def fault(job: Job, problem: GliascopeError) -> None:
        message = str(problem).removeprefix(f"{job.image}: ")
        problems.append({"path": str(job.image), "message": message})
        error(f"{job.image}: {message}")

    with progress(quiet=quiet) as bar:
        task = bar.add_task("enhancing", total=sum(map(len, cases)), note="")
        for case in cases:
            for job, rows in enhance_case(case, settings, fault):
                images += rows
                bar.update(task, advance=1, note=job.image.name)
                for row in rows if lines else []:
                    print(_line(row))
    return images, problems


def _line(row: dict[str, Any]) -> str:
    names = {"contrast": "contrast", "local_contrast": "local contrast", "entropy": "entropy", "noise": "noise"}
    numbers = [f"{name} {row['before'][key]:.3f} -> {row['after'][key]:.3f}" for key, name in names.items()]
    return f"{row['output']}: {', '.join(numbers)}"
