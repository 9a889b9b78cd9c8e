"""The numbers of a structured report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from gliascope.findings import Finding, Measurement
from gliascope.present.dicom.codes import own

if TYPE_CHECKING:
    from highdicom import sr
    from pydicom.sr.coding import Code

DIGITS: Final = 3
"""Decimals of millilitres, millimetres and areas, as in ``findings.json``."""
EXTENTS: Final = ("extent-rl", "extent-ap", "extent-is")


def measured(finding: Finding) -> list[sr.Measurement]:
    """Everything of a finding that is a number.

    Parameters
    ----------
    finding : Finding

    Returns
    -------
    list of Measurement of highdicom's
        What cannot be said is left out: millimetres without spacing, probabilities where nothing could be judged.
    """
    found = None if finding.volume is None else finding.volume.measurement
    return [*([] if found is None else _sizes(finding, found)), *_judgement(finding)]


def _sizes(finding: Finding, found: Measurement) -> list[sr.Measurement]:
    from pydicom.sr.codedict import codes

    millimetre = codes.UCUM.Millimeter
    made = [_volume(finding, found), _number(own("components"), found.components)]
    for name, value in ((codes.SCT.LongAxis, found.diameter_mm), (codes.SCT.ShortAxis, found.perpendicular_mm)):
        if value is not None:
            made.append(_number(name, value, millimetre))
    for key, value in zip(EXTENTS, found.extent_mm or (), strict=False):
        made.append(_number(own(key), value, millimetre))
    return made


def _volume(finding: Finding, found: Measurement) -> sr.Measurement:
    """The volume, and where the model knows how sure it is, the interval around it (TID 310)."""
    from highdicom import sr
    from pydicom.sr.codedict import codes
    from pydicom.sr.coding import Code

    millilitre = Code("ml", "UCUM", "milliliter")
    made = _number(codes.SCT.Volume, found.volume_ml, millilitre)
    sure = finding.uncertainty
    if sure is None or finding.verdict != "tumour" or not finding.area_px:
        return made
    upper = Code("371886008", "SCT", "+, range of upper measurement uncertainty")
    lower = Code("371885007", "SCT", "-, range of lower measurement uncertainty")
    ends = (
        (upper, found.volume_ml * (sure.high - 1), millilitre),
        (lower, found.volume_ml * (1 - sure.low), millilitre),
        (own("interval-level"), sure.level, codes.UCUM.NoUnits),
    )
    made[0].ContentSequence = sr.ContentSequence(
        [
            sr.NumContentItem(name, round(value, DIGITS), unit, relationship_type="HAS PROPERTIES")
            for name, value, unit in ends
        ]
    )
    return made


def _judgement(finding: Finding) -> list[sr.Measurement]:
    """What the verdict hangs on, and the operating point that it was made with."""
    point = finding.operating_point
    values = (
        ("slice-prob", finding.score),
        ("case-score", finding.case_score),
        ("detect-threshold", point.detection),
        ("mask-threshold", point.mask),
        ("run-length", point.run),
        ("slices", len(finding.slices)),
        ("tumour-slices", finding.tumour_slices),
    )
    return [_number(own(key), value) for key, value in values if not math.isnan(value)]


def _number(name: Code, value: float, unit: Code | None = None) -> sr.Measurement:
    from highdicom import sr
    from pydicom.sr.codedict import codes

    exact = value if isinstance(value, int) else float(f"{value:.6g}") if unit is None else round(value, DIGITS)
    return sr.Measurement(name=name, value=exact, unit=unit or codes.UCUM.NoUnits)
