"""From the slices of a volume to the volume: a run of neighbouring slices decides."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gliascope.geometry import spacing
from gliascope.scan import Scan


def run_score(probability: NDArray[np.floating], judged: NDArray[np.bool_], run: int) -> float:
    """Score a volume by its best run of neighbouring slices: how probable the least probable of them is.

    Every slice of a run of `run` neighbours reaches a threshold exactly where the score does. The score is no
    probability of the case: it is compared with a threshold and with nothing else.

    Parameters
    ----------
    probability : ndarray, float, shape (slice,)
        Calibrated, in the volume's order.
    judged : ndarray, bool, shape (slice,)
        False where a slice could not be assessed; no run goes over it.
    run : int
        Length of the run. Where fewer neighbouring slices could be judged, the longest row of them is a run.

    Returns
    -------
    float
        0 to 1; NaN where no slice could be judged.
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], judged, [False]]).astype(np.int8)))
    rows = [probability[start:stop] for start, stop in edges.reshape(-1, 2)]
    if not rows:
        return math.nan
    length = min(run, max(map(len, rows)))
    windows = (np.lib.stride_tricks.sliding_window_view(row, length) for row in rows if len(row) >= length)
    return max(float(one.min(axis=1).max()) for one in windows)


def run_length(scan: Scan, run: int, distance: float) -> int:
    """Tell how many neighbouring slices of a scan are a run.

    Parameters
    ----------
    scan : Scan
    run : int
        Slices of a run in scans like those of the training data.
    distance : float
        Distance of such slices in mm; the recipe's ``preparation.neighbour_distance``.

    Returns
    -------
    int
        1 for a lone image. Where the distance of the scan's slices is known and smaller, as many as reach equally far.
    """
    if not scan.is_volume:
        return 1
    if not scan.has_geometry:
        return run
    return max(run, 1 + round((run - 1) * distance / float(spacing(scan.affine)[2])))
