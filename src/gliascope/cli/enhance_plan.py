"""Where `gliascope enhance` writes: every image gets its place before any of them is read."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gliascope.errors import InputError
from gliascope.present.images import TIFF_SUFFIXES
from gliascope.read.find import CaseFiles
from gliascope.read.nifti.names import is_volume_name, volume_stem
from gliascope.read.raster import is_image_name
from gliascope.scan import Sequence

WRITTEN: Final = (".png", *TIFF_SUFFIXES)
"""Kinds of images that are written; JPEG loses detail and becomes PNG."""

VOLUME: Final = ".nii.gz"
"""Kind of volumes that are written."""


@dataclass(frozen=True)
class Job:
    """One file to enhance.

    Attributes
    ----------
    case : str
    image : Path
        The input.
    output : Path
        The enhanced image.
    figures : Path
        Folder of its figures.
    stem : str
        What its figures' names begin with.
    sequence : str or None
        Of a NIfTI volume; None for an image.
    """

    case: str
    image: Path
    output: Path
    figures: Path
    stem: str
    sequence: Sequence | None = None


def plan_jobs(cases: list[CaseFiles], output: Path) -> list[list[Job]]:
    """Give every image of every case its place.

    Parameters
    ----------
    cases : list of CaseFiles
    output : Path
        A folder: an image named on its own goes into it, a folder's images into a folder of the case's name.
        With the suffix ``.png``, ``.tif`` or ``.tiff`` it is the file for one image, with ``.nii.gz`` for one volume.

    Returns
    -------
    list of list of Job
        One list a case that has images; why others have none is told by their problems.

    Raises
    ------
    InputError
        If a file would be written over an input or over another result, `output` is a file that cannot hold them, or
        a case is a DICOM study.
    """
    for case in cases:
        if case.study is not None:
            raise InputError(
                f"{case.path}: what is to be enhanced must be images or NIfTI volumes, received a DICOM study"
            )
    as_file = (is_image_name(output) or is_volume_name(output)) and not output.is_dir()
    if as_file:
        _check_file(cases, output)
    filled = [case for case in cases if case.images]
    jobs = [[_into_file(case, output)] if as_file else _into_folder(case, output) for case in filled]
    _check_places(list(itertools.chain.from_iterable(jobs)))
    return jobs


def _check_file(cases: list[CaseFiles], output: Path) -> None:
    """Refuse one file for several results, or for a result of another kind."""
    if len(cases) != 1 or cases[0].is_folder:
        raise InputError(f"{output}: one file holds the result of one image; name a folder for several")
    if not cases[0].images:
        return
    if cases[0].sequences and not output.name.lower().endswith(VOLUME):
        raise InputError(f"{output}: a volume is written as {VOLUME}, received {output.name!r}")
    if not cases[0].sequences and output.suffix.lower() not in WRITTEN:
        raise InputError(f"{output}: an image is written as .png, .tif or .tiff, received {output.suffix!r}")


def _check_places(jobs: list[Job]) -> None:
    inputs = {job.image.resolve() for job in jobs}
    taken: set[str] = set()
    for job in jobs:
        if job.output.resolve() in inputs:
            raise InputError(f"{job.output}: an input must not be overwritten; name another folder")
        key = str(job.output).casefold()
        if key in taken:
            raise InputError(f"{job.output}: two images would be written to this file")
        taken.add(key)


def _into_file(case: CaseFiles, output: Path) -> Job:
    if case.sequences:
        return Job(case.name, case.images[0], output, output.parent, volume_stem(output), case.sequences[0])
    return Job(case.name, case.images[0], output, output.parent, output.stem)


def _into_folder(case: CaseFiles, output: Path) -> list[Job]:
    if case.sequences:
        return _volumes(case, output / case.name if case.is_folder else output)
    if not case.is_folder:
        image = case.images[0]
        suffix = image.suffix if image.suffix.lower() in WRITTEN else ".png"
        return [Job(case.name, image, output / (case.name + suffix), output / "figures", case.name)]
    folder = output / case.name
    stems = [image.stem.casefold() for image in case.images]
    jobs = []
    for image in case.images:
        stem = image.stem if stems.count(image.stem.casefold()) == 1 else image.name
        name = image.name if image.suffix.lower() in WRITTEN else f"{stem}.png"
        jobs.append(Job(case.name, image, folder / name, folder / "figures", stem))
    return jobs


def _volumes(case: CaseFiles, folder: Path) -> list[Job]:
    """Give each sequence of a case its place, under the name of its file."""
    stems = [volume_stem(one) for one in case.images]
    apart = len({one.casefold() for one in stems}) == len(stems)
    names = stems if apart else [one.name for one in case.images]
    return [
        Job(case.name, image, folder / f"{name}{VOLUME}", folder / "figures", name, sequence)
        for image, name, sequence in zip(case.images, names, case.sequences, strict=True)
    ]
