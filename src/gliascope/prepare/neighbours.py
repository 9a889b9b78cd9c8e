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
    orders = range(1, preparation.neighbours + 1)
    away = [neighbour_step(scan, preparation.neighbour_distance, one) for one in orders]
    steps = [side * one for one in away for side in (-1, 1)]
    places = own + np.array(steps, dtype=np.intp).reshape(1, -1)
    return np.where((places >= 0) & (places < len(scan)), places, own)


def neighbour_step(scan: Scan, distance: float, order: int = 1) -> int:
    """Tell how many slices away the slices are that lie beside a slice as in the training data.

    Parameters
    ----------
    scan : Scan
        A volume.
    distance : float
        Distance of neighbouring slices there, in mm; the recipe's ``preparation.neighbour_distance``.
    order : int
        1 for the next neighbour, 2 for the one after it.

    Returns
    -------
    int
        At least `order`, and no more where the distance of the scan's slices is not known.
    """
    if not scan.has_geometry:
        return order
    return max(order, round(order * distance / float(spacing(scan.affine)[2])))
