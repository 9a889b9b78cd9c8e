"""Cold start, memory and time against the number of patients, one core against all."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.contenders import OURS
from benchmarks.driver import Worker
from benchmarks.machine import ROOT
from benchmarks.statistics import flatness, ratio, spread

COUNTS: Final = (1, 2, 4, 8, 16, 32, 64, 88)
MANY: Final = 40
"""Patients, if there are as many, that all cores are compared with one on: processes are worth starting for them."""


def cold_start(target: Path, repeats: int, model: Path | None, precision: str) -> dict[str, Any]:
    """Time `gliascope analyse` in a fresh process, from its start to its end, results on disk.

    A first start, which is not counted, compiles the code to bytecode, as pip does when it installs a package.

    Parameters
    ----------
    target : Path
        An image or a patient's folder.
    repeats : int
    model : Path or None
    precision : str
    """
    command = [sys.executable, "-m", "gliascope", "analyse", str(target.resolve()), "--no-figures", "-q"]
    command += ["--precision", precision, *(["--model", str(model.resolve())] if model else [])]
    times = []
    with tempfile.TemporaryDirectory() as compiled:
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = compiled
        for _ in range(repeats + 1):
            with tempfile.TemporaryDirectory() as out:
                start = time.perf_counter()
                subprocess.run([*command, "-o", out], cwd=ROOT, env=environment, check=True, capture_output=True)
                times.append(time.perf_counter() - start)
    return spread(times[1:]).values()


def by_count(
    patients: Sequence[Path], threads: int, model: Path | None, precision: str, note: Callable[[str], None]
) -> dict[str, Any]:
    """Time a slice and memory of a fresh process against how many patients it was given at once."""
    rows = []
    for count in [one for one in COUNTS if one <= len(patients)]:
        with Worker(OURS, threads, model, precision) as worker:
            answer = worker.run(patients[:count])
        per_slice = 1e3 * answer["seconds"] / answer["slices"]
        rows.append({"patients": count, "ms_per_slice": per_slice, "peak_mib": answer["peak_mib"]})
        note(f"{count} patients: {per_slice:.1f} ms a slice, {answer['peak_mib']:.0f} MiB")
    counts = [one["patients"] for one in rows]
    return {
        "rows": rows,
        "time_flatness": flatness(counts, [one["ms_per_slice"] for one in rows]),
        "memory_flatness": flatness(counts, [one["peak_mib"] for one in rows]),
    }


def by_cores(
    patients: Sequence[Path], repeats: int, threads: int, model: Path | None, precision: str
) -> dict[str, Any]:
    """Throughput of all cores as a multiple of one core's for up to `MANY` patients, the two in turn."""
    patients, one, many = patients[:MANY], [], []
    with Worker(OURS, 1, model, precision) as first, Worker(OURS, threads, model, precision) as second:
        for worker in (first, second):
            worker.run(patients[:1])
        for _ in range(repeats):
            one.append(first.run(patients)["seconds"])
            many.append(second.run(patients)["seconds"])
    return {"cores": threads, "patients": len(patients), "gain": ratio(many, one).values()}
