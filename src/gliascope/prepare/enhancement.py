"""Enhancement for Python users: any array in, 8 bits out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import ValidationError

from gliascope.errors import InputError
from gliascope.prepare.clahe import enhance as enhance_slice
from gliascope.prepare.intensity import to_uint8
from gliascope.recipe import Clahe, load_recipe


def clahe_settings(clip_limit: float | None = None, tile_grid: int | None = None) -> Clahe:
    """Settings of the default recipe, with what the user asked for instead.

    Parameters
    ----------
    clip_limit : float or None
        Above 0, at most 40.
    tile_grid : int or None
        1 to 64.

    Returns
    -------
    Clahe

    Raises
    ------
    InputError
        If a value is outside its range.
    """
    default = load_recipe("default").preparation.clahe
    asked = {"clip_limit": clip_limit, "tile_grid": tile_grid}
    values = default.model_dump() | {name: value for name, value in asked.items() if value is not None}
    try:
        return Clahe.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(f"{one['loc'][0]}: {one['msg']}, received {one['input']!r}" for one in error.errors())
        raise InputError(faults) from error


def enhance(array: ArrayLike, *, clip_limit: float | None = None, tile_grid: int | None = None) -> NDArray[np.uint8]:
    """Equalise the contrast of slices by CLAHE, each slice and channel by itself.

    Parameters
    ----------
    array : array_like, integer or finite float
        Shape (row, column), (row, column, 3), (slice, row, column) or (slice, row, column, channel). Values other
        than uint8 have no fixed scale: each channel is first brought to 8 bits over all slices together, as it is
        before the networks.
    clip_limit : float or None
        A tile's histogram is cut at this many times its mean; None takes the default recipe's.
    tile_grid : int or None
        Tiles along each side of a slice; None takes the default recipe's.

    Returns
    -------
    ndarray, uint8, same shape

    Raises
    ------
    InputError
        If shape, type or a value breaks the rules above.
    """
    clahe = clahe_settings(clip_limit, tile_grid)
    values = np.asarray(array)
    slices = _as_slices(values)
    pixels = to_uint8(slices if slices.dtype == np.uint8 else slices.astype(np.float32))
    return np.stack([enhance_slice(one, clahe) for one in pixels]).reshape(values.shape)


def _as_slices(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind not in "uif" or not np.isfinite(values).all():
        raise InputError(f"an array must be integer or finite float, received {values.dtype}")
    if values.size == 0 or values.ndim not in (2, 3, 4):
        raise InputError(f"an array must have 2, 3 or 4 axes and a pixel, received shape {values.shape}")
    if values.ndim == 4:
        return values
    if values.ndim == 3 and values.shape[2] != 3:
        return values[..., np.newaxis]
    return values.reshape(1, *values.shape[:2], -1)
