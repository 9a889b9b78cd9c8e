"""What the results are held against."""

from __future__ import annotations

from typing import Any, Final

from benchmarks.contenders import ENTRIES, OURS
from benchmarks.statistics import Spread, verdicts

MOST_MIB: Final = 700.0
MOST_START: Final = 2.0
LEAST_GAIN: Final = 1.7
FLAT: Final = 1.15
"""Time and memory of many patients may be at most this many times those of one."""


def hold(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Hold what was measured against the goals.

    Returns
    -------
    list of dict
        ``goal``, ``measured``, ``reached``.
    """
    rows: list[dict[str, Any]] = []

    def add(goal: str, measured: str, reached: bool) -> None:
        rows.append({"goal": goal, "measured": measured, "reached": reached})

    if "contenders" in results:
        seconds = {name: found["seconds"] for name, found in results["contenders"].items()}
        goals = {name: entry.goal for name, entry in ENTRIES.items() if entry.goal is not None}
        for one in verdicts(seconds, OURS, goals):
            text = f"{one['goal']:g} times as fast as {ENTRIES[one['contender']].title}"
            add(text, Spread(**one["ratio"]).text(1), one["reached"])
    if "scaling" in results:
        found = results["scaling"]
        peak = max(one["peak_mib"] for one in found["rows"])
        add(f"peak memory under {MOST_MIB:.0f} MiB", f"{peak:.0f} MiB", peak < MOST_MIB)
        many = max(one["patients"] for one in found["rows"])
        for what in ("time", "memory"):
            flat = found[f"{what}_flatness"]
            add(f"{what} flat from 1 to {many} patients", f"at most {flat:.2f} times that of 1", flat <= FLAT)
    if "cold_start" in results:
        start = results["cold_start"]["one slice"]
        add(f"first result within {MOST_START:g} s", Spread(**start).text(2, " s"), start["median"] < MOST_START)
    if "cores" in results and results["cores"]["cores"] == 2:
        gain = results["cores"]["gain"]
        add(f"2 cores give {LEAST_GAIN} times one's", Spread(**gain).text(2), gain["median"] >= LEAST_GAIN)
    return rows
