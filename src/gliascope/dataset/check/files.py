"""Rules about the files of one folder: pairs, damage, masks, names and numbers."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from gliascope.dataset.check.facts import Notes, Page, Slice
from gliascope.detect.assessable import blank_slices
from gliascope.errors import InputError, SoftMask, UnreadableFile
from gliascope.read.find import CaseFiles
from gliascope.read.hashing import pixel_hash
from gliascope.read.raster import decode
from gliascope.read.truth import MOSTLY_INSIDE, SEVERAL_LABELS, mask_target, match_masks, read_masks

_NUMBER: Final = re.compile(r"(?P<before>.*?)_?(?P<number>[0-9]+)")


def read_files(files: CaseFiles, notes: Notes) -> tuple[list[Page], list[bool]]:
    """Decode the images and masks of a folder, and note what is wrong with them.

    Parameters
    ----------
    files : CaseFiles
    notes : Notes

    Returns
    -------
    pages : list of Page
        Of the images that can be decoded, in natural order.
    tumour : list of bool
        For each slice whose mask could be used, whether a pixel is inside.
    """
    masks = pair_masks(files, notes)
    pages: list[Page] = []
    tumour: list[bool] = []
    for image in files.images:
        found = _read_image(image, notes)
        pages += found
        if image in masks:
            tumour += _check_mask(masks[image], found, notes)
    return pages, tumour


def pair_masks(files: CaseFiles, notes: Notes) -> dict[Path, Path]:
    """Find each image's mask, and note images and masks that stand alone."""
    masks, _ = match_masks(files.images, files.masks)
    for image in files.images:
        if image not in masks:
            notes.add("image-without-mask", image, "no mask")
    stems = {image.stem for image in files.images}
    for mask in files.masks:
        if mask_target(mask) not in stems:
            notes.add("mask-without-image", mask, "no image")
    taken = set(masks.values())
    for mask in files.masks:
        if mask not in taken and mask_target(mask) in stems:
            used = next(one for image, one in masks.items() if image.stem == mask_target(mask))
            notes.add("several-masks", mask, f"another, {used.name}, is taken")
    return masks


def check_names(files: CaseFiles, notes: Notes) -> None:
    """Note images that are not named after their folder, numbers that occur twice, and gaps between numbers."""
    folder = files.path.resolve().name
    numbers: Counter[int] = Counter()
    odd = []
    for image in files.images:
        match = _NUMBER.fullmatch(image.stem)
        if match is None or match["before"] != folder:
            odd.append(image)
        if match is not None:
            numbers[int(match["number"])] += 1
    if odd and not (len(files.images) == 1 and not numbers):  # a lone file, such as a volume, needs no number
        others = f" and {len(odd) - 1} more" if len(odd) > 1 else ""
        notes.add("slice-names", files.path, f"{odd[0].name}{others}")
    twice = [str(number) for number, count in sorted(numbers.items()) if count > 1]
    if twice:
        notes.add("slice-numbers", files.path, f"twice: {', '.join(twice)}")
    missing = _missing(sorted(numbers))
    if missing and len(files.images) > 1:
        notes.add("slice-numbers", files.path, f"{min(numbers)} to {max(numbers)} without {', '.join(missing)}")


def _missing(numbers: list[int]) -> list[str]:
    """Numbers from 1 on, or 0 where there is one, that are not in a sorted list; neighbours as ``9-11``."""
    steps = pairwise([0, *numbers]) if numbers and numbers[0] > 0 else pairwise(numbers)
    gaps = [(low + 1, high - 1) for low, high in steps if high - low > 1]
    return [str(first) if first == last else f"{first}-{last}" for first, last in gaps]


def _read_image(path: Path, notes: Notes) -> list[Page]:
    try:
        decoded = decode(path)
    except UnreadableFile as error:
        notes.add("unreadable", path, reason_of(error, path))
        return []
    pages = []
    for number, pixels in enumerate(decoded.pages):
        form = (pixels.shape[0], pixels.shape[1], pixels.shape[2], pixels.dtype.name)
        blank = bool(blank_slices(pixels[np.newaxis])[0])
        pages.append(Page(Slice(path, number, form, pixel_hash(pixels), blank), pixels))
    return pages


def _check_mask(path: Path, pages: list[Page], notes: Notes) -> list[bool]:
    """Note what is wrong with a mask; for each page, if it can be used, whether a pixel is inside."""
    shapes = [(page.pixels.shape[0], page.pixels.shape[1]) for page in pages]
    try:
        if not pages:  # the image is damaged; is its mask as well?
            decode(path)
            return []
        outlines, told = read_masks(path, shapes)
    except UnreadableFile as error:
        notes.add("unreadable", path, reason_of(error, path))
        return []
    except InputError as error:
        notes.add("mask-values" if isinstance(error, SoftMask) else "mask-size", path, reason_of(error, path))
        return []
    if SEVERAL_LABELS in told:
        notes.add("mask-labels", path, "several labels; all of them are taken as tumour")
    if MOSTLY_INSIDE in told:
        notes.add("mask-mostly-inside", path, "more than half inside; is it the wrong way round?")
    inside = [bool(outline.pixels.any()) for outline in outlines]
    if any(tumour and page.facts.blank for tumour, page in zip(inside, pages, strict=True)):
        notes.add("mask-on-blank", path, "an outline on a slice of one value throughout")
    return inside


def reason_of(error: InputError, path: Path) -> str:
    """Cut the file and the rule, which the remark names already, from a message where that can be done."""
    text = str(error).removeprefix(f"{path}: ")
    _, found, received = text.partition(", received ")
    return received if found else text
