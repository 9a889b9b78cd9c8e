"""Where each millisecond of a patient goes: processor time of each step without those within, and their picture."""

from __future__ import annotations

import functools
import importlib
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from gliascope.pipeline import Analyser, analyse_into
from gliascope.read import find_cases

STEPS: Final = (
    ("read", "gliascope.pipeline.work", "read_case"),
    ("prepare: find the head", "gliascope.prepare", "head_mask"),
    ("prepare: enhance", "gliascope.prepare", "enhance_for_network"),
    ("prepare: crop and resize", "gliascope.prepare.inverse.InverseMap", "resize_window"),
    ("prepare: normalise", "gliascope.prepare", "normalise"),
    ("prepare: the rest", "gliascope.pipeline.analyser", "prepare"),
    ("assess", "gliascope.pipeline.analyser", "assess"),
    ("restore the mask", "gliascope.prepare.inverse.InverseMap", "restore"),
    ("finish the outline", "gliascope.pipeline.infer", "finish_outline"),
    ("measure and record", "gliascope.pipeline.results", "record_of"),
    ("write", "gliascope.pipeline.work", "write_case"),
    ("fingerprint", "gliascope.pipeline.work", "fingerprint"),
)
"""Steps and the functions that do them, where the pipeline finds them."""

REST: Final = "everything else"


class Stopwatch:
    """Times of steps without the steps within them, in seconds; the processor's, whatever else the machine does."""

    def __init__(self, clock: Callable[[], float] = time.process_time) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._clock = clock
        self._stack: list[str] = []
        self._since = 0.0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count the time of this block for a step."""
        self._turn()
        self._stack.append(name)
        try:
            yield
        finally:
            self._turn()
            self._stack.pop()

    def wrap(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Count a function's time for a step."""

        @functools.wraps(function)
        def timed(*arguments: Any, **options: Any) -> Any:
            with self.step(name):
                return function(*arguments, **options)

        return timed

    def _turn(self) -> None:
        now = self._clock()
        if self._stack:
            self.seconds[self._stack[-1]] += now - self._since
        self._since = now


def profile(patients: Sequence[Path], model: Path | None, precision: str) -> list[dict[str, Any]]:
    """Time the steps over some patients.

    Returns
    -------
    list of dict
        ``step``, ``ms`` a slice and ``share``, the longest first.
    """
    analyser = Analyser(model, threads=1, precision=precision)
    watch, slices = Stopwatch(), 0
    with ExitStack() as stack, tempfile.TemporaryDirectory() as out:
        files = find_cases(patients)
        list(analyse_into(analyser, files[:1], Path(out) / "first", figures=False))
        for name, place, attribute in STEPS:
            owner = _resolve(place)
            stack.enter_context(patch.object(owner, attribute, watch.wrap(name, getattr(owner, attribute))))
        run = analyser.engine.run
        stack.enter_context(
            patch.object(analyser.engine, "run", lambda role, *rest: watch.wrap(f"network: {role}", run)(role, *rest))
        )
        with watch.step(REST):
            for one in analyse_into(analyser, files, Path(out) / "second", figures=False):
                slices += len(one.record["slices"])
    total = sum(watch.seconds.values())
    rows = [
        {"step": name, "ms": 1e3 * seconds / slices, "share": seconds / total}
        for name, seconds in watch.seconds.items()
    ]
    return sorted(rows, key=lambda row: -row["ms"])


def draw_profile(rows: Sequence[dict[str, Any]], path: Path, title: str) -> None:
    """Draw the steps as bars, the longest on top."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 0.32 * len(rows) + 1.1), layout="constrained")
    axes = figure.subplots()
    names, values = [row["step"] for row in rows][::-1], [row["ms"] for row in rows][::-1]
    bars = axes.barh(names, values, color=["#3b6ea5" if name.startswith("network") else "#9fb8d1" for name in names])
    axes.bar_label(bars, [f"{value:.2f}" for value in values], padding=3, fontsize=8)
    axes.set_xlabel("processor milliseconds a slice, one thread")
    axes.set_title(title, fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.12)
    axes.tick_params(axis="y", labelsize=8)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)


def _resolve(place: str) -> Any:
    """A module, or a class in one."""
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError:
        module, _, name = place.rpartition(".")
        return getattr(importlib.import_module(module), name)
