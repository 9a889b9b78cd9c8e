"""gliascope itself, as the command line runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gliascope.pipeline import Analyser, analyse_into
from gliascope.pipeline.jobs import choose_jobs
from gliascope.read import find_cases


class Ours:
    """`gliascope analyse --no-figures` without starting a process."""

    def __init__(self, *, threads: int, model: Path | None, precision: str) -> None:
        self._analyser = Analyser(model, threads=threads, precision=precision)

    def run(self, patients: list[Path], out: Path) -> int:
        """See `benchmarks.contenders.Contender.run`."""
        files = find_cases(patients)
        jobs = choose_jobs(files, self._analyser.engine.lanes, figures=False)
        done = analyse_into(self._analyser, files, out, figures=False, jobs=jobs)
        return sum(len(one.record["slices"]) for one in done)

    def describe(self) -> dict[str, Any]:
        """See `benchmarks.contenders.Contender.describe`."""
        return {"bundle": self._analyser.bundle.name, **self._analyser.engine.describe()}
