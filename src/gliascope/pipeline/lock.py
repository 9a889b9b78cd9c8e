"""One writer at a time in a folder: a lock that ends with the process that holds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gliascope.errors import InputError

LOCK: Final = ".gliascope.lock"
"""File in the folder that the system locks. It stays; what a killed process leaves holds nobody back."""

_FOREVER: Final = -1
_PAUSE: Final = 0.1
"""Seconds between two looks whether the folder is free."""


@contextmanager
def locked(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Keep other writers out of a folder for as long as the block lasts.

    The system holds the lock and lets it go when the process ends, however it ends.

    Parameters
    ----------
    folder : Path
        Made where it is missing.
    wait : bool
        Wait for another writer to end instead of refusing.

    Raises
    ------
    InputError
        If another process, or another part of this one, writes into the folder, unless `wait` is true.
    OSError
        If the folder cannot be written.
    """
    from filelock import FileLock, Timeout  # not needed to read, and takes longer to import than all of this room

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK, timeout=_FOREVER if wait else 0, poll_interval=_PAUSE, thread_local=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise InputError(
            f"{folder}: results must be written by one run at a time, received a second while one goes on"
        ) from error
    try:
        yield
    finally:
        lock.release()
