"""Texts of others made fit to be shown: names of files and what was said about them."""

from __future__ import annotations

import unicodedata
from typing import Final

_TURNING: Final = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows: a name with one could make a sentence read otherwise."""
SHORT: Final = 12
"""Digits of a digest that are shown."""


def readable(text: str) -> str:
    """Replace what cannot be seen and what turns the direction of writing by the replacement character.

    Parameters
    ----------
    text : str

    Returns
    -------
    str
        Of the same length.
    """
    return "".join("\N{REPLACEMENT CHARACTER}" if _is_hidden(one) else one for one in text)


def _is_hidden(character: str) -> bool:
    return character in _TURNING or unicodedata.category(character) in {"Cc", "Cs", "Cn", "Co"}


def plural(count: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 slice``, ``1,234 slices``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def digest(value: str) -> str:
    """The first digits of a digest."""
    return value[:SHORT]
