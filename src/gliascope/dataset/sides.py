"""From a split's names to the folders and slices on disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from gliascope.dataset.layout import PatientFolder, PatientStatistics, count_slices, patients
from gliascope.dataset.members import SIDES, Split
from gliascope.errors import SplitError
from gliascope.read.truth import mask_target


def slice_name(folder: str, image: Path) -> str:
    """Name a slice as a split by slice does: ``FOLDER/FILE.tif``."""
    return f"{folder}/{image.name}"


def side_patients(split: Split, side: str, root: str | Path) -> list[PatientFolder]:
    """Find the patients' folders of one side of a split.

    In a split by slice, `PatientFolder.files` holds the slices of this side alone, and their masks. A folder that is
    read by them is one volume of fewer slices: it is cropped and normalised by what is there.

    Parameters
    ----------
    split : Split
    side : str
        ``train``, ``validation`` or ``test``.
    root : path
        A data set in the LGG layout; it may hold more folders and slices than the split names.

    Returns
    -------
    list of PatientFolder
        In natural order of their names.

    Raises
    ------
    SplitError
        If there is no such side, it is empty, or one of its folders or slices is not in the data set.
    InputError
        If the folder is no data set.
    """
    if side not in SIDES:
        raise SplitError(f"side must be one of {', '.join(SIDES)}, received {side!r}")
    names: frozenset[str] = frozenset(getattr(split, side))
    unit = "slice" if split.leaks else "patient"
    if not names:
        raise SplitError(f"the {side} side of the split must have {unit}s, received none")
    known = patients(root)
    found = [some for one in known if (some := on_side(one, names))] if split.leaks else _named(known, names)
    there = {slice_name(one.name, image) for one in found for image in one.files.images}
    missing = sorted(names - (there if split.leaks else {one.name for one in found}))
    if missing:
        raise SplitError(
            f"{root}: every {unit} of the split's {side} side must be there, {len(missing)} of {len(names)} are not: "
            f"{', '.join(missing[:3])}{', ...' if len(missing) > 3 else ''}"
        )
    return found


def on_side(folder: PatientFolder, names: frozenset[str]) -> PatientFolder | None:
    """Keep of a folder the slices that are named, with their masks; None where there are none."""
    images = tuple(one for one in folder.files.images if slice_name(folder.name, one) in names)
    stems = {one.stem for one in images}
    masks = tuple(one for one in folder.files.masks if mask_target(one) in stems)
    return replace(folder, files=replace(folder.files, images=images, masks=masks)) if images else None


def side_statistics(split: Split, side: str, measured: Sequence[PatientStatistics]) -> list[PatientStatistics]:
    """Keep of measured folders what is on one side: whole folders, or in a split by slice some slices of many."""
    names: frozenset[str] = frozenset(getattr(split, side))
    if not split.leaks:
        return [one for one in measured if one.folder.name in names]
    return [
        count_slices(folder, tuple(each for each in one.each if slice_name(one.folder.name, each.image) in names))
        for one in measured
        if (folder := on_side(one.folder, names))
    ]


def _named(folders: Iterable[PatientFolder], names: frozenset[str]) -> list[PatientFolder]:
    return [one for one in folders if one.name in names]
