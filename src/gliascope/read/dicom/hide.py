"""What tells a patient, hidden in texts that are going to be shown."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any, Final

from gliascope.read.dicom.values import text

_HIDDEN: Final = "***"
_LEAST: Final = 3
"""Letters that a part of a name must have to be hidden within a word too."""
_SYLLABLE: Final = re.compile(
    r"[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""A character of Chinese, Japanese or Korean: one is a name already, and words have no blanks between them."""
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae", "ß": "ss"})
_BETWEEN: Final = "[-./_ ]?"
"""What may stand between day, month and year."""


class Hide:
    """Hides whatever tells one patient: names, number, date of birth.

    Parameters
    ----------
    names : iterable of str
        As headers have them, with ``^`` and ``=`` between their parts.
    number : str
        The patient's.
    birth : str
        Date of birth, as headers have it.
    """

    def __init__(self, names: Iterable[str], number: str = "", birth: str = "") -> None:
        parts = {part for one in names for part in re.split(r"[\s^=,.]+", one)}
        parts = {spelled for part in parts for spelled in _spellings(part)} | {number}
        patterns = [_birth_pattern(birth)] if birth else []
        patterns += [_pattern(part) for part in sorted(parts, key=len, reverse=True) if _tells(part)]
        self._pattern = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

    def __call__(self, found: str) -> str:
        """Give the text back with ``***`` in the place of what tells the patient.

        Parts of two letters, such as Li, are hidden where they are a word of their own; initials are left.
        """
        return found if self._pattern is None else self._pattern.sub(_HIDDEN, found)


def hide_for(data: Any) -> Hide:
    """Make what hides the patient of a data set."""
    names = ("PatientName", "OtherPatientNames", "PatientBirthName")
    return Hide([text(data, one) for one in names], text(data, "PatientID"), text(data, "PatientBirthDate"))


def _tells(part: str) -> bool:
    return len(part) > 1 or _SYLLABLE.match(part) is not None


def _spellings(part: str) -> set[str]:
    """A part of a name as it stands, and in the two ways in which it loses what ASCII does not have."""
    plain = unicodedata.normalize("NFKD", part)
    bare = "".join(one for one in plain if not unicodedata.combining(one))
    return {part, bare, part.lower().translate(_UMLAUTS)}


def _pattern(part: str) -> str:
    escaped = re.escape(part)
    is_short = len(part) < _LEAST and not _SYLLABLE.search(part)
    return rf"(?<![^\W_]){escaped}(?![^\W_])" if is_short else escaped


def _birth_pattern(birth: str) -> str:
    """A date in the orders and with the separators that people write."""
    digits = re.sub(r"\D", "", birth)
    if len(digits) != len("YYYYMMDD"):
        return re.escape(birth)
    year = rf"(?:{digits[:2]})?{digits[2:4]}"
    month, day = (one.lstrip("0").rjust(1, "0") for one in (digits[4:6], digits[6:]))
    month, day = f"0?{month}", f"0?{day}"
    orders = ((year, month, day), (day, month, year), (month, day, year))
    return rf"(?<!\d)(?:{'|'.join(_BETWEEN.join(one) for one in orders)})(?!\d)"
