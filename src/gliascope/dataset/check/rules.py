"""What is checked: every rule with its severity, in the order in which results are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

Severity = Literal["broken", "warning", "information"]
"""``broken``: split, train or evaluate refuse it, or a score made with it would be wrong. ``warning``: it can be used,
and somebody should look. ``information``: nothing to be done."""

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)


@dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes
    ----------
    severity : str
        Of whatever breaks it; see `Severity`.
    text : str
        What must hold.
    """

    severity: Severity
    text: str


RULES: Final[dict[str, Rule]] = {
    "unreadable": Rule("broken", "a file must be whole and undamaged"),
    "image-without-mask": Rule("broken", "an image must have a mask beside it"),
    "mask-without-image": Rule("broken", "a mask must have an image beside it"),
    "mask-size": Rule("broken", "a mask must have its image's rows, columns and pages"),
    "mask-values": Rule("broken", "a mask must be binary, or hold a few labels"),
    "patient-sizes": Rule("broken", "the slices of a patient must have one size, type and number of channels"),
    "no-flair": Rule("broken", "a case of volumes must have a FLAIR"),
    "folder-names": Rule("broken", "a patient's folder must have a name of its own"),
    "repeated-across-patients": Rule("broken", "a slice must belong to one patient"),
    "mask-labels": Rule("warning", "a mask should be binary"),
    "mask-mostly-inside": Rule("warning", "a mask should cover less than half of its image"),
    "mask-on-blank": Rule("warning", "a slice with a tumour should not be blank"),
    "mask-grid": Rule("warning", "the truth of a volume should lie on the FLAIR's own grid"),
    "several-masks": Rule("warning", "an image should have one mask"),
    "slice-names": Rule("warning", "an image should be named FOLDER_NUMBER"),
    "slice-numbers": Rule("warning", "the slices of a patient should be numbered from 1 without gaps"),
    "set-sizes": Rule("warning", "the patients should share one size, type and number of channels"),
    "channel-copy": Rule("warning", "a channel should be a sequence of its own"),
    "sequence-missing": Rule("warning", "a case of volumes should have T1 before and after contrast"),
    "as-stored": Rule("warning", "volumes should be used as stored: places known, on each other, voxels finite"),
    "repeated-in-patient": Rule("warning", "a slice should occur once"),
    "alike-across-patients": Rule("warning", "slices of different patients should not look the same"),
    "no-images": Rule("warning", "a folder should hold images"),
    "no-tumour": Rule("information", "a patient has an outlined tumour"),
    "stray-file": Rule("information", "a data set holds images, masks, data.csv and texts about them"),
}
"""By name."""


@dataclass(frozen=True)
class Remark:
    """One place at which a rule does not hold.

    Attributes
    ----------
    rule : str
        Key of `RULES`.
    path : str
        File or folder, relative to the data set, with ``/`` between its parts.
    received : str
        What is there instead.
    """

    rule: str
    path: str
    received: str

    @property
    def severity(self) -> Severity:
        """The rule's severity."""
        return RULES[self.rule].severity
