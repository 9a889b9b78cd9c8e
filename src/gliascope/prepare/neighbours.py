"""Which slices of a volume are shown to the networks beside each slice."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gliascope.geometry import spacing
from gliascope.recipe import Preparation
from gliascope.scan import Scan


def neighbour_places(scan: Scan, preparation: Preparation) -> NDArray[np.intp]:
    """Find the neighbours of each slice.

    The k-th neighbour is k slices away; where the scan has a geometry, as many as come nearest to k times
    ``preparation.neighbour_distance``, and at least k.

    Parameters
    ----------
    scan : Scan
    preparation : Preparation

    Returns
    -------
    ndarray, int, shape (slice, 2 * neighbours)
        Their places in the scan: the first before, the first after, the second before, the second after. A slice
        that has no such neighbour stands there itself.
    """
    own = np.arange(len(scan))[:, None]
    steps = [side * one for one in _steps(scan, preparation) for side in (-1, 1)]
    places = own + np.array(steps, dtype=np.intp).reshape(1, -1)
    return np.where((places >= 0) & (places < len(scan)), places, own)


def _steps(scan: Scan, preparation: Preparation) -> list[int]:
    numbers = range(1, preparation.neighbours + 1)
    if not scan.has_geometry:
        return list(numbers)
    apart = float(spacing(scan.affine)[2])
    return [max(one, round(one * preparation.neighbour_distance / apart)) for one in numbers]
