from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from gliascope.engine import memory
from gliascope.engine.memory import return_memory

SCRIPT = """
import re, threading
import numpy as np
from gliascope.engine.memory import return_memory

def held():
    return int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1])

kept = []
def work():
    blocks = [np.ones(12_000) for _ in range(1000)]  # 96 kB each: too small to be mapped by themselves
    kept.append(blocks[-1])  # holds the end of the heap

thread = threading.Thread(target=work)
thread.start()
thread.join()
before = held()
return_memory()
print(before - held())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="asks glibc")
def test_what_a_thread_has_freed_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True)
    assert int(done.stdout) > 50_000


def test_elsewhere_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(memory, "ctypes", None)
    return_memory()
