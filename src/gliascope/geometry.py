"""Affines and orientation: the only arithmetic between voxel indices and patient millimetres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def identity_affine() -> NDArray[np.float64]:
    """Affine of an image without geometry.

    Returns
    -------
    ndarray, float64, shape (4, 4)
        The identity: unit spacing, origin at the first voxel.
    """
    return np.eye(4, dtype=np.float64)
