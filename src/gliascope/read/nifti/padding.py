"""Padding that a NIfTI file does not declare, such as -32768 around a head."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

LEAST_SHARE: Final = 0.001
"""Share of the voxels that padding has at least."""


def replace_padding(values: NDArray[np.float32]) -> tuple[str, ...]:
    """Give padding the lowest other value, as readers of DICOM do with padding that is declared.

    Padding is one negative value that many voxels share (`LEAST_SHARE`), farther below all others than these are apart.
    A background of 0 is never touched.

    Parameters
    ----------
    values : ndarray, float32
        Finite; changed in place.

    Returns
    -------
    tuple of str
        A note where there was padding.
    """
    lowest = values.min()
    if lowest >= 0:
        return ()
    outside = values == lowest
    if outside.all() or np.count_nonzero(outside) < LEAST_SHARE * outside.size:
        return ()
    least = values.min(where=~outside, initial=np.inf)
    if not 0 < float(values.max()) - float(least) < float(least) - float(lowest):
        return ()
    values[outside] = least
    return (f"voxels of {lowest:g}, far below all others, are taken as padding and given the lowest other value",)
