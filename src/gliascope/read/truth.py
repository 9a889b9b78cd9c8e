"""True outlines stored beside the images as ``<stem>_mask.<any image suffix>``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError, SoftMask
from gliascope.read.raster import decode, is_image_name
from gliascope.scan import Mask

MASK_ENDING: Final = "_mask"

MAX_LABELS: Final = 16
"""Most different values of a mask; more are the mark of a soft or lossy image, whose edge is unknown."""

SEVERAL_LABELS: Final = "a mask with several labels; all of them are taken as tumour"
MOSTLY_INSIDE: Final = "a mask that covers more than half of its image; is it the wrong way round?"


def is_mask_name(path: Path) -> bool:
    """Whether the file is a true outline by its name, as ``scan_7_mask.png`` is."""
    return is_image_name(path) and path.stem.lower().endswith(MASK_ENDING)


def mask_target(mask: Path) -> str:
    """Give the stem of the image that a mask belongs to, by the mask's name."""
    return mask.stem[: -len(MASK_ENDING)]


def match_masks(images: Sequence[Path], masks: Sequence[Path]) -> tuple[dict[Path, Path], tuple[str, ...]]:
    """Find each image's mask: the same stem, the same suffix preferred, else the first by name.

    Returns
    -------
    dict of Path to Path
        Mask of each image that has one.
    tuple of str
        Warnings about masks without an image and images with several masks.
    """
    by_stem: dict[str, list[Path]] = {}
    for mask in sorted(masks):
        by_stem.setdefault(mask_target(mask), []).append(mask)
    found = {}
    warnings: list[str] = []
    for image in images:
        candidates = by_stem.get(image.stem, [])
        if candidates:
            found[image] = min(candidates, key=lambda mask: mask.suffix.lower() != image.suffix.lower())
    for stem in by_stem.keys() - {image.stem for image in images}:
        warnings.extend(f"mask without an image: {mask.name}" for mask in by_stem[stem])
    for image, mask in found.items():
        if len(by_stem[image.stem]) > 1:
            warnings.append(f"{image.name} has several masks; {mask.name} is taken")
    return found, tuple(sorted(warnings))


def read_masks(path: Path, shapes: list[tuple[int, int]]) -> tuple[list[Mask], tuple[str, ...]]:
    """Read the true outlines of one image file.

    Parameters
    ----------
    path : Path
        The mask file. Any pixel that is not 0 (black) is inside; several labels are taken together.
    shapes : list of (rows, columns)
        One for each page of the image.

    Returns
    -------
    list of Mask
        One a page.
    tuple of str
        Notes for the user.

    Raises
    ------
    InputError
        If the mask is damaged or does not fit its image.
    SoftMask
        If it has more than `MAX_LABELS` values.
    """
    decoded = decode(path)
    received = [page.shape[:2] for page in decoded.pages]
    if received != shapes:
        raise InputError(f"{path}: a mask must have its image's size, {_sizes(shapes)}, received {_sizes(received)}")
    notes = set(decoded.notes)
    outlines = []
    for page in decoded.pages:
        inside, labels = _outline(page, path)
        if labels > 2:
            notes.add(SEVERAL_LABELS)
        if 2 * np.count_nonzero(inside) > inside.size:
            notes.add(MOSTLY_INSIDE)
        outlines.append(Mask(inside, path))
    return outlines, tuple(sorted(notes))


def _outline(page: NDArray[Any], path: Path) -> tuple[NDArray[np.bool_], int]:
    labels = _count_values(page)
    if labels > MAX_LABELS:
        raise SoftMask(f"{path}: a mask must have at most {MAX_LABELS} different values, received {labels} of them")
    return np.asarray(page.any(axis=2) if page.shape[2] > 1 else page[:, :, 0] != 0), labels


def _count_values(page: NDArray[Any]) -> int:
    if page.dtype == np.uint8 and page.shape[2] == 1:  # as nearly all masks are: no need to sort
        return int(np.count_nonzero(np.bincount(page.reshape(-1), minlength=256)))
    code = np.zeros(page.shape[:2], dtype=np.uint64)
    for channel in range(page.shape[2]):
        code = (code << np.uint64(16)) | page[:, :, channel]
    return len(np.unique(code))


def _sizes(shapes: list[tuple[int, ...]] | list[tuple[int, int]]) -> str:
    pages = f"{len(shapes)} pages of " if len(shapes) != 1 else ""
    return pages + " or ".join(sorted({f"{rows} x {columns}" for rows, columns in shapes}))
