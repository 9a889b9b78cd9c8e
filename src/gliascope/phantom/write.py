"""Write a phantom as the LGG data set is laid out, or as NIfTI volumes."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import tifffile

from gliascope.geometry import flip_frame
from gliascope.phantom.make import Phantom

VOLUMES: Final = {"pre": "t1", "flair": "flair", "post": "t1ce"}
"""What the sequences are called in the names of NIfTI files."""


def write_phantom(phantom: Phantom, out: str | Path) -> Path:
    """Write one folder: ``<name>/<name>_<n>.tif`` and ``<name>_<n>_mask.tif`` for each slice, n from 1, not padded.

    Images are uint8 RGB of pre-contrast, FLAIR and post-contrast, masks uint8 with 0 and 255; both uncompressed, as
    the data set's are. Files of the same names are replaced, others are left alone.

    Parameters
    ----------
    phantom : Phantom
    out : str or Path
        Folder of patients' folders; made if need be.

    Returns
    -------
    Path
        The patient's folder.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    folder = Path(out) / phantom.name
    folder.mkdir(parents=True, exist_ok=True)
    for number, (image, mask) in enumerate(zip(phantom.scan.pixels, phantom.truth, strict=True), start=1):
        stem = folder / f"{phantom.name}_{number}"
        tifffile.imwrite(stem.with_name(f"{stem.name}.tif"), image, photometric="rgb", metadata=None)
        inside = mask.astype(np.uint8) * np.uint8(255)
        tifffile.imwrite(stem.with_name(f"{stem.name}_mask.tif"), inside, photometric="minisblack", metadata=None)
    return folder


def write_phantom_volumes(phantom: Phantom, out: str | Path) -> Path:
    """Write one folder of NIfTI files: ``<name>_t1.nii.gz``, ``_flair``, ``_t1ce`` and ``_seg``, uint8, in millimetres.

    Parameters
    ----------
    phantom : Phantom
    out : str or Path
        Folder of patients' folders; made if need be.

    Returns
    -------
    Path
        The patient's folder.

    Raises
    ------
    OSError
        If a file cannot be written.
    """
    import nibabel

    folder = Path(out) / phantom.name
    folder.mkdir(parents=True, exist_ok=True)
    affine = flip_frame(phantom.affine)
    stacks = {VOLUMES[one]: phantom.scan.pixels[..., place] for place, one in enumerate(phantom.scan.sequences)}
    for name, values in {**stacks, "seg": phantom.truth.astype(np.uint8)}.items():
        image = nibabel.Nifti1Image(np.ascontiguousarray(values.transpose(2, 1, 0)), affine)
        image.header.set_xyzt_units("mm")
        nibabel.save(image, folder / f"{phantom.name}_{name}.nii.gz")
    return folder
