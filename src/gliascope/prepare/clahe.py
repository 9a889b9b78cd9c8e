"""Contrast-limited adaptive histogram equalisation (Zuiderveld, Graphics Gems IV, 1994) by OpenCV."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.recipe import Clahe
from gliascope.scan import Sequence


def enhance(pixels: NDArray[np.uint8], clahe: Clahe) -> NDArray[np.uint8]:
    """Equalise the contrast of a slice, each channel by itself.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (row, column) or (row, column, channel)
    clahe : Clahe
        Clip limit and tile grid; ``enabled`` and ``blend`` are the caller's to act on.

    Returns
    -------
    ndarray, uint8, same shape

    Raises
    ------
    InputError
        If the pixels are not uint8, or neither 2-D nor 3-D.
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3):
        raise InputError(
            f"CLAHE needs uint8 of shape (row, column) or (row, column, channel), "
            f"received {pixels.dtype} of shape {pixels.shape}"
        )
    filter_ = cv2.createCLAHE(clipLimit=clahe.clip_limit, tileGridSize=(clahe.tile_grid, clahe.tile_grid))
    if pixels.ndim == 2:
        return np.asarray(filter_.apply(pixels), dtype=np.uint8)
    channels = [filter_.apply(np.ascontiguousarray(pixels[..., one])) for one in range(pixels.shape[2])]
    return np.stack(channels, axis=-1).astype(np.uint8, copy=False)


def enhance_for_network(
    pixels: NDArray[np.uint8],
    sequences: tuple[Sequence, ...],
    clahe: Clahe,
    window: tuple[slice, slice] = (slice(None), slice(None)),
) -> NDArray[np.float32]:
    """Enhance a stack of slices as the recipe says, blended with the unenhanced image.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (slice, row, column, channel)
    sequences : tuple of str
        What each channel is.
    clahe : Clahe
    window : (slice, slice)
        Rows and columns that are wanted. Contrast is equalised over the whole slice all the same.

    Returns
    -------
    ndarray, float32, shape (slice, row, column, channel), 0 to 255
        The window.
    """
    plain = pixels[:, window[0], window[1]]
    chosen = [place for place, one in enumerate(sequences) if one in clahe.sequences]
    if not clahe.enabled or clahe.blend == 0 or not chosen:
        return plain.astype(np.float32)
    if len(chosen) < len(sequences):
        values = plain.astype(np.float32)
        values[..., chosen] = enhance_for_network(
            pixels[..., chosen], tuple(sequences[place] for place in chosen), clahe, window
        )
        return values
    values = np.empty(plain.shape, dtype=np.float32)
    for place, one in enumerate(pixels):
        after = enhance(one, clahe)[window]
        if clahe.blend == 1:
            values[place] = after
        else:
            np.subtract(after, plain[place], out=values[place], dtype=np.float32)
            values[place] *= np.float32(clahe.blend)
            values[place] += plain[place]
    return values
