"""Start contenders and ask them in turn."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.contenders import OURS
from benchmarks.machine import ROOT
from benchmarks.statistics import order_of


class Worker:
    """A contender's process; see `benchmarks.worker`.

    Parameters
    ----------
    name : str
    threads : int
    model : Path or None
    precision : str
    """

    def __init__(self, name: str, threads: int, model: Path | None = None, precision: str = "auto") -> None:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.worker", name, "--threads", str(threads)]
        command += ["--precision", precision, *(["--model", str(model.resolve())] if model else [])]
        self._name = name
        self._said = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115  closed with the process; a pipe would fill up
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._said, text=True
        )
        self.description = self._read()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._said.close()

    def run(self, patients: Sequence[Path]) -> dict[str, Any]:
        """Have patients done.

        Returns
        -------
        dict
            ``seconds``, ``core_s`` (of all cores together), ``slices``, ``peak_mib``.
        """
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([str(one.resolve()) for one in patients]) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait()
            self._said.seek(0)
            said = self._said.read().strip().splitlines() or [f"exit status {self._process.returncode}"]
            raise RuntimeError(f"the contender {self._name} ended: {said[-1]}")
        answer: dict[str, Any] = json.loads(line)
        return answer


def alternate(
    names: Sequence[str],
    patients: Sequence[Path],
    repeats: int,
    *,
    threads: int,
    model: Path | None,
    precision: str,
    note: Callable[[str], None],
) -> dict[str, dict[str, Any]]:
    """Measure contenders in turn on the same patients; a peer that cannot be loaded is left out.

    Returns
    -------
    dict
        Of each contender ``description``, ``seconds`` and ``core_s`` per patient and repeat, ``slices``, ``peak_mib``.
    """
    results: dict[str, dict[str, Any]] = {}
    with ExitStack() as stack:
        workers = {}
        for name in names:
            note(f"{name}: load, first patient")
            try:
                worker = stack.enter_context(Worker(name, threads, model, precision))
                worker.run(patients[:1])
            except RuntimeError as error:
                if name == OURS:
                    raise
                note(f"left out: {error}")  # the others are worth having
                continue
            workers[name] = worker
            results[name] = {"description": worker.description, "seconds": [], "core_s": []}
        for repeat in range(repeats):
            for name in order_of(list(workers), repeat):
                answer = workers[name].run(patients)
                results[name]["seconds"].append(answer["seconds"] / len(patients))
                results[name]["core_s"].append(answer["core_s"] / len(patients))
                results[name].update(slices=answer["slices"], peak_mib=answer["peak_mib"])
                note(f"repeat {repeat + 1}, {name}: {answer['seconds'] / len(patients):.2f} s a patient")
    return results
