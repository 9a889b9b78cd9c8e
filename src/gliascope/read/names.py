"""Names of cases: sorted as people count, safe as folders, and all different."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

_FORBIDDEN: Final = re.compile(r'[\x00-\x1f\x7f\ud800-\udfff<>:"/\\|?*]')
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)

LONGEST: Final = 200
"""Most bytes of a case's name in UTF-8; file systems allow 255, and a number may come behind."""


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Make the sorting key by which ``scan_2`` comes before ``scan_10``."""
    parts = re.split(r"([0-9]+)", text)
    return tuple((1, int(part), part) if part.isdecimal() else (0, 0, part) for part in parts)


def safe_name(name: str) -> str:
    """Make a name that is allowed for a folder on Linux, macOS and Windows.

    Characters that some system forbids become ``_``; blanks and dots at the ends go; a name that
    is empty then, or that Windows keeps for a device, gets ``_`` before it.
    """
    name = _FORBIDDEN.sub("_", name).encode()[: LONGEST - 1].decode(errors="ignore").strip(" .")
    return f"_{name}" if not name or _RESERVED.fullmatch(name) else name


def name_apart(names: Sequence[str]) -> list[str]:
    """Number names that occur again, whatever their letter case: ``1``, ``1-2``, ``1-3``.

    Parameters
    ----------
    names : sequence of str

    Returns
    -------
    list of str
        In the same order, all different; the first of equals keeps its name.
    """
    taken: set[str] = set()
    apart = []
    for name in names:
        unique, number = name, 1
        while unique.casefold() in taken:
            number += 1
            unique = f"{name}-{number}"
        taken.add(unique.casefold())
        apart.append(unique)
    return apart
