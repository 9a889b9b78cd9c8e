"""From what was found on slices to what is said about a case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.findings import Detection, Segmentation, SliceFinding, Verdict
from gliascope.scan import Source

BLANK: Final = "nothing to be seen: every pixel has the same value"
NO_FLAIR: Final = "no FLAIR: the networks were made for scans with FLAIR, and say little without it"


@dataclass(frozen=True, eq=False)
class Part:
    """The findings of one scan.

    Attributes
    ----------
    slices : list of SliceFinding
    judged : ndarray, bool, shape (slice,)
        False for blank slices, which count for no verdict and no score.
    warnings : tuple of str
    """

    slices: list[SliceFinding]
    judged: NDArray[np.bool_]
    warnings: tuple[str, ...]

    @property
    def judged_slices(self) -> list[SliceFinding]:
        """The slices that count."""
        return [one for one, judged in zip(self.slices, self.judged, strict=True) if judged]


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
    )


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
    hollow = sum(one.verdict == "tumour" and not one.mask.any() for part in parts for one in part.slices)
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


def case_verdict(parts: list[Part]) -> tuple[Verdict, float]:
    """A case's verdict and score: tumour where one slice shows it, and the highest slice probability.

    Parameters
    ----------
    parts : list of Part

    Returns
    -------
    verdict : str
        ``not assessable`` where no slice could be judged.
    score : float
        NaN where no slice could be judged.
    """
    judged = [one for part in parts for one in part.judged_slices]
    if not judged:
        return "not assessable", float("nan")
    verdict: Verdict = "tumour" if any(one.verdict == "tumour" for one in judged) else "no tumour"
    return verdict, max(one.probability for one in judged)
