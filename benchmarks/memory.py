"""Largest memory of a process and of those that it starts."""

from __future__ import annotations

import re
import resource
import sys
import threading
from pathlib import Path
from typing import Final, Self

PROC: Final = Path("/proc")
PAUSE: Final = 0.02
"""Seconds between two looks at the processes that were started."""


class Watch:
    """Notes the largest resident memory of every process that this one starts, for as long as the watch lasts.

    Where the system does not tell processes by files (all but Linux), only this process is counted.
    """

    def __init__(self) -> None:
        self._largest: dict[str, float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def started(self) -> int:
        """How many processes were seen."""
        return len(self._largest)

    def peak_mib(self) -> float:
        """Give this process's peak so far and those of the processes it has started, together; MiB.

        The sum is at most too large: not all peaks need be at one time, and pages that are shared count for each.
        """
        return peak_mib() + sum(self._largest.values())

    def _look(self) -> None:
        while not self._over.wait(PAUSE):
            for one in _children():
                peak = _high_water(PROC / one / "status")
                self._largest[one] = max(peak, self._largest.get(one, 0.0))


def peak_mib() -> float:
    """Largest resident memory of this process so far, MiB; on Linux without what it was before it was this program."""
    status = PROC / "self" / "status"
    if status.exists():
        return _high_water(status)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _children() -> list[str]:
    found: list[str] = []
    for thread in (PROC / "self" / "task").glob("*/children"):
        try:
            found += thread.read_text(encoding="ascii").split()
        except OSError:  # it has ended
            continue
    return found


def _high_water(status: Path) -> float:
    try:
        said = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii", errors="replace"))
    except OSError:  # it has ended
        return 0.0
    return int(said[0]) / 2**10 if said else 0.0
