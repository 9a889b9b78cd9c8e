"""One contender in a process of its own: loaded once, then asked again and again, a line of JSON each way."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.contenders import ENTRIES
from benchmarks.memory import Watch


def main() -> None:
    """Load the contender, then answer requests until the input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("contender", choices=ENTRIES)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--precision", default="auto")
    arguments = parser.parse_args()
    if arguments.threads == 1 and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    answers = os.fdopen(os.dup(1), "w")
    with contextlib.redirect_stdout(sys.stderr):  # frameworks talk on standard output
        begun = time.perf_counter()
        entry = ENTRIES[arguments.contender]
        contender = entry.load(threads=arguments.threads, model=arguments.model, precision=arguments.precision)
        _say(answers, {"loaded_s": time.perf_counter() - begun, **contender.describe()})
        for line in sys.stdin:
            with tempfile.TemporaryDirectory() as out:
                patients = [Path(one) for one in json.loads(line)]
                begun, computed = time.perf_counter(), core_seconds()
                with Watch() as watch:
                    slices = contender.run(patients, Path(out))
                seconds, computed = time.perf_counter() - begun, core_seconds() - computed
            _say(answers, {"seconds": seconds, "core_s": computed, "slices": slices, "peak_mib": watch.peak_mib()})


def core_seconds() -> float:
    """Processor time of this process and of those it has started and waited for."""
    spent = os.times()
    return time.process_time() + spent.children_user + spent.children_system


def _say(answers: Any, values: dict[str, Any]) -> None:
    print(json.dumps(values), file=answers, flush=True)


if __name__ == "__main__":
    main()
