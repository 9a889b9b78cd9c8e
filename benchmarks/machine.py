"""What was measured on: the machine, how busy it was, versions and commit."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np

from gliascope.engine.onnx import available_cores
from gliascope.precision import processor_features

ROOT: Final = Path(__file__).resolve().parents[1]
PACKAGES: Final = ("gliascope", "numpy", "onnxruntime", "opencv-python-headless", "keras", "tensorflow-cpu", "torch")
TELLING: Final = ("avx2", "avx512f", "avx_vnni", "avx512_vnni", "asimddp", "amx_int8")
"""Processor features that decide about speed."""
BUSY: Final = 0.3
"""A machine is busy where more than this many processes per core wait or run before the measurements begin."""


def describe_machine(threads: int | None = None) -> dict[str, Any]:
    """Describe the machine before anything is measured.

    Returns
    -------
    dict
        JSON values; ``busy`` tells that absolute times are not to be trusted.
    """
    cores = available_cores()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return {
        "processor": processor_name(),
        "features": [one for one in TELLING if one in processor_features()],
        "cores": cores,
        "threads": threads or cores,
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "load": round(load, 2),
        "busy": load > BUSY * cores,
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
        "commit": commit(),
        "changes": changes(),
        "date": time.strftime("%Y-%m-%d"),
    }


def processor_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """Name of the processor as the system tells it."""
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def commit() -> str:
    """The commit that is checked out, with ``+`` where files differ from it; empty outside a checkout."""
    try:
        head = _git("rev-parse", "--short=10", "HEAD")
        return head + ("+" if _git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return ""


def changes(root: Path = ROOT) -> str:
    """Digest of what differs from the commit in the code that is measured and that measures.

    Parameters
    ----------
    root : Path
        The checkout.

    Returns
    -------
    str
        Of changed and of new files; empty where there are none, and outside a checkout.
    """
    code = ("--", "src", "benchmarks")
    try:
        told = _git("diff", "HEAD", "--full-index", *code, root=root)
        new = _git("ls-files", "--others", "--exclude-standard", "-z", *code, root=root).split("\0")
    except (OSError, subprocess.CalledProcessError):
        return ""
    told += "".join(f"{one} {hashlib.sha256((root / one).read_bytes()).hexdigest()}\n" for one in new if one)
    return hashlib.sha256(told.encode()).hexdigest() if told else ""


def peak_gflops(side: int = 2048, repeats: int = 5) -> float:
    """Measured peak: the best of several products of two large float32 matrices, in 10^9 operations a core second."""
    first, second = np.random.default_rng(0).random((2, side, side), dtype=np.float32)
    best = float("inf")
    for _ in range(repeats + 1):
        start = time.process_time()
        np.matmul(first, second)
        best = min(best, time.process_time() - start)
    return 2 * side**3 / best / 1e9


def _git(*words: str, root: Path = ROOT) -> str:
    done = subprocess.run(["git", *words], cwd=root, check=True, capture_output=True, text=True, errors="replace")
    return done.stdout.strip()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
