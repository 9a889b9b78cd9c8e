"""Codes of what results say: the standard's where it has them, else our own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gliascope.findings import REASONS, Reason, Verdict

if TYPE_CHECKING:
    from pydicom.sr.coding import Code

SCHEME: Final = "99GLIASCOPE"
"""Designator of our own codes; those that begin with 99 are private (PS3.16, 8.2)."""
SCHEME_NAME: Final = "Codes of gliascope, research software"
NOTICE: Final = "Research use only. Not for diagnosis or treatment."
LABEL: Final = "FLAIR abnormality"
"""What the outline is of: abnormal signal on FLAIR. Tumour and oedema are not told apart."""

LONGEST: Final = 64
"""Most characters of a code's meaning."""

OWN: Final = {
    "verdict": "Verdict on the scan",
    "tumour": "Called tumour",
    "no-tumour": "Called free of tumour",
    "not-assessable": "Not assessable",
    "reason": "Why the scan is not assessable",
    "review": "Somebody should look at the outline before it is used",
    "intended-use": "Intended use",
    "research-use": NOTICE,
    "slice-prob": "Highest probability of tumour on a slice",
    "case-score": "Score that the verdict hangs on",
    "detect-threshold": "A scan is called tumour from this score on",
    "mask-threshold": "A pixel is inside from this probability on",
    "run-length": "Neighbouring slices that must be called tumour",
    "slices": "Slices read",
    "tumour-slices": "Slices called tumour",
    "components": "Connected parts of the outline",
    "interval-level": "Share of volumes that such an interval is to hold",
    "extent-rl": "Extent from right to left",
    "extent-ap": "Extent from anterior to posterior",
    "extent-is": "Extent from inferior to superior",
}
"""Our own codes, at most 16 characters, and their meanings, at most 64; the reasons of `REASONS` come to them."""
VERDICTS: Final[dict[Verdict, str]] = {
    "tumour": "tumour",
    "no tumour": "no-tumour",
    "not assessable": "not-assessable",
}


def own(value: str) -> Code:
    """Give one of our own codes.

    Parameters
    ----------
    value : str
        A key of `OWN`.

    Returns
    -------
    Code of pydicom's
    """
    from pydicom.sr.coding import Code

    return Code(value, SCHEME, OWN[value])


def reason_code(reason: Reason) -> Code:
    """Give the code of a reason why a scan is not assessable."""
    from pydicom.sr.coding import Code

    meaning = REASONS[reason].split(";")[0]
    if len(meaning) > LONGEST:
        meaning = meaning.split(":")[0]
    return Code(reason.replace(" ", "-").lower(), SCHEME, meaning)
