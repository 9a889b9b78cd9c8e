"""Which slices can be judged: axial sections of a head with FLAIR's contrast."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.detect.assessor import Assessor, Limits
from gliascope.detect.descriptor import describe
from gliascope.detect.section import Section, find_section
from gliascope.findings import Reason
from gliascope.prepare import to_uint8
from gliascope.prepare.head import FOREGROUND_FLOOR
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
STRANGE: Final = 0.1
"""Up to this share of a volume's slices, and one at least, may be anything without being taken for its measure."""
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
    measured : tuple of str
        What was measured on each refused slice, and the limit; empty where there is nothing to tell.
    scores : ndarray, float64, shape (slice,)
        Log-odds of each slice, cut at `CERTAIN`; NaN where it was not looked at.
    """

    reasons: tuple[Reason | None, ...]
    measured: tuple[str, ...]
    scores: NDArray[np.float64]

    @classmethod
    def whole(cls, reason: Reason | None, count: int, measured: str = "") -> Assessment:
        """Say the same of all slices, none of which was looked at."""
        return cls((reason,) * count, (measured,) * count, np.full(count, np.nan))

    @property
    def refused(self) -> NDArray[np.bool_]:
        """True for the slices that cannot be judged."""
        return np.array([one is not None for one in self.reasons], dtype=np.bool_)


@dataclass(frozen=True)
class Look:
    """What one slice looks like.

    Attributes
    ----------
    rule : bool
        Whether it breaks a rule about its pixels.
    reason : str
        Why it cannot be judged, if it cannot.
    measured : str
        What was measured for that reason, and its limit.
    score : float
        Log-odds that it is an axial section with FLAIR's contrast, cut at `CERTAIN`.
    """

    rule: bool
    reason: Reason
    measured: str
    score: float


def blank_slices(pixels: NDArray[Any]) -> NDArray[np.bool_]:
    """Find the slices on which every channel has one value throughout: padding, or an image that was never filled.

    Parameters
    ----------
    pixels : ndarray, shape (slice, row, column, channel)

    Returns
    -------
    ndarray, bool, shape (slice,)
    """
    return np.array([_is_blank(one) for one in pixels], dtype=np.bool_)


def _is_blank(page: NDArray[Any]) -> bool:
    first = page[0, 0]
    middle = page[len(page) // 2]  # nearly always tells, for a hundredth of the work
    return bool((middle == first).all() and (page == first).all())


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
    if "flair" not in scan.sequences:
        return Assessment.whole("no FLAIR", len(scan))
    flair = to_uint8(scan.pixels)[..., scan.sequences.index("flair")]
    looks = {place: assess_slice(np.ascontiguousarray(flair[place]), assessor) for place in _held(flair)}
    if not looks:
        return Assessment.whole("no head", len(scan))
    scores = np.full(len(scan), np.nan)
    scores[list(looks)] = [one.score for one in looks.values()]
    mean, least = float(np.nanmean(scores)), assessor.limits.odds / np.sqrt(len(looks))
    if mean < least:
        reason = Counter(one.reason for one in looks.values()).most_common(1)[0][0]
        told = f"mean log-odds of {len(looks)} slices {mean:.2f}, must be {least:.2f} or more"
        told = looks[0].measured if len(scan) == 1 else told
        return replace(Assessment.whole(reason, len(scan), told), scores=scores)
    broken = {place: one for place, one in looks.items() if one.rule}
    reasons = tuple(broken[one].reason if one in broken else None for one in range(len(scan)))
    measured = tuple(broken[one].measured if one in broken else "" for one in range(len(scan)))
    return Assessment(reasons, measured, scores)


def assess_slice(image: NDArray[np.uint8], assessor: Assessor) -> Look:
    """Look at one slice.

    Parameters
    ----------
    image : ndarray, uint8, shape (row, column)
    assessor : Assessor

    Returns
    -------
    Look
    """
    limits = assessor.limits
    section = find_section(image)
    broken = broken_rule(section, limits)
    if section is None or broken is not None:
        reason, measured = broken or ("no head", "")
        return Look(True, reason, measured, -CERTAIN)
    likeness = assessor.compare(describe(section))
    if likeness.distance > limits.distance:
        measured = f"distance from axial sections {likeness.distance:.2f}, must be {limits.distance:.2f} or less"
        return Look(False, "unlike", measured, -CERTAIN)
    measured = f"log-odds {likeness.odds:.2f}, must be {limits.odds:.2f} or more"
    return Look(False, ALIKE[likeness.other], measured, float(np.clip(likeness.odds, -CERTAIN, CERTAIN)))


def broken_rule(section: Section | None, limits: Limits) -> tuple[Reason, str] | None:
    """Name the rule about a slice's pixels that it breaks, if any, and what was measured.

    Parameters
    ----------
    section : Section or None
    limits : Limits

    Returns
    -------
    tuple of str, or None
        The reason; what was measured, and the limit.
    """
    if section is None:
        return "no head", ""
    if section.area_share < SMALLEST_AREA:
        covered = f"the largest object covers {section.area_share:.1%} of the image"
        return "no head", f"{covered}, must be {SMALLEST_AREA:.0%} or more"
    levels = section.histogram
    highest = levels[np.flatnonzero(levels)[-1]]
    if highest > SATURATED:
        return "saturated", f"{highest:.0%} of the object, must be {SATURATED:.0%} or less"
    if section.border_share > limits.border_share:
        covered = f"{section.border_share:.0%} of the image's border is covered"
        return "no background", f"{covered}, must be {limits.border_share:.0%} or less"
    count = np.count_nonzero(levels)
    if count < FEWEST_LEVELS:
        return "few levels", f"{count} grey levels, must be {FEWEST_LEVELS} or more"
    return None


def _held(flair: NDArray[np.uint8]) -> list[int]:
    """Slices of a volume that hold brain; the one slice of a lone image.

    As `gliascope.prepare.head.head_mask` finds heads, but so that no strange slice decides what is bright or large: the
    threshold is that of a high rank along the slices in place of the maximum, the largest section a high quantile.
    """
    count = len(flair)
    if count == 1:
        return [0]
    smooth = np.stack([cv2.medianBlur(np.ascontiguousarray(one), 3) for one in flair]).astype(np.uint8, copy=False)
    usual = high_rank(smooth, 1 + max(1, round(count * STRANGE)) if count > 2 else 1)
    threshold, _ = cv2.threshold(usual, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    area = (smooth > max(threshold * FOREGROUND_FLOOR, 1.0)).sum(axis=(1, 2))
    area[blank_slices(flair[..., None])] = 0
    if not area.any():
        return []
    large = np.quantile(area[area > 0], 1 - STRANGE)
    return [int(one) for one in np.flatnonzero((area > 0) & (area >= HOLDS_BRAIN * large))]


def high_rank(stack: NDArray[np.uint8], rank: int) -> NDArray[np.uint8]:
    """Take of every pixel the value of a rank along the slices, 1 being the highest.

    The few highest are kept sorted while the slices go by: a tenth of the work of `numpy.partition`.

    Parameters
    ----------
    stack : ndarray, uint8, shape (slice, row, column)
    rank : int
        1 to the number of slices.

    Returns
    -------
    ndarray, uint8, shape (row, column)
    """
    highest: list[NDArray[np.uint8]] = []
    for page in stack:
        rest = page
        for place, kept in enumerate(highest):
            highest[place], rest = np.maximum(kept, rest), np.minimum(kept, rest)
        if len(highest) < rank:
            highest.append(rest)
    return np.ascontiguousarray(highest[rank - 1])
