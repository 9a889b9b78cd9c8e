"""What tells a patient, hidden in texts that are going to be shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

from gliascope.read.dicom.spelling import birth_pattern, fold, pattern_of, pieces_of
from gliascope.read.dicom.values import items, text, texts

_HIDDEN: Final = "***"
_LEAST: Final = 3
"""Letters that a part of a name must have to be hidden within a word too."""
_LEAST_DIGITS: Final = 4
"""Digits, leading zeros not counted, that a number must have to be hidden however many zeros it is written with."""
_SYLLABLE: Final = re.compile(
    r"[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)
"""A character of Chinese, Japanese or Korean: one is a name already, and words have no blanks between them."""
_WORD: Final = r"(?<![^\W_]){}(?![^\W_])"
_NUMBER: Final = r"(?<!\d){}(?!\d)"


class Hide:
    """Hides whatever tells one patient: names, numbers, date of birth.

    Parameters
    ----------
    names : iterable of str
        As headers have them, with ``^`` and ``=`` between their parts. Parts of parts, as in Meyer-Schmidt, count too.
    numbers : iterable of str
        The patient's.
    birth : str
        Date of birth, as headers have it.
    """

    def __init__(self, names: Iterable[str], numbers: Iterable[str] = (), birth: str = "") -> None:
        parts = [part for one in names for part in re.split(r"[\s^=,.]+", fold(one)[0])]
        numbers = [fold(one)[0] for one in numbers]
        known = {pieces_of(one) for one in (*parts, *numbers)}
        known |= {some for one in parts for some in _some_of(pieces_of(one))}
        found = [(sum(map(len, one)), _bounded(one)) for one in known if _tells(one)]
        found += [(len(one), _NUMBER.format(f"0*{one}")) for one in _without_zeros((*parts, *numbers))]
        patterns = [birth_pattern(birth)] if birth else []
        patterns += [pattern for _, pattern in sorted(found, reverse=True)]
        self._pattern = re.compile("|".join(patterns)) if patterns else None

    def __call__(self, found: str) -> str:
        """Give the text back with ``***`` in the place of what tells the patient.

        Parts of two letters, such as Li, are hidden where they are a word of their own; initials are left. So are
        numbers of three digits or fewer, unless they stand there with the header's own zeros and no digit beside them.
        """
        if self._pattern is None:
            return found
        folded, places = fold(found)
        shown, done = [], 0
        for match in self._pattern.finditer(folded):
            start, end = places[match.start()][0], places[match.end() - 1][1]
            if start >= done:  # two may be parts of one character
                shown += [found[done:start], _HIDDEN]
            done = end
        return "".join((*shown, found[done:]))


def hide_for(data: Any) -> Hide:
    """Make what hides the patient of a data set."""
    names = [text(data, one) for one in ("PatientName", "OtherPatientNames", "PatientBirthName")]
    numbers = [text(data, "PatientID"), *texts(data, "OtherPatientIDs")]
    numbers += [text(one, "PatientID") for one in items(data, "OtherPatientIDsSequence")]
    return _hide(tuple(names), tuple(numbers), text(data, "PatientBirthDate"))


@lru_cache(maxsize=4)
def _hide(names: tuple[str, ...], numbers: tuple[str, ...], birth: str) -> Hide:
    """Make it once for all the slices of a series."""
    return Hide(names, numbers, birth)


def _some_of(pieces: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Each part of a part of a name, but for numbers, and each two neighbours, as in Walesa-O'Brien."""
    yield from ((one,) for one in pieces if not one.isdecimal())
    yield from pairwise(pieces)


def _tells(pieces: tuple[str, ...]) -> bool:
    letters = "".join(pieces)
    return len(letters) > 1 or _SYLLABLE.match(letters) is not None


def _bounded(pieces: tuple[str, ...]) -> str:
    """What finds a part of a name or a number: alone where it is short, else anywhere."""
    letters, pattern = "".join(pieces), pattern_of(pieces)
    if len(letters) < _LEAST and not _SYLLABLE.search(letters):
        return _WORD.format(pattern)
    is_short_number = letters.isdecimal() and len(letters.lstrip("0")) < _LEAST_DIGITS
    return _NUMBER.format(pattern) if is_short_number else pattern


def _without_zeros(told: Iterable[str]) -> Iterator[str]:
    """Numbers within names and numbers that are long enough to tell a patient by themselves."""
    for run in {run.lstrip("0") for one in told for run in re.findall(r"\d+", one)}:
        if len(run) >= _LEAST_DIGITS:
            yield run
