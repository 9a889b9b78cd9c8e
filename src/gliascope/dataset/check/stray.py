"""Files that belong to no patient."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path
from typing import Final

from gliascope.dataset.check.facts import Notes
from gliascope.read.find import RESULT_MARKS
from gliascope.read.nifti.names import is_volume_name, understand
from gliascope.read.raster import is_image_name
from gliascope.read.truth import is_mask_name

EXPECTED: Final = ("data.csv", "readme", "license", "licence")
"""How the names of files begin that may lie beside the patients' folders, in any letter case."""


def check_stray(root: Path, claimed: Collection[Path], notes: Notes) -> None:
    """Note files that are neither images nor masks of a patient, nor expected; hidden ones are passed over.

    Parameters
    ----------
    root : Path
        The data set's folder.
    claimed : collection of Path
        Images and masks of all patients.
    notes : Notes
    """
    patients = {one.parent for one in claimed}
    for place, folders, names in os.walk(root):
        folder = Path(place)
        if any(mark <= set(names) for mark in RESULT_MARKS):
            notes.add("stray-file", folder, "results of an earlier run; they are passed over")
            folders.clear()
            continue
        folders[:] = sorted(one for one in folders if not one.startswith("."))
        for name in sorted(names):
            path = folder / name
            if name.startswith(".") or path in claimed:
                continue
            if is_mask_name(path):
                notes.add("mask-without-image", path, "no image")
            elif is_volume_name(path) and understand(path).role == "truth":
                if not _is_second(path, claimed):
                    notes.add("mask-without-image", path, "no image")
            elif is_volume_name(path):
                notes.add("stray-file", path, "a volume that is not used")
            elif folder in patients or not name.lower().startswith(EXPECTED):
                notes.add("stray-file", path, "an image of no patient" if is_image_name(path) else "another file")


def _is_second(truth: Path, claimed: Collection[Path]) -> bool:
    """Whether a volume's case has another truth, which is told as that."""
    names = (understand(one) for one in claimed if one.parent == truth.parent and is_volume_name(one))
    return any(one.role == "truth" and one.prefix == understand(truth).prefix for one in names)
