"""A patient's NIfTI sequences written as a DICOM study of classic series: `python -m tests.native_study IN OUT`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Final

import nibabel
import numpy as np

from gliascope.geometry import flip_frame
from tests.dicom_series import FLAIR, T1, T1_CONTRAST, write_series

SERIES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "t1n": ("3_t1", T1),
    "t2f": ("4_flair", FLAIR),
    "t1c": ("5_t1c", T1_CONTRAST),
}
"""Folder and tags of each sequence's series, by the name of its file."""


def write_study(source: Path, folder: Path) -> Path:
    """Write ``t1n``, ``t2f`` and ``t1c`` of a folder, each on its own grid.

    Parameters
    ----------
    source : Path
        Holds ``t2f.nii.gz`` and the like, of whole numbers of up to 16 bits.
    folder : Path
        Gets a folder a series; the names of their files run against the order of the slices.

    Returns
    -------
    Path
        `folder`.
    """
    for name, (into, tags) in SERIES.items():
        image = nibabel.Nifti1Image.from_filename(source / f"{name}.nii.gz")
        stored = np.asarray(image.dataobj)
        pixels = stored.transpose(2, 1, 0).astype(np.uint16)
        assert np.array_equal(pixels, stored.transpose(2, 1, 0)), "voxels must be whole numbers of 0 to 65535"
        paths = write_series(folder / into, pixels, flip_frame(image.affine), **tags)
        for number, path in enumerate(paths):
            path.rename(path.with_name(f"IM{len(paths) - number}"))
    return folder


if __name__ == "__main__":
    write_study(Path(sys.argv[1]), Path(sys.argv[2]))
