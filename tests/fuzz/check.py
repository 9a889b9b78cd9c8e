"""What every file must end in, sound or not: a case, or a problem with a name, in bounded memory and time."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Final

import numpy as np

from gliascope.errors import GliascopeError
from gliascope.read import find_cases, read_case
from tests.fuzz.seeds import Seed

MOST_SECONDS: Final = 10.0
MOST_BYTES: Final = 2**30
"""By which the process may grow for one file."""


class PromiseError(AssertionError):
    """A file cost too much, or ended in something that is no case."""


def place(seed: Seed, content: bytes, folder: Path) -> Path:
    """Write a file with its sound neighbours; give what is to be read."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, each in seed.beside:
        (folder / name).write_bytes(each)
    path = folder / seed.name
    path.write_bytes(content)
    return path if path.suffix == ".zip" else folder


def check(path: Path) -> None:
    """Read what lies at a path.

    Raises
    ------
    PromiseError
        If it took too much memory or time, or a case has neither scans nor problems, or values that are not finite.
    Exception
        Whatever a reader should not have let through.
    """
    start, before = time.monotonic(), _peak()
    try:
        for files in find_cases(path):
            case = read_case(files)
            if not (case.scans or case.problems):
                raise PromiseError(f"{path}: a case must have scans or problems, received neither")
            for scan in case.scans:
                if not (np.isfinite(scan.pixels).all() and np.isfinite(scan.affine).all()):
                    raise PromiseError(f"{path}: a scan must be finite")
    except GliascopeError as error:
        if not str(error):
            raise PromiseError(f"{path}: an error must say what is wrong") from error
    if (took := time.monotonic() - start) > MOST_SECONDS:
        raise PromiseError(f"{path}: a file must be read within {MOST_SECONDS:g} s, received {took:.1f} s")
    if (grown := _peak() - before) > MOST_BYTES:
        raise PromiseError(f"{path}: a file must cost at most {MOST_BYTES} bytes, received {grown}")


def _peak() -> int:
    """Most memory that the process has held so far, in bytes (Linux counts in kB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
