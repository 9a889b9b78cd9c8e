"""The ways in which one name, and one date, are written."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_KEPT: Final = frozenset("äöüåøæœß")
"""Letters that two may stand for: they stay, so that these two can be told from others."""
_ALIKE: Final = str.maketrans({"ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "\u0131": "i", "þ": "th"})
"""Letters that Unicode does not take apart."""
_APOSTROPHES: Final = str.maketrans(dict.fromkeys("\u02bc\u2018\u2019`", "'"))
_VOICED: Final = "\u3099\u309a"
"""Marks of Japanese, without which a syllable is another one."""
_JAMO: Final = ("\u1160", "\u11ff")
"""First and last of what follows the first consonant of a Korean syllable."""
_SPELLED: Final = {
    "ae": "(?:[aäå]e|[äæ])",
    "oe": "(?:[oöø]e|[öøœ])",
    "ue": "(?:[uü]e|ü)",
    "aa": "(?:[aä][aä]|å)",
    "ss": "(?:ss|ß)",
    "å": "(?:aa|[aäå]e?)",
    "ß": "(?:ß|ss)",
    **dict.fromkeys("aäæ", "[aäåæ]e?"),
    **dict.fromkeys("oöøœ", "[oöøœ]e?"),
    **dict.fromkeys("uü", "[uü]e?"),
}
"""What finds a letter, or two that are one, however it is written."""
_TOKEN: Final = re.compile("ae|oe|ue|aa|ss|.", re.DOTALL)
_LONGEST: Final = 256
"""Letters of a name that is looked for in all its spellings; the standard lets a name have 64."""
_APART: Final = r"[\W_]{0,3}"
"""What may stand between the parts of a name, as in O'Brien, or of a number."""
_WITHIN: Final = "['-]?"
"""What may stand between any two letters, as in O'Brien where the header has OBrien."""
_BETWEEN: Final = "[-./_ ]{0,2}"
"""What may stand between day, month and year."""
_BESIDE: Final = rf"{_APART}(?:(?:of|de|di)[\W_]{{1,3}})?"
"""What may stand before and after the name of a month."""
_MONTHS: Final = (
    *("jan|jän|jaen|ene|gen", "feb|fev", "mar|mär|maer|mrz", "apr|avr|abr", "may|mai|mag", "jun|juin|giu"),
    *("jul|juil|lug", "aug|aou|ago", "sep|set", "oct|okt|ott", "nov", "dec|dez|dic"),
)
"""How the names of months begin in English, German, French, Spanish and Italian."""


def fold(told: str) -> tuple[str, list[tuple[int, int]]]:
    """Write a text in small letters without marks, but for the German and Nordic ones that two letters may stand for.

    Parameters
    ----------
    told : str
        In whichever of Unicode's forms.

    Returns
    -------
    folded : str
        Of any length.
    places : list of (int, int)
        For each of its characters, where the one that it comes from begins and ends in `told`, with its marks.
    """
    folded, places, start = [], [], 0
    for end in range(1, len(told) + 1):
        if end < len(told) and _goes_on(told[end]):
            continue
        letters = _fold_one(told[start:end])
        folded.append(letters)
        places += [(start, end)] * len(letters)
        start = end
    return "".join(folded), places


def pieces_of(folded: str) -> tuple[str, ...]:
    """Letters and digits that stand together in a folded text."""
    joined = (one if one.isalnum() or unicodedata.category(one)[0] == "M" else " " for one in folded)
    return tuple("".join(joined).split())


def pattern_of(pieces: tuple[str, ...]) -> str:
    """What finds folded pieces in a folded text, one after the other, however they are spelled and joined.

    A vowel with two dots, a ring or a stroke, the bare one, and the one with an e after it find each other; only what
    has the e in the name itself, such as Mueller, is not found without it. Names far longer than any can be, by which
    a file could keep us busy, are found in one spelling.
    """
    if sum(map(len, pieces)) > _LONGEST:
        return _APART.join(map(re.escape, pieces))
    spelled = ((_SPELLED.get(one, re.escape(one)) for one in _TOKEN.findall(piece)) for piece in pieces)
    return _APART.join(_WITHIN.join(piece) for piece in spelled)


def birth_pattern(birth: str) -> str:
    """What finds a date, as headers have it, in a folded text, in the orders and with the separators people use."""
    digits = re.sub(r"\D", "", birth)
    if len(digits) != len("YYYYMMDD"):
        return re.escape(fold(birth)[0])
    year = rf"(?:{digits[:2]})?{digits[2:4]}"
    month, day = (f"0?{one.lstrip('0') or '0'}" for one in (digits[4:6], digits[6:]))
    orders = [_BETWEEN.join(one) for one in ((year, month, day), (day, month, year), (month, day, year))]
    if 0 < int(digits[4:6]) <= len(_MONTHS):
        name = rf"(?:{_MONTHS[int(digits[4:6]) - 1]})[^\W\d_]*"
        nth = f"{day}(?:st|nd|rd|th|er)?"
        orders += [_BESIDE.join(one) for one in ((year, name, nth), (nth, name, year), (name, nth, year))]
    return rf"(?<!\d)(?:{'|'.join(orders)})(?!\d)"


def _goes_on(letter: str) -> bool:
    """Whether a character belongs to the one before it, or cannot be seen."""
    if letter.isascii():
        return False
    is_part = unicodedata.combining(letter) != 0 or _JAMO[0] <= letter <= _JAMO[1] or letter in "\uff9e\uff9f"
    return is_part or unicodedata.category(letter) == "Cf"


@lru_cache(maxsize=4096)
def _fold_one(letter: str) -> str:
    """One character with its marks."""
    seen = "".join(one for one in letter if unicodedata.category(one) != "Cf")
    composed = unicodedata.normalize("NFC", seen).lower()
    if composed in _KEPT:
        return composed
    apart = unicodedata.normalize("NFKD", composed)
    bare = "".join(one for one in apart if one in _VOICED or not unicodedata.combining(one))
    return unicodedata.normalize("NFC", bare.lower()).translate(_ALIKE).translate(_APOSTROPHES)
