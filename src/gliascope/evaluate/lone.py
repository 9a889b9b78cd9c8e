"""A patient's slices as lone images: what a model says without volume, neighbours and three-dimensional consistency."""

from __future__ import annotations

from dataclasses import replace

from gliascope.scan import Case, Scan


def lone_slices(case: Case) -> Case:
    """Take a case apart, as if each of its slices had been read by itself.

    Parameters
    ----------
    case : Case

    Returns
    -------
    Case
        One scan a slice, none of them a volume, without geometry; sources and truths in the same order.
    """
    scans = (
        Scan(scan.pixels[one : one + 1], scan.sequences, scan.sources[one : one + 1], is_volume=False)
        for scan in case.scans
        for one in range(len(scan))
    )
    return replace(case, scans=tuple(scans))
