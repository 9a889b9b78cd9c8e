"""Which cases the user means: from files and folders to lists of files, before anything is decoded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gliascope.errors import InputError
from gliascope.read.raster import is_image_name
from gliascope.read.truth import is_mask_name

RESULT_MARKS: Final = frozenset({"findings.json", "cases.csv"})
"""A folder that holds one of these files is a result of an earlier run, not an input."""

_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]')
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
_LONGEST: Final = 120


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
    warnings : tuple of str
    """

    name: str
    path: Path
    images: tuple[Path, ...]
    masks: tuple[Path, ...]
    is_folder: bool
    warnings: tuple[str, ...] = field(default=())


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sorting key by which ``scan_2`` comes before ``scan_10``."""
    parts = re.split(r"([0-9]+)", text)
    return tuple((1, int(part), part) if part.isdecimal() else (0, 0, part) for part in parts)


def find_cases(inputs: str | Path | Sequence[str | Path]) -> list[CaseFiles]:
    """Find every case that files and folders hold; nothing is decoded.

    Parameters
    ----------
    inputs : path or sequence of paths
        Image files (each its own case), folders with images (one case) and folders of such folders
        (one case for each, at any depth). A path reached twice is one case.

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
    found: dict[Path, CaseFiles] = {}
    for path in paths:
        for case in _folder(path) if path.is_dir() else [_single(path)]:
            found.setdefault(case.path.resolve(), case)
    return _name_apart(list(found.values()))


def _check_argument(path: Path) -> None:
    if not path.exists():
        raise InputError(f"{path}: an input must exist, received a path that does not")
    if not (path.is_dir() or path.is_file()):
        raise InputError(f"{path}: an input must be a file or a folder, received neither")
    if path.is_file() and is_mask_name(path):
        raise InputError(f"{path}: a file named *_mask.* is truth and cannot be an input")


def _single(path: Path) -> CaseFiles:
    masks = [one for one in _entries(path.parent) if is_mask_name(one) and one.is_file()]
    return CaseFiles(_safe(path.stem), path, (path,), tuple(masks), is_folder=False)


def _folder(path: Path) -> list[CaseFiles]:
    return list(_walk(path, frozenset())) or [CaseFiles(_safe(path.resolve().name), path, (), (), is_folder=True)]


def _walk(folder: Path, above: frozenset[Path]) -> Iterator[CaseFiles]:
    real = folder.resolve()
    entries = [] if real in above else _entries(folder)
    if any(one.name in RESULT_MARKS for one in entries):
        return
    files = [one for one in entries if is_image_name(one) and one.is_file()]
    images = tuple(one for one in files if not is_mask_name(one))
    masks = tuple(one for one in files if is_mask_name(one))
    below = [case for one in entries if one.is_dir() for case in _walk(one, above | {real})]
    if images or not any(case.images for case in below):
        yield CaseFiles(_safe(folder.resolve().name), folder, images, masks, is_folder=True)
    if any(case.images for case in below):
        yield from below


def _entries(folder: Path) -> list[Path]:
    try:
        entries = [one for one in folder.iterdir() if not one.name.startswith(".")]
    except OSError:
        return []
    return sorted(entries, key=lambda one: natural_key(one.name))


def _safe(name: str) -> str:
    name = _FORBIDDEN.sub("_", name)[:_LONGEST].strip(" .")
    return f"{name}_" if not name or _RESERVED.fullmatch(name) else name


def _name_apart(cases: list[CaseFiles]) -> list[CaseFiles]:
    taken: set[str] = set()
    apart = []
    for case in cases:
        name, number = case.name, 1
        while name.casefold() in taken:
            number += 1
            name = f"{case.name}-{number}"
        taken.add(name.casefold())
        warnings = case.warnings
        if number > 1:
            warnings = (*warnings, f"another input is named {case.name} too; this one ({case.path}) is called {name}")
        apart.append(CaseFiles(name, case.path, case.images, case.masks, case.is_folder, warnings))
    return apart
