"""From a scan to what the networks see, and the way back: one code path for training and for use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.prepare.clahe import enhance, enhance_for_network
from gliascope.prepare.head import head_box, head_mask
from gliascope.prepare.intensity import normalise, to_uint8
from gliascope.prepare.inverse import InverseMap
from gliascope.prepare.neighbours import neighbour_places, neighbour_step
from gliascope.recipe import Preparation
from gliascope.scan import SEQUENCES, Scan, Sequence

__all__ = [
    "InverseMap",
    "Prepared",
    "enhance",
    "neighbour_places",
    "neighbour_step",
    "prepare",
    "prepare_mask",
    "real_sequences",
    "to_uint8",
]

HALF: Final = 0.5
"""A resized pixel counts as inside when at least this share of it was inside."""

LONG_NAMES: Final[dict[Sequence, str]] = {"pre": "pre-contrast", "flair": "FLAIR", "post": "post-contrast"}
"""The sequences as they are named in messages."""


@dataclass(frozen=True, eq=False)
class Prepared:
    """A scan as the networks see it.

    Attributes
    ----------
    images : ndarray, float32, shape (slice, row, column, channel)
        First the channels in the order of `gliascope.scan.SEQUENCES`; a missing one is 0 throughout. Then, where the
        recipe has neighbours, FLAIR of the slice before and of the slice after, of the second before and after.
    sequences : tuple of str
        Which of the three channels hold a sequence of their own.
    inverse : InverseMap
        The way back into the scan's rows and columns.
    warnings : tuple of str
    """

    images: NDArray[np.float32]
    sequences: tuple[Sequence, ...]
    inverse: InverseMap
    warnings: tuple[str, ...] = ()


def prepare(scan: Scan, preparation: Preparation) -> Prepared:
    """Enhance, crop, resize and normalise a scan.

    Parameters
    ----------
    scan : Scan
    preparation : Preparation

    Returns
    -------
    Prepared
    """
    pixels = to_uint8(scan.pixels)
    real, warnings = real_sequences(scan)
    head = head_mask(pixels[..., scan.sequences.index("flair") if "flair" in scan.sequences else 0])
    inverse = _inverse_map(scan, head, preparation)
    used = [scan.sequences.index(one) for one in real]
    values = np.empty((len(scan), *preparation.shape, len(used)), dtype=np.float32)
    inside = np.empty(values.shape[:3], dtype=np.bool_)
    # Slice by slice, into its place: a volume's enhanced slices in float32 are ten times what is left when resized.
    for place, one in enumerate(pixels):
        chosen = one if used == list(range(one.shape[2])) else one[..., used]
        enhanced = enhance_for_network(chosen[None], real, preparation.clahe, inverse.window)
        values[place] = inverse.resize_window(enhanced)[0]
        inside[place] = inverse.forward(head[place : place + 1])[0] > HALF
    images = _spread(normalise(values, inside, preparation), real, preparation.channels)
    for channel, places in enumerate(neighbour_places(scan, preparation).T, start=len(SEQUENCES)):
        images[..., channel] = images[places, ..., SEQUENCES.index("flair")]
    return Prepared(images, real, inverse, warnings)


def _spread(values: NDArray[np.float32], real: tuple[Sequence, ...], channels: int) -> NDArray[np.float32]:
    """Bring the sequences to their channels; the others are 0. What has its place already is not copied."""
    if real == SEQUENCES and channels == len(SEQUENCES):
        return values
    images = np.zeros((*values.shape[:3], channels), dtype=np.float32)
    for place, one in enumerate(real):
        images[..., SEQUENCES.index(one)] = values[..., place]
    return images


def prepare_mask(mask: NDArray[np.bool_], inverse: InverseMap) -> NDArray[np.float32]:
    """Bring a true mask to the networks' input.

    Parameters
    ----------
    mask : ndarray, bool, shape (slice, row, column)
    inverse : InverseMap

    Returns
    -------
    ndarray, float32, shape (slice, row, column), 0 or 1
    """
    return (inverse.forward(mask.astype(np.float32)) >= HALF).astype(np.float32)


def real_sequences(scan: Scan) -> tuple[tuple[Sequence, ...], tuple[str, ...]]:
    """Tell the sequences that hold pixels of their own from copies of FLAIR.

    Parameters
    ----------
    scan : Scan

    Returns
    -------
    sequences : tuple of str
        In the order of `gliascope.scan.SEQUENCES`.
    warnings : tuple of str
        One for each copy.
    """
    if "flair" not in scan.sequences:
        return tuple(one for one in SEQUENCES if one in scan.sequences), ()
    flair = scan.sequences.index("flair")
    copies = {
        one
        for position, one in enumerate(scan.sequences)  # slice by slice: nearly always the first one tells
        if one != "flair" and all(np.array_equal(page[..., position], page[..., flair]) for page in scan.pixels)
    }
    warnings = tuple(
        f"the {LONG_NAMES[one]} channel is a copy of FLAIR and is treated as missing"
        for one in SEQUENCES
        if one in copies
    )
    return tuple(one for one in SEQUENCES if one in scan.sequences and one not in copies), warnings


def _inverse_map(scan: Scan, head: NDArray[np.bool_], preparation: Preparation) -> InverseMap:
    rows, columns = head.shape[1:]
    if preparation.crop:
        top, left, box = head_box(head, preparation.crop_margin, scan.is_volume, preparation.shape)
    else:
        box = _whole(rows, columns, preparation.shape)
        top, left = (rows - box[0]) // 2, (columns - box[1]) // 2
    return InverseMap((rows, columns), top, left, box, preparation.shape)


def _whole(rows: int, columns: int, size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of the smallest box in the proportions of `size` that holds the whole image."""
    scale = max(rows / size[0], columns / size[1])
    return round(scale * size[0]), round(scale * size[1])
