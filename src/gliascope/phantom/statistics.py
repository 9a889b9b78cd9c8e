"""Measure the contrast and noise of labelled scans, so that the phantom can be held against real ones.

``python -m gliascope.phantom.statistics DIR`` measures a folder of patients in the LGG layout and prints a table
like ``lgg.toml`` of this package, which was made so from the 88 patients of the data set that development uses.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from gliascope.errors import InputError
from gliascope.prepare import real_sequences, to_uint8
from gliascope.prepare.head import head_mask
from gliascope.read import read_cases
from gliascope.scan import Scan

BRAIN_DEPTH: Final = 24 / 256
"""What lies deeper in the head than this share of the image's side is taken for brain."""

AIR_DISTANCE: Final = 10 / 256
"""What lies farther from the head than this share of the image's side is taken for air."""

WINDOW: Final = 5
"""Side of the window in which local deviations are taken, pixels."""

HEAD_PERCENTILES: Final = (5, 25, 50, 75, 95, 99)

HEADER: Final = """\
# Contrast and noise of the LGG MRI segmentation data set, {patients} patients, slices with tumour only.
# 10th percentile, median and 90th percentile over patients; gliascope.phantom.statistics explains the names.
# Made by: python -m gliascope.phantom.statistics kaggle_3m
"""


class Range(NamedTuple):
    """How one quantity varies from patient to patient."""

    low: float
    """10th percentile."""
    median: float
    high: float
    """90th percentile."""


def measure(scan: Scan, truth: NDArray[np.bool_]) -> dict[str, float]:
    """Measure one patient on the slices that hold a lesion.

    Parameters
    ----------
    scan : Scan
        With a FLAIR channel.
    truth : ndarray, bool, shape (slice, row, column)

    Returns
    -------
    dict of str to float
        ``head.height``, ``head.width``: box of the head, as shares of the image's sides.
        ``lesion.largest``, ``lesion.middle``: largest and median area of the lesion in a slice, as shares of the image.
        For each channel that is no copy of FLAIR, with its name before the point:
        ``p5`` ... ``p99``: percentiles inside the head, grey levels.
        ``brain``: median of the brain without the lesion, grey levels; what follows is in multiples of it.
        ``dark``, ``spread``: 5th percentile and quartile range of the brain.
        ``noise``, ``detail``: 10th percentile and median of the local deviation in the brain.
        ``air``: mean far from the head; left out where no air is in the picture.
        ``lesion``, ``mottling``: median and quartile range of the lesion.

    Raises
    ------
    InputError
        If no slice holds a lesion, there is no FLAIR channel, or no brain is found.
    """
    if "flair" not in scan.sequences or not truth.any():
        raise InputError("only a scan with FLAIR and a lesion can be measured")
    used = truth.any(axis=(1, 2))
    pixels, lesion = to_uint8(scan.pixels)[used], truth[used]
    side = min(lesion.shape[1:])
    head = _solid(head_mask(pixels[..., scan.sequences.index("flair")]))
    brain = np.stack([_deep(one, BRAIN_DEPTH * side) for one in head])
    brain &= ~ndimage.binary_dilation(lesion, np.ones((1, 5, 5), dtype=np.bool_))
    air = np.stack([_deep(~one, AIR_DISTANCE * side) for one in head])
    if not brain.any():
        raise InputError("no brain was found around the lesion")
    areas = np.count_nonzero(lesion, axis=(1, 2)) / lesion[0].size
    found = {
        "head.height": np.count_nonzero(head.any(axis=(0, 2))) / lesion.shape[1],
        "head.width": np.count_nonzero(head.any(axis=(0, 1))) / lesion.shape[2],
        "lesion.largest": float(areas.max()),
        "lesion.middle": float(np.median(areas)),
    }
    for name in real_sequences(scan)[0]:
        channel = pixels[..., scan.sequences.index(name)].astype(np.float32)
        found |= {f"{name}.{key}": value for key, value in _channel(channel, head, brain, air, lesion).items()}
    return found


def summarise(patients: Sequence[dict[str, float]]) -> dict[str, Range]:
    """Put the patients' measurements together; a quantity that some lack is taken over the others."""
    names = dict.fromkeys(name for one in patients for name in one)
    return {
        name: Range(*(float(q) for q in np.percentile([one[name] for one in patients if name in one], (10, 50, 90))))
        for name in names
    }


def measured() -> dict[str, Range]:
    """Give what was measured on the LGG data set."""
    text = (resources.files("gliascope.phantom") / "lgg.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    return {f"{part}.{name}": Range(*values) for part, rows in table.items() for name, values in rows.items()}


def measure_folder(folders: Sequence[str]) -> Iterable[dict[str, float]]:
    """Measure every patient with a lesion in the given folders, one at a time.

    Raises
    ------
    InputError
        If a folder does not exist.
    """
    for case in read_cases(folders):
        if len(case.scans) == 1 and all(mask is not None for mask in case.truths):
            truth = np.stack([mask.pixels for mask in case.truths if mask is not None])
            if truth.any():
                yield measure(case.scans[0], truth)


def as_toml(patients: Sequence[dict[str, float]]) -> str:
    """Write the summary of measured patients as TOML, one table for each part before a name's point."""
    lines = [HEADER.format(patients=len(patients))]
    table = ""
    for name, values in summarise(patients).items():
        part, _, key = name.partition(".")
        if part != table:
            table = part
            lines.append(f"{'' if len(lines) == 1 else chr(10)}[{part}]")
        lines.append(f"{key} = [{', '.join(f'{value:.4f}' for value in values)}]")
    return "\n".join(lines)


def _channel(
    channel: NDArray[np.float32],
    head: NDArray[np.bool_],
    brain: NDArray[np.bool_],
    air: NDArray[np.bool_],
    lesion: NDArray[np.bool_],
) -> dict[str, float]:
    dark, low, middle, high = (float(q) for q in np.percentile(channel[brain], (5, 25, 50, 75)))
    middle = max(middle, 1.0)
    mean = ndimage.uniform_filter(channel, (0, WINDOW, WINDOW))
    square = ndimage.uniform_filter(channel * channel, (0, WINDOW, WINDOW))
    deviation = np.sqrt(np.maximum(square - mean * mean, 0))
    noise, detail = np.percentile(deviation[brain], (10, 50)) / middle
    quarter, half, rest = np.percentile(channel[lesion], (25, 50, 75)) / middle
    found = {f"p{q}": float(np.percentile(channel[head], q)) for q in HEAD_PERCENTILES}
    found |= {"brain": middle, "dark": dark / middle, "spread": (high - low) / middle}
    found |= {"noise": float(noise), "detail": float(detail)}
    if air.any():
        found["air"] = float(channel[air].mean() / middle)
    return found | {"lesion": float(half), "mottling": float(rest - quarter)}


def _solid(head: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Largest part of the head in each slice, gaps closed and holes filled."""
    solid = np.zeros_like(head)
    for index, one in enumerate(head):
        closed = ndimage.binary_fill_holes(ndimage.binary_closing(np.pad(one, 8), iterations=6))[8:-8, 8:-8]
        labels, count = ndimage.label(closed)
        if count:
            solid[index] = labels == 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
    return solid


def _deep(region: NDArray[np.bool_], depth: float) -> NDArray[np.bool_]:
    if region.all():
        return region
    return np.asarray(ndimage.distance_transform_edt(region) > depth)


if __name__ == "__main__":
    sys.stdout.write(as_toml(list(measure_folder(sys.argv[1:]))) + "\n")
