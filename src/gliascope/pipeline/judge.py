"""From what was found on slices to what is said about a case."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.findings import REASONS, Detection, Reason, Segmentation, SliceFinding, Uncertainty, Verdict
from gliascope.rules import UncertaintyRule
from gliascope.scan import Source
from gliascope.segment.soft import judge_spread, spread_of

NO_FLAIR: Final = "no FLAIR: the networks were made for scans with FLAIR, and say little without it"


@dataclass(frozen=True, eq=False)
class Part:
    """The findings of one scan.

    Attributes
    ----------
    slices : list of SliceFinding
    judged : ndarray, bool, shape (slice,)
        False for blank slices and for those that are not assessable: they count for no verdict and no score.
    warnings : tuple of str
    score : float
        What the scan's verdict hangs on (`gliascope.detect.case.run_score`); NaN where no slice could be judged.
    called : bool
        Whether the scan is called tumour.
    is_volume : bool
        Whether its slices are neighbours.
    """

    slices: list[SliceFinding]
    judged: NDArray[np.bool_]
    warnings: tuple[str, ...]
    score: float = float("nan")
    called: bool = False
    is_volume: bool = False

    @property
    def judged_slices(self) -> list[SliceFinding]:
        """The slices that count."""
        return [one for one, judged in zip(self.slices, self.judged, strict=True) if judged]


@dataclass(frozen=True)
class CaseVerdict:
    """What is said about a case.

    Attributes
    ----------
    verdict : str
    score : float
        The highest slice probability; NaN where no slice could be judged.
    case_score : float
        The highest score of the case's scans, which the verdict hangs on; no probability. NaN likewise.
    """

    verdict: Verdict
    score: float
    case_score: float


def refused_slice(source: Source, shape: tuple[int, int], reason: Reason, measured: str = "") -> SliceFinding:
    """What is said about a slice that is not assessable: no probability, and an empty mask."""
    nothing = np.zeros(shape, dtype=np.bool_)
    return SliceFinding(source, float("nan"), "not assessable", nothing, reason=reason, measured=measured)


def slice_finding(source: Source, place: int, detection: Detection, segmentation: Segmentation) -> SliceFinding:
    """What is said about the slice at a place of its scan."""
    positive = bool(detection.positive[place])
    kept = segmentation.probability[place] if positive and segmentation.probability is not None else None
    return SliceFinding(
        source=source,
        probability=float(detection.probability[place]),
        verdict="tumour" if positive else "no tumour",
        mask=segmentation.mask[place],
        mask_probability=kept,
        raw_probability=None if detection.raw is None else float(detection.raw[place]),
        soft=segmentation.soft.get(place),
        beside=None if detection.beside is None or np.isnan(beside := detection.beside[place]) else float(beside),
    )


def remarks_on_refusal(slices: list[SliceFinding]) -> list[str]:
    """Warnings that tell which slices of a scan are not assessable, or would not be without force, and why.

    Parameters
    ----------
    slices : list of SliceFinding
        Of one scan.

    Returns
    -------
    list of str
        One for each reason, the commonest first.
    """
    remarks = []
    for reason, count in Counter(one.reason for one in slices if one.reason is not None).most_common():
        mine = [one for one in slices if one.reason == reason]
        forced = all(one.verdict != "not assessable" for one in mine)
        said = "judged by force, though not assessable" if forced else "not assessable"
        which = "" if count == len(slices) else f" ({count} of {len(slices)} slices)"
        measured = {one.measured for one in mine}
        told = f" ({measured.pop()})" if len(measured) == 1 and "" not in measured else ""
        remarks.append(f"{said}{which}: {REASONS[reason]}{told}")
    return remarks


def case_reason(parts: list[Part]) -> Reason | None:
    """The commonest reason, where no slice of the case could be judged without force; None where one could."""
    slices = [one for part in parts for one in part.slices]
    reasons = [one.reason for one in slices if one.reason is not None]
    return Counter(reasons).most_common(1)[0][0] if reasons and len(reasons) == len(slices) else None


def remarks_on(parts: list[Part], seen: frozenset[str]) -> list[str]:
    """Warnings that follow from a case's findings.

    Parameters
    ----------
    parts : list of Part
    seen : frozenset of str
        Pixel hashes of the slices that the model was trained or chosen on.

    Returns
    -------
    list of str
    """
    remarks = []
    found = [(part, one) for part in parts for one in part.slices if one.verdict == "tumour"]
    alone = sum(not part.called for part, _ in found)
    if alone:
        remarks.append(
            f"slices called tumour, but too few neighbouring ones: {alone}; their scan is not called tumour and "
            "nothing is outlined"
        )
    hollow = sum(part.called and not one.mask.any() for part, one in found)
    if hollow:
        remarks.append(f"slices called tumour without an outline: {hollow}")
    judged = [one for part in parts for one in part.judged_slices]
    known = sum(one.source.sha256 in seen for one in judged)
    if known:
        remarks.append(
            f"slices that this model was trained or chosen on: {known} of {len(judged)}; "
            "the result says nothing about its accuracy"
        )
    return remarks


def uncertainty_of(part: Part, rule: UncertaintyRule | None) -> Uncertainty | None:
    """How sure the outline of a scan is; None unless it is a volume called tumour and the bundle has a rule.

    Where nothing of it is outlined, classifier and segmenter contradict each other: it needs a review, whatever its
    spread, and has no interval.
    """
    if rule is None or not part.is_volume or not part.called:
        return None
    sure = judge_spread(spread_of(one.soft for one in part.slices if one.soft is not None), rule)
    if any(one.mask.any() for one in part.slices):
        return sure
    return replace(sure, low=math.nan, high=math.nan, needs_review=True)


def case_verdict(parts: list[Part]) -> CaseVerdict:
    """A case's verdict and scores: tumour where one of its scans is called so.

    Parameters
    ----------
    parts : list of Part

    Returns
    -------
    CaseVerdict
        ``not assessable`` where no slice could be judged.
    """
    judged = [part for part in parts if part.judged_slices]
    if not judged:
        return CaseVerdict("not assessable", float("nan"), float("nan"))
    highest = max(one.probability for part in judged for one in part.judged_slices)
    verdict: Verdict = "tumour" if any(part.called for part in judged) else "no tumour"
    return CaseVerdict(verdict, highest, max(part.score for part in judged))
