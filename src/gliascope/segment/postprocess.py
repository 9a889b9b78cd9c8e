"""What is done to an outline after the network."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS: Final = np.ones((3, 3, 3), dtype=np.bool_)
"""Voxels that touch by a face, an edge or a corner belong together (26-connectivity)."""


def keep_components(mask: NDArray[np.bool_], components: Literal["all", "largest"]) -> NDArray[np.bool_]:
    """Keep all of a volume's outline, or its largest connected part.

    Parameters
    ----------
    mask : ndarray, bool, shape (slice, row, column)
        Neighbouring slices of one patient, in order; a stack of unrelated slices has no 3-D components.
    components : str
        ``largest`` keeps the component with the most voxels, of equals the first in slice, row, column order.

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
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    largest = np.zeros_like(mask)
    largest[window] = labels == 1 + int(np.argmax(sizes))
    return largest


def _window(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    """Slices, rows and columns that hold all of a mask: labelling the rest of a volume takes ten times as long."""
    spans = [np.flatnonzero(mask.any(axis=others)) for others in ((1, 2), (0, 2), (0, 1))]
    return tuple(slice(int(one[0]), int(one[-1]) + 1) for one in spans)
