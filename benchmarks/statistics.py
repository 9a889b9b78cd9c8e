"""Medians, spreads and ratios of alternated repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Spread:
    """The middle and the ends of repeated measurements."""

    median: float
    lowest: float
    highest: float
    repeats: int

    def values(self) -> dict[str, float]:
        """JSON values."""
        return asdict(self)

    def text(self, digits: int = 2, unit: str = "") -> str:
        """Such as ``1.23 s (1.20 to 1.31)``."""
        return f"{self.median:.{digits}f}{unit} ({self.lowest:.{digits}f} to {self.highest:.{digits}f})"


def spread(values: Sequence[float]) -> Spread:
    """Summarise repeats.

    Raises
    ------
    ValueError
        If there are none.
    """
    if not values:
        raise ValueError("a spread must be of at least one value, received none")
    return Spread(float(np.median(values)), float(min(values)), float(max(values)), len(values))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """How many times as long the others take: the ratio within each repeat, so that a slow moment slows both.

    Raises
    ------
    ValueError
        If the numbers of repeats differ.
    """
    if len(ours) != len(theirs):
        raise ValueError(f"both must have the same repeats, received {len(ours)} and {len(theirs)}")
    return spread([their / our for our, their in zip(ours, theirs, strict=True)])


def order_of(names: Sequence[str], repeat: int) -> list[str]:
    """Order of the contenders in a repeat: turned by one each time, so that nobody always follows the same one."""
    turn = repeat % len(names)
    return [*names[turn:], *names[:turn]]


def flatness(counts: Sequence[int], values: Sequence[float]) -> float:
    """Largest of the values for more than the fewest patients, as a multiple of the value for the fewest."""
    first = values[int(np.argmin(counts))]
    return max(value / first for value in values)


def verdicts(seconds: Mapping[str, Sequence[float]], ours: str, goals: Mapping[str, float]) -> list[dict[str, Any]]:
    """Hold every contender's ratio against its goal.

    Returns
    -------
    list of dict
        ``contender``, ``ratio``, ``goal``, ``reached``.
    """
    rows = []
    for name, goal in goals.items():
        if name in seconds:
            found = ratio(seconds[ours], seconds[name])
            rows.append({"contender": name, "ratio": found.values(), "goal": goal, "reached": found.median >= goal})
    return rows
