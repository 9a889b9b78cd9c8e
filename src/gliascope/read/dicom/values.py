"""Values of a data set, taken as far as they can be understood: a wrong one is none, never an error."""

from __future__ import annotations

import math
import re
from collections.abc import MutableSequence
from typing import Any, Final

from gliascope.read.dicom.files import damage, quiet

_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_UID: Final = re.compile(r"[0-9]+(\.[0-9]+)*")
_LONGEST: Final = 64


def value_of(data: Any, keyword: str) -> Any:
    """Value of an element as pydicom converts it; None where it is absent, empty or cannot be converted."""
    try:
        with quiet():
            found = data.get(keyword)
    except damage():
        return None
    return None if found is None or (hasattr(found, "__len__") and len(found) == 0) else found


def texts(data: Any, keyword: str) -> tuple[str, ...]:
    """Every value of an element as plain text, without what cannot be printed."""
    found = value_of(data, keyword)
    if found is None:
        return ()
    if isinstance(found, bytes):
        found = found.decode("latin-1")
    parts = found.split("\\") if isinstance(found, str) else _listed(found)
    return tuple(_UNPRINTABLE.sub("", _plain(one)).strip() for one in parts)


def _plain(one: Any) -> str:
    """One value as text; an item of a sequence has none."""
    try:
        return "" if hasattr(one, "walk") else str(one)
    except damage():
        return ""


def text(data: Any, keyword: str) -> str:
    """Text of an element, several values put together by blanks."""
    return " ".join(one for one in texts(data, keyword) if one)


def numbers(data: Any, keyword: str, count: int | None = None) -> tuple[float, ...] | None:
    """Numbers of an element.

    Parameters
    ----------
    data : Dataset of pydicom's
    keyword : str
    count : int, optional
        How many there must be.

    Returns
    -------
    tuple of float or None
        None where there are none, another count, or one is no finite number.
    """
    found = texts(data, keyword)
    try:
        values = tuple(float(one) for one in found)
    except ValueError:
        return None
    if not values or not all(math.isfinite(one) for one in values) or (count is not None and len(values) != count):
        return None
    return values


def number(data: Any, keyword: str) -> float | None:
    """First number of an element; None where there is none."""
    values = numbers(data, keyword)
    return None if values is None else values[0]


def scaling(data: Any, keyword: str, default: float) -> float:
    """Slope or intercept: `default` where there is none, NaN where there is one that is no number."""
    if not text(data, keyword):
        return default
    value = number(data, keyword)
    return math.nan if value is None else value


def whole(data: Any, keyword: str) -> int | None:
    """First number of an element if it is a whole one."""
    value = number(data, keyword)
    return int(value) if value is not None and value == int(value) else None


def uid(data: Any, keyword: str) -> str:
    """Unique identifier; empty where there is none or it is none by its letters."""
    found = text(data, keyword)
    return found if len(found) <= _LONGEST and _UID.fullmatch(found) else ""


def items(data: Any, keyword: str) -> list[Any]:
    """Items of a sequence; none where it is no sequence."""
    found = value_of(data, keyword)
    if found is None or isinstance(found, str | bytes):
        return []
    return [one for one in _listed(found) if hasattr(one, "get")]


def _listed(found: Any) -> list[Any]:
    """Values of an element of several, or its only one; a person's name is one, though it can be iterated."""
    if not isinstance(found, MutableSequence):
        return [found]
    try:
        with quiet():
            return list(found)
    except damage():
        return []
