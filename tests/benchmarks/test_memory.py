"""Memory of a process and of those that it starts."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from benchmarks.memory import PAUSE, PROC, Watch
from benchmarks.worker import core_seconds


@pytest.mark.skipif(not (PROC / "self" / "status").exists(), reason="processes are told by /proc")
def test_the_memory_and_time_of_processes_that_were_started_count() -> None:
    spend = "import time; held = b'x' * (80 << 20); [hash(held[:9]) for _ in range(10**6)]; time.sleep(0.3)"
    with Watch() as idle:  # other tests may have left processes
        time.sleep(10 * PAUSE)
    before = core_seconds()
    with Watch() as watch:
        subprocess.run([sys.executable, "-c", spend], check=True)
    assert watch.started == idle.started + 1
    assert 80 <= watch.peak_mib() - idle.peak_mib() < 160
    assert core_seconds() > before + 0.02
