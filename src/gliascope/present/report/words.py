"""What a finding says, in sentences for a physician: a suspicion with its evidence, never a diagnosis."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from gliascope.findings import REASONS
from gliascope.present.report.text import plural, readable

FAILED: Final = "Not analysed"
TITLES: Final = {
    "tumour": "Tumour suspected",
    "no tumour": "No tumour found",
    "not assessable": "Not assessable",
}
"""The verdicts as a report says them."""
SLICE_VERDICTS: Final = {"tumour": "suspicious", "no tumour": "not suspicious", "not assessable": "not assessable"}
"""What is said of a slice."""
JUDGE: Final = "Whether there is one is for a physician to say, from the original images and everything else known."
MISSED: Final = "This does not exclude a tumour: the software misses some, and small or faint ones first."
REVIEW: Final = (
    "The outline needs review: the software is less sure of it than of most. Look at it on every slice before it, or "
    "anything measured on it, is used."
)
CONTRADICTION: Final = (
    "This needs review: what looks for suspicious slices and what outlines them contradict each other. Look at the "
    "suspicious slices before either is believed."
)


def calibration_text(record: Mapping[str, Any]) -> str:
    """Whether probabilities were calibrated; nothing where a finding does not say so."""
    calibrated = record["provenance"]["bundle"].get("calibrated")
    if calibrated is None:
        return ""
    if calibrated:
        return "Probabilities are calibrated."
    return "Probabilities are the network's own, not calibrated: 0.9 does not mean nine of ten."


def failed(record: Mapping[str, Any]) -> bool:
    """Whether nothing of a case could be analysed."""
    return not record["slices"]


def verdict_title(record: Mapping[str, Any]) -> str:
    """The verdict, or that there is none."""
    return FAILED if failed(record) else TITLES[record["verdict"]]


def verdict_text(record: Mapping[str, Any]) -> str:
    """What the verdict means and what it rests on, as paragraphs.

    Parameters
    ----------
    record : mapping
        The case's finding in its JSON form.

    Returns
    -------
    str
        Paragraphs with blank lines between them.
    """
    if failed(record):
        first = "Nothing of this case could be analysed, and nothing is said about a tumour. "
        return first + " ".join(
            f"{readable(Path(one['path']).name)}: {readable(one['message'])}." for one in record["problems"]
        )
    if record["verdict"] == "not assessable":
        return _refused(record)
    parts = [_suspected(record) if record["verdict"] == "tumour" else _clear(record)]
    if record["reason"] is not None:
        parts.append(f"Judged by force. The input is not assessable: {REASONS[record['reason']]}.")
    if (record["uncertainty"] or {}).get("needs_review"):
        parts.append(REVIEW if record["area_px"] else CONTRADICTION)
    return "\n\n".join(parts)


def rule_text(record: Mapping[str, Any]) -> str:
    """The operating point's rule in a sentence."""
    point = record["operating_point"]
    run = "" if point["run"] == 1 or record["slice_count"] == 1 else f", a volume where {point['run']} neighbours are"
    further = "" if not run else " (in a scan with known distances, as many as reach equally far)"
    return f"a slice is suspicious from a probability of {point['detection']:.3f} on{run}{further}"


def probability(value: float | None) -> str:
    """A probability with as many digits as it deserves; never 0 or 1, which would sound certain."""
    if value is None:
        return "not judged"
    if value < 0.001:
        return "below 0.001"
    return "above 0.999" if value > 0.999 else f"{value:.3f}"


def _suspected(record: Mapping[str, Any]) -> str:
    score = probability(record["score"])
    if record["slice_count"] == 1:
        seen = f"This image looks suspicious of a tumour to the software, with a probability of {score}."
    else:
        share = f"{record['tumour_slices']:,} of {plural(record['slice_count'], 'slice')}"
        seen = f"{share} look suspicious of a tumour to the software; the highest probability of a slice is {score}."
    hollow = "" if record["area_px"] else " Nothing could be outlined."
    return f"{seen}{hollow} {JUDGE}"


def _clear(record: Mapping[str, Any]) -> str:
    score = probability(record["score"])
    if record["slice_count"] == 1:
        return f"The software finds nothing suspicious of a tumour; its probability is {score}. {MISSED}"
    alone = record["tumour_slices"]
    apart = (
        f" {plural(alone, 'slice')} {'is' if alone == 1 else 'are'} suspicious, with too few suspicious neighbours."
        if alone
        else ""
    )
    said = f"The software does not call this case suspicious; the highest probability of a slice is {score}."
    return f"{said}{apart} {MISSED}"


def _refused(record: Mapping[str, Any]) -> str:
    reasons: dict[str, list[str]] = {}
    for one in record["slices"]:
        if one["reason"] is not None:
            reasons.setdefault(one["reason"], []).append(one["measured"] or "")
    told = []
    for reason, measured in sorted(reasons.items(), key=lambda item: -len(item[1])):
        count = "" if len(measured) == record["slice_count"] else f" ({plural(len(measured), 'slice')})"
        same = f"; {measured[0]}" if len(set(measured)) == 1 and measured[0] else ""
        told.append(f"{REASONS[reason]}{same}{count}")  # type: ignore[index]  # the record holds these names alone
    return f"Nothing is said about a tumour. Reason: {'; '.join(told)}."
