"""Which cases the user means: from files and folders to lists of files, before anything is decoded."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from gliascope.errors import InputError
from gliascope.read.names import name_apart, natural_key, safe_name
from gliascope.read.raster import SUFFIXES, is_image_name
from gliascope.read.truth import is_mask_name, mask_target
from gliascope.scan import Problem

RESULT_MARKS: Final = (frozenset({"findings.json"}), frozenset({"cases.csv", "slices.csv"}))
"""A folder that holds all files of one of these sets is a result of an earlier run, not an input."""

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CaseFiles:
    """One case before it is read.

    Attributes
    ----------
    name : str
        Different from every other case's of the run, whatever the letter case; safe as a folder's name.
    path : Path
        The file or folder as the user gave it.
    images : tuple of Path
        In natural order; none where the folder holds no image.
    masks : tuple of Path
        True outlines found beside the images.
    is_folder : bool
        True for a patient's folder, False for an image named on its own.
    problems : tuple of Problem
        Why there are no images.
    warnings : tuple of str
        Names that occur twice.
    """

    name: str
    path: Path
    images: tuple[Path, ...]
    masks: tuple[Path, ...] = ()
    is_folder: bool = False
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


def find_cases(inputs: str | Path | Sequence[str | Path]) -> list[CaseFiles]:
    """Find every case that files and folders hold; nothing is decoded.

    Parameters
    ----------
    inputs : path or sequence of paths
        Image files (each its own case), folders with images (one case) and folders of such folders
        (one case for each, at any depth). A path reached twice is one case; hidden files and
        folders, and results of earlier runs, are passed over.

    Returns
    -------
    list of CaseFiles
        In the order of the inputs, then in natural order of the paths.

    Raises
    ------
    InputError
        If there is no input, a path does not exist, or a ``*_mask.*`` file is named as input.
    """
    paths = [Path(one) for one in ([inputs] if isinstance(inputs, str | Path) else inputs)]
    if not paths:
        raise InputError("at least one image or folder must be given, received none")
    for path in paths:
        _check_argument(path)
    beside: dict[Path, dict[str, list[Path]]] = {}
    found: dict[Path, CaseFiles] = {}
    for path in paths:
        for case in _folder(path) if path.is_dir() else [_single(path, beside)]:
            first = found.setdefault(case.path.resolve(), case)
            if first is not case:
                _logger.warning("%s: named twice, read once", case.path)
    return _all_different(list(found.values()))


def _check_argument(path: Path) -> None:
    if not path.exists():
        raise InputError(f"{path}: an input must exist, received a path that does not")
    if not (path.is_dir() or path.is_file()):
        raise InputError(f"{path}: an input must be a file or a folder, received neither")
    if path.is_file() and is_mask_name(path):
        raise InputError(f"{path}: a file named *_mask.* is truth and cannot be an input")


def _single(path: Path, beside: dict[Path, dict[str, list[Path]]]) -> CaseFiles:
    if path.parent not in beside:
        masks: dict[str, list[Path]] = {}
        for one in _entries(path.parent):
            if is_mask_name(one) and one.is_file():
                masks.setdefault(mask_target(one), []).append(one)
        beside[path.parent] = masks
    return CaseFiles(safe_name(path.stem), path, (path,), tuple(beside[path.parent].get(path.stem, ())))


def _folder(path: Path) -> list[CaseFiles]:
    cases = list(_walk(path, frozenset()))
    return cases or [_without_images(path, "received the results of an earlier run")]


def _walk(folder: Path, above: frozenset[Path]) -> Iterator[CaseFiles]:
    """Cases of a folder and of those below; `above` are the folders passed, so that a link back ends the way."""
    real = folder.resolve()
    if real in above:
        return
    try:
        entries = _entries(folder)
    except OSError as error:
        yield _without_images(folder, f"received a folder that cannot be opened: {error.strerror}")
        return
    names = {one.name for one in entries}
    if any(mark <= names for mark in RESULT_MARKS):
        return
    files = [one for one in entries if is_image_name(one) and one.is_file()]
    images = tuple(one for one in files if not is_mask_name(one))
    folders = [one for one in entries if one.is_dir()]
    below = [case for one in folders for case in _walk(one, above | {real})]
    if images:
        masks = tuple(one for one in files if is_mask_name(one))
        yield CaseFiles(safe_name(real.name), folder, images, masks, is_folder=True, warnings=_same_stems(images))
    elif not folders:
        yield _without_images(folder, _what_else(entries))
    if not images or any(case.images for case in below):
        yield from below


def _entries(folder: Path) -> list[Path]:
    entries = (one for one in folder.iterdir() if not one.name.startswith("."))
    return sorted(entries, key=lambda one: natural_key(one.name))


def _without_images(folder: Path, received: str) -> CaseFiles:
    problem = Problem(str(folder), f"a folder must hold images ({', '.join(SUFFIXES)}), {received}")
    return CaseFiles(safe_name(folder.resolve().name), folder, (), is_folder=True, problems=(problem,))


def _what_else(entries: list[Path]) -> str:
    others = [one.name for one in entries if one.is_file()]
    return f"received {len(others)} other files, as {others[0]}" if others else "received none"


def _same_stems(images: tuple[Path, ...]) -> tuple[str, ...]:
    stems = Counter(one.stem for one in images)
    return tuple(
        "several images have one name: " + ", ".join(one.name for one in images if one.stem == stem)
        for stem, count in stems.items()
        if count > 1
    )


def _all_different(cases: list[CaseFiles]) -> list[CaseFiles]:
    names = name_apart([case.name for case in cases])
    return [
        case
        if name == case.name
        else replace(
            case,
            name=name,
            warnings=(*case.warnings, f"another input is named {case.name} too; {case.path} is called {name}"),
        )
        for case, name in zip(cases, names, strict=True)
    ]
