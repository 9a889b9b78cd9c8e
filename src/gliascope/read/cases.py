"""Files become cases: slices put together, truth beside them, and what went wrong."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.read.channels import EQUAL_CHANNELS, GREY_IS_FLAIR, all_channels_equal, check_sequences, sequences_of
from gliascope.read.find import CaseFiles, find_cases
from gliascope.read.hashing import pixel_hash
from gliascope.read.raster import decode
from gliascope.read.truth import match_masks, read_masks
from gliascope.scan import Case, Mask, Problem, Scan, Sequence, Source

DIFFERENT: Final = "the slices differ in size, channels or depth: each is taken by itself"
SEVERAL_VOLUMES: Final = "the folder holds several files of which some have many pages: each file is taken by itself"
TOLD_BY_NAME: Final = "a volume's sequence is told by its file's name"
TOLD_BY_HEADER: Final = "the sequence of a DICOM series is told by its headers"


@dataclass(frozen=True, eq=False)
class _Page:
    pixels: NDArray[Any]
    source: Source
    truth: Mask | None


def read_cases(
    inputs: str | Path | Many[str | Path],
    channels: tuple[Sequence, ...] | None = None,
    *,
    register: bool = False,
    series: Many[str] = (),
) -> Iterator[Case]:
    """Read every case that files and folders hold, one at a time.

    Parameters
    ----------
    inputs : path or sequence of paths
        Image files (each its own case), patients' folders, folders of patients.
    channels : tuple of str or None
        The sequence of each channel, where the files do not follow the rule: grey is FLAIR, and
        red, green, blue are pre-contrast, FLAIR, post-contrast. A case of volumes gets a warning that they are
        not used.
    register : bool
        Register every sequence of a NIfTI or DICOM case to its FLAIR, not only where it is measured to lie elsewhere.
    series : sequence of str
        DICOM series by their UIDs, see `gliascope.read.dicom.plan.parse_named`.

    Returns
    -------
    iterator of Case
        A file that cannot be used is a problem of its case; the rest goes on.

    Raises
    ------
    InputError
        At once, before anything is read: if there is no input, a path does not exist, a mask is
        named as input, or `channels` or `series` names what cannot be.
    """
    check_sequences(channels)
    return (read_case(files, channels, register=register) for files in find_cases(inputs, series))


def read_case(files: CaseFiles, channels: tuple[Sequence, ...] | None = None, *, register: bool = False) -> Case:
    """Read one case.

    Parameters
    ----------
    files : CaseFiles
        As `find_cases` gives them.
    channels, register
        See `read_cases`.

    Returns
    -------
    Case
        With one scan of all slices where they share size, channels and depth; else one a slice.

    Raises
    ------
    InputError
        If `channels` names no possible scan. Whatever is wrong with a file becomes a problem.
    """
    check_sequences(channels)
    if files.sequences or files.study is not None:
        case = _read_volumes(files, register=register)
        return case if channels is None else replace(case, warnings=(*case.warnings, *channels_unused(files)))
    problems = list(files.problems)
    masks, unmatched = match_masks(files.images, files.masks)
    warnings = dict.fromkeys((*files.remarks, *unmatched))
    read = []
    for image in files.images:
        pages = _read_image(image, masks.get(image), problems, warnings)
        if pages:
            read.append(pages)
    case = _assemble(files.name, read, channels, problems, warnings)
    return replace(case, warnings=(*case.warnings, *_gaps(files.images, case.scans)))


def channels_unused(files: CaseFiles) -> tuple[str, ...]:
    """Warn that channels which the user names are not used for a case; nothing where it is one of images."""
    told = TOLD_BY_NAME if files.sequences else TOLD_BY_HEADER if files.study is not None else ""
    return (f"the channels that were named are not used: {told}",) if told else ()


def check_channels(cases: Many[CaseFiles], channels: tuple[Sequence, ...] | None) -> None:
    """Refuse channels that the user names for no image at all.

    Raises
    ------
    InputError
        If there are volumes among the cases and no images.
    """
    volumes = [one for one in cases if one.sequences or one.study is not None]
    if channels is None or not volumes or any(one.images and not one.sequences for one in cases):
        return
    first = volumes[0]
    kind, told = ("NIfTI volumes", TOLD_BY_NAME) if first.sequences else ("a DICOM study", TOLD_BY_HEADER)
    raise InputError(f"{first.path}: what --channels names must be the channels of images, received {kind}: {told}")


def _read_volumes(files: CaseFiles, *, register: bool) -> Case:
    if files.study is not None:
        from gliascope.read.dicom.case import read_study

        return read_study(files.study, files.name, files.problems, register=register)
    from gliascope.read.nifti.case import VolumeReader

    reader = VolumeReader(files.images, files.sequences, always_register=register)
    reader.problems.extend(files.problems)
    reader.warnings.extend(files.remarks)
    return reader.read(files.name, files.masks[0] if files.masks else None)


def _read_image(path: Path, mask: Path | None, problems: list[Problem], warnings: dict[str, None]) -> list[_Page]:
    try:
        decoded = decode(path)
    except InputError as error:
        problems.append(_problem(path, error))
        return []
    truths: list[Mask] | list[None] = [None] * len(decoded.pages)
    notes = decoded.notes
    if mask is not None:
        try:
            truths, more = read_masks(mask, [(page.shape[0], page.shape[1]) for page in decoded.pages])
            notes = (*notes, *more)
        except InputError as error:
            problems.append(_problem(mask, error))
    warnings.update(dict.fromkeys(notes))
    count = len(decoded.pages)
    return [
        _Page(pixels, Source(path, number, count, pixel_hash(pixels)), truth)
        for number, (pixels, truth) in enumerate(zip(decoded.pages, truths, strict=True))
    ]


def _gaps(images: Many[Path], scans: Many[Scan]) -> Iterator[str]:
    """Tell of slices that became neighbours because what lies between them cannot be read."""
    places = {path: place for place, path in enumerate(images)}
    for before, after in itertools.chain.from_iterable(itertools.pairwise(scan.sources) for scan in scans):
        if before.path is None or after.path is None:
            continue
        missing = ", ".join(one.name for one in images[places[before.path] + 1 : places[after.path]])
        if missing:
            yield (
                f"{before.path.name} and {after.path.name} are taken as neighbours, though they may be further apart "
                f"than the others: {missing} between them cannot be read"
            )


def _problem(path: Path, error: InputError) -> Problem:
    return Problem(str(path), str(error).removeprefix(f"{path}: "))


def _assemble(
    name: str,
    files: list[list[_Page]],
    channels: tuple[Sequence, ...] | None,
    problems: list[Problem],
    warnings: dict[str, None],
) -> Case:
    pages = list(itertools.chain.from_iterable(files))
    grey = (
        (channels is None or len(channels) == 1) and bool(pages) and all_channels_equal([one.pixels for one in pages])
    )
    scans: list[Scan] = []
    truths: list[Mask | None] = []
    for group in _groups(files, warnings):
        try:
            scans.append(_scan(group, grey, channels))
            truths.extend(one.truth for one in group)
        except InputError as error:
            problems.extend(Problem(str(path), str(error)) for path in dict.fromkeys(one.source.path for one in group))
    if channels is None and grey:
        warnings[EQUAL_CHANNELS] = None
    elif channels is None and any(scan.sequences == ("flair",) for scan in scans):
        warnings[GREY_IS_FLAIR] = None
    return Case(name, tuple(scans), tuple(truths), tuple(problems), tuple(warnings))


def _groups(files: list[list[_Page]], warnings: dict[str, None]) -> list[list[_Page]]:
    """Slices that may be normalised together: all, those of each file, or each by itself."""
    if len(files) > 1 and any(len(pages) > 1 for pages in files):
        warnings[SEVERAL_VOLUMES] = None
    else:
        files = [list(itertools.chain.from_iterable(files))] if files else []
    groups = []
    for pages in files:
        if len({(one.pixels.shape, one.pixels.dtype) for one in pages}) == 1:
            groups.append(pages)
        else:
            warnings[DIFFERENT] = None
            groups.extend([one] for one in pages)
    return groups


def _scan(pages: list[_Page], grey: bool, channels: tuple[Sequence, ...] | None) -> Scan:
    pixels = np.stack([one.pixels[:, :, :1] if grey else one.pixels for one in pages])
    if pixels.dtype != np.uint8:
        pixels = pixels.astype(np.float32)
    sequences = sequences_of(pixels.shape[3], channels)
    return Scan(pixels, sequences, tuple(one.source for one in pages), is_volume=len(pages) > 1)
