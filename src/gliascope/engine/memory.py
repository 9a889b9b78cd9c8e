"""Memory that is free inside the process, given back to the system."""

from __future__ import annotations

import ctypes
import sys


def return_memory() -> None:
    """Give back what was freed and the C library of Linux keeps, where it has the means.

    glibc keeps what one thread freed for that thread alone, so that a process with several grows from case to case, and
    by some 150 MB when the graphs are opened. A few milliseconds.
    """
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc has it, musl has not
    if trim is not None:
        trim(0)
