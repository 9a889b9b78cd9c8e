"""Which files of a source are the data set, wherever it lies inside and however often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gliascope.dataset.fetch.source import Member
from gliascope.errors import InputError
from gliascope.read.raster import is_image_name
from gliascope.read.truth import is_mask_name, mask_target


@dataclass(frozen=True)
class Contents:
    """The data set inside a source.

    Attributes
    ----------
    root : PurePosixPath
        Its folder inside the source.
    files : mapping of PurePosixPath to Member
        By their paths below `root`: the patients' files, and what lies beside the patients' folders.
    patients, slices : int
        Folders with images, and images.
    left_out : tuple of str
        Further folders of patients, such as the second copy that the public archive holds, each with what it is.
    """

    root: PurePosixPath
    files: Mapping[PurePosixPath, Member]
    patients: int
    slices: int
    left_out: tuple[str, ...]


def find_contents(members: Iterable[Member], name: str) -> Contents:
    """Find the folder of patients' folders with the most patients, the outermost of equals.

    Parameters
    ----------
    members : iterable of Member
    name : str
        The source, for the message.

    Returns
    -------
    Contents

    Raises
    ------
    InputError
        If there is no patient's folder with an image and its mask.
    """
    visible = {one.path: one for one in members if not any(_is_hidden(part) for part in one.path.parts)}
    images = [path for path in visible if _is_image(path) and path.parent.parts]
    roots = Counter(folder.parent for folder in {path.parent for path in images})
    masks = {(path.parent, mask_target(Path(path))) for path in visible if is_mask_name(Path(path))}
    if not any((path.parent, path.stem) in masks for path in images):
        raise InputError(
            f"{name}: a data set must hold patients' folders with images and their masks, as "
            f"kaggle_3m/PATIENT/PATIENT_1.tif and PATIENT_1_mask.tif, received {_what(visible)}"
        )
    root = min(roots, key=lambda one: (-roots[one], len(one.parts), one.as_posix()))
    files = _files_of(root, visible)
    others = sorted(one for one in roots if one != root)
    return Contents(
        root=root,
        files=files,
        patients=roots[root],
        slices=sum(_is_image(path) and len(path.parts) == 2 for path in files),
        left_out=tuple(f"{one.as_posix()}: {_compare(_files_of(one, visible), files)}" for one in others),
    )


def count_contents(folder: Path) -> tuple[int, int]:
    """Count files and bytes below a folder, hidden files aside."""
    sizes = [
        one.stat().st_size
        for one in folder.rglob("*")
        if one.is_file() and not any(_is_hidden(part) for part in one.relative_to(folder).parts)
    ]
    return len(sizes), sum(sizes)


def _files_of(root: PurePosixPath, visible: Mapping[PurePosixPath, Member]) -> dict[PurePosixPath, Member]:
    """Files right in the root, and files in those of its folders that hold images."""
    patients = {path.parent for path in visible if _is_image(path) and path.parent.parent == root}
    return {
        path.relative_to(root): one
        for path, one in visible.items()
        if path.parent == root or (path.parent in patients and path.parent.parts)
    }


def _compare(copy: Mapping[PurePosixPath, Member], kept: Mapping[PurePosixPath, Member]) -> str:
    differ = sum(
        path not in kept or (kept[path].size, kept[path].crc) != (one.size, one.crc) for path, one in copy.items()
    )
    return f"{differ} of its {len(copy)} files differ" if differ else "a second copy"


def _is_image(path: PurePosixPath) -> bool:
    return is_image_name(Path(path)) and not is_mask_name(Path(path))


def _is_hidden(part: str) -> bool:
    return part.startswith(".") or part == "__MACOSX"


def _what(visible: Mapping[PurePosixPath, Member]) -> str:
    return f"{len(visible)} files, as {min(visible).as_posix()}" if visible else "no files"
