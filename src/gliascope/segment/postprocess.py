"""What is done to an outline after the network."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.rules import Components, OperatingPoint

NEIGHBOURS: Final = np.ones((3, 3, 3), dtype=np.bool_)
"""Voxels that touch by a face, an edge or a corner belong together (26-connectivity)."""

MOST_FILLED: Final = 0.1
"""A hole is filled that is no larger than this share of the outline on its slice."""


def finish_outline(mask: NDArray[np.bool_], point: OperatingPoint, step: int | None) -> NDArray[np.bool_]:
    """Do to an outline what the operating point says: `keep_components`, then `fill_holes`.

    Parameters
    ----------
    mask : ndarray, bool, shape (slice, row, column)
    point : OperatingPoint
    step : int or None
        See `keep_components`; None where the slices are no volume, so that every component is kept.

    Returns
    -------
    ndarray, bool, same shape
    """
    kept = mask if step is None else keep_components(mask, point.components, step)
    return fill_holes(kept) if point.holes == "filled" else kept


def keep_components(mask: NDArray[np.bool_], components: Components, step: int = 1) -> NDArray[np.bool_]:
    """Keep all of a volume's outline, or some of its connected parts.

    Parameters
    ----------
    mask : ndarray, bool, shape (slice, row, column)
        Neighbouring slices of one patient, in order; a stack of unrelated slices has no 3-D components.
    components : str
        ``largest`` keeps the component with the most voxels, of equals the first in slice, row, column order;
        ``spanning`` keeps that and every other one that reaches from a slice to its neighbour, `step` away; ``all``
        keeps all.
    step : int
        How many slices away the neighbour is (`gliascope.prepare.neighbour_step`).

    Returns
    -------
    ndarray, bool, same shape
    """
    if components == "all" or not mask.any():
        return mask
    from scipy import ndimage

    window = _window(mask)
    labels, count = ndimage.label(mask[window], structure=NEIGHBOURS)
    if count == 1:
        return mask
    chosen = np.zeros(count + 1, dtype=np.bool_)
    chosen[1 + int(np.argmax(np.bincount(labels.ravel(), minlength=count + 1)[1:]))] = True
    if components == "spanning":
        chosen[1:] |= [place[0].stop - place[0].start > step for place in ndimage.find_objects(labels)]
    kept = np.zeros_like(mask)
    kept[window] = chosen[labels]
    return kept


def fill_holes(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill the small holes of an outline, slice by slice.

    A hole is a stretch of pixels, joined by their sides, from which no way leads to the slice's edge but through the
    outline. One that is larger than `MOST_FILLED` of the outline on its slice is left: an outline may lie around
    something that is no tumour.

    Parameters
    ----------
    mask : ndarray, bool, shape (slice, row, column)

    Returns
    -------
    ndarray, bool, same shape
    """
    if not mask.any():
        return mask
    from scipy import ndimage

    filled = mask.copy()
    _, rows, columns = _window(mask)
    for place in np.flatnonzero(mask.any(axis=(1, 2))):
        inside = mask[place, rows, columns]
        labels, count = ndimage.label(ndimage.binary_fill_holes(inside) & ~inside)
        if count:
            small = np.bincount(labels.ravel()) <= MOST_FILLED * int(np.count_nonzero(inside))
            small[0] = False
            filled[place, rows, columns] |= small[labels]
    return filled


def _window(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    """Slices, rows and columns that hold all of a mask: labelling the rest of a volume takes ten times as long."""
    spans = [np.flatnonzero(mask.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
    return tuple(slice(int(one[0]), int(one[-1]) + 1) for one in spans)
