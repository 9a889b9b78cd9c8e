"""Which slices can be judged: axial sections of a head with FLAIR's contrast."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.detect.assessor import Assessor, Limits
from gliascope.detect.descriptor import describe
from gliascope.detect.section import Section, find_section
from gliascope.findings import Reason
from gliascope.prepare import to_uint8
from gliascope.prepare.head import head_mask
from gliascope.scan import Scan

SATURATED: Final = 0.5
"""A slice is saturated where this share of its object has the highest grey level."""
FEWEST_LEVELS: Final = 8
"""An object with fewer grey levels is a drawing or a mask; the dimmest slice of the LGG data has 36."""
SMALLEST_AREA: Final = 0.01
"""An object that covers a smaller share of the image is no head."""
HOLDS_BRAIN: Final = 0.5
"""Slices of a volume are looked at where the head is at least this share of its largest section: neither neck nor
vertex decides about a volume."""
CERTAIN: Final = 6.0
"""Log-odds are cut here, so that no slice alone decides about a volume; a broken rule counts as much against it."""

ALIKE: Final[dict[str, Reason]] = {"plane": "plane", "contrast": "contrast", "object": "unlike"}


@dataclass(frozen=True, eq=False)
class Assessment:
    """Which slices of a scan can be judged.

    Attributes
    ----------
    reasons : tuple of str or None
        Why each slice cannot be; None where it can.
    scores : ndarray, float64, shape (slice,)
        Log-odds of each slice, cut at `CERTAIN`; NaN where it was not looked at.
    """

    reasons: tuple[Reason | None, ...]
    scores: NDArray[np.float64]

    @property
    def refused(self) -> NDArray[np.bool_]:
        """True for the slices that cannot be judged."""
        return np.array([one is not None for one in self.reasons], dtype=np.bool_)


def blank_slices(pixels: NDArray[Any]) -> NDArray[np.bool_]:
    """Find the slices on which every channel has one value throughout: padding, or an image that was never filled.

    Parameters
    ----------
    pixels : ndarray, shape (slice, row, column, channel)

    Returns
    -------
    ndarray, bool, shape (slice,)
    """
    return np.asarray((pixels == pixels[:, :1, :1]).all(axis=(1, 2, 3)))


def assess(scan: Scan, assessor: Assessor) -> Assessment:
    """Tell which slices of a scan can be judged.

    A volume is judged as a whole. Its slices that hold brain (`HOLDS_BRAIN`) are looked at one by one, and their
    scores averaged; it is refused where the mean of n slices lies under ``limits.odds / sqrt(n)``, so that a lone slice
    needs strong evidence against it and a volume hardly more than even odds. The reason is then the commonest one.
    In a volume that is not refused, only the slices are that break a rule about their pixels.

    Parameters
    ----------
    scan : Scan
        At least one slice is not blank.
    assessor : Assessor

    Returns
    -------
    Assessment
    """
    scores = np.full(len(scan), np.nan)
    if "flair" not in scan.sequences:
        return _whole("no FLAIR", scores)
    flair = to_uint8(scan.pixels)[..., scan.sequences.index("flair")]
    broken: dict[int, Reason] = {}
    likely: Counter[Reason] = Counter()
    for place in _held(flair):
        rule, reason, scores[place] = assess_slice(np.ascontiguousarray(flair[place]), assessor)
        likely[reason] += 1
        if rule:
            broken[place] = reason
    looked = scores[~np.isnan(scores)]
    if not looked.size:
        return _whole("no head", scores)
    if looked.mean() < assessor.limits.odds / np.sqrt(looked.size):
        return _whole(likely.most_common(1)[0][0], scores)
    return Assessment(tuple(broken.get(one) for one in range(len(scan))), scores)


def assess_slice(image: NDArray[np.uint8], assessor: Assessor) -> tuple[bool, Reason, float]:
    """Look at one slice.

    Parameters
    ----------
    image : ndarray, uint8, shape (row, column)
    assessor : Assessor

    Returns
    -------
    broken : bool
        Whether it breaks a rule about its pixels.
    reason : str
        Why it cannot be judged, if it cannot.
    score : float
        Log-odds that it is an axial section with FLAIR's contrast, cut at `CERTAIN`.
    """
    section = find_section(image)
    rule = broken_rule(section, assessor.limits)
    if section is None or rule is not None:
        return True, rule or "no head", -CERTAIN
    likeness = assessor.compare(describe(section))
    if likeness.distance > assessor.limits.distance:
        return False, "unlike", -CERTAIN
    return False, ALIKE[likeness.other], float(np.clip(likeness.odds, -CERTAIN, CERTAIN))


def broken_rule(section: Section | None, limits: Limits) -> Reason | None:
    """Name the rule about a slice's pixels that it breaks, if any.

    Parameters
    ----------
    section : Section or None
    limits : Limits

    Returns
    -------
    str or None
    """
    if section is None or section.area_share < SMALLEST_AREA:
        return "no head"
    levels = section.histogram
    if levels[np.flatnonzero(levels)[-1]] > SATURATED:
        return "saturated"
    if section.border_share > limits.border_share:
        return "no background"
    if np.count_nonzero(levels) < FEWEST_LEVELS:
        return "few levels"
    return None


def _whole(reason: Reason, scores: NDArray[np.float64]) -> Assessment:
    return Assessment(tuple(reason for _ in scores), scores)


def _held(flair: NDArray[np.uint8]) -> list[int]:
    """Slices of a volume that hold brain; the one slice of a lone image."""
    if len(flair) == 1:
        return [0]
    area = head_mask(flair).sum(axis=(1, 2))
    return [int(one) for one in np.flatnonzero((area > 0) & (area >= HOLDS_BRAIN * area.max()))]
