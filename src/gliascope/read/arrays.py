"""A NumPy array becomes a case."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gliascope.errors import InputError
from gliascope.read.channels import EQUAL_CHANNELS, GREY_IS_FLAIR, all_channels_equal, check_sequences, sequences_of
from gliascope.read.hashing import pixel_hash
from gliascope.read.names import safe_name
from gliascope.scan import Case, Scan, Sequence, Source


def case_from_array(array: ArrayLike, name: str = "array", channels: tuple[Sequence, ...] | None = None) -> Case:
    """Make a case of an array.

    Parameters
    ----------
    array : array_like, integer or finite float
        Shape (row, column), (row, column, channel), (slice, row, column) or (slice, row, column,
        channel). Three axes end in channels where the last has length 3, or the length of
        `channels` where those are given and several; otherwise they begin with slices.
    name : str
        Name of the case; what is forbidden in a folder's name becomes ``_``.
    channels : tuple of str or None
        The sequence of each channel; by default 1 channel is FLAIR, and 3 are pre-contrast, FLAIR,
        post-contrast. Three equal channels are read as one.

    Returns
    -------
    Case
        One scan; a volume where it has several slices. Values other than uint8 become float32.

    Raises
    ------
    InputError
        If shape, type, a value or the number of channels breaks the rules above.
    """
    check_sequences(channels)
    values = np.asarray(array)
    if values.dtype.kind not in "uif":
        raise InputError(f"{name}: an array must be integer or float, received {values.dtype}")
    slices = _as_slices(values, name, channels)
    if slices.size == 0:
        raise InputError(f"{name}: an array must have at least one pixel, received shape {values.shape}")
    if not (np.abs(slices, dtype=np.float64) <= float(np.finfo(np.float32).max)).all():
        raise InputError(f"{name}: an array must be finite as float32, received NaN, infinity or a value beyond it")
    sources = tuple(Source(None, page, len(slices), pixel_hash(one)) for page, one in enumerate(slices))
    grey = (channels is None or len(channels) == 1) and all_channels_equal(list(slices))
    pixels = slices[..., :1] if grey else slices
    sequences = sequences_of(pixels.shape[3], channels)
    pixels = np.array(pixels, dtype=np.uint8 if pixels.dtype == np.uint8 else np.float32)
    warnings = () if channels is not None or len(sequences) > 1 else (EQUAL_CHANNELS if grey else GREY_IS_FLAIR,)
    scan = Scan(pixels, sequences, sources, is_volume=len(slices) > 1)
    return Case(safe_name(name), (scan,), (None,) * len(slices), (), warnings)


def _as_slices(values: NDArray[Any], name: str, channels: tuple[Sequence, ...] | None) -> NDArray[Any]:
    if values.ndim == 2:
        return values[np.newaxis, :, :, np.newaxis]
    if values.ndim == 3:
        last = len(channels) if channels is not None and len(channels) > 1 else 3
        return values[np.newaxis] if values.shape[2] == last else values[..., np.newaxis]
    if values.ndim == 4:
        return values
    raise InputError(f"{name}: an array must have 2, 3 or 4 axes, received shape {values.shape}")
