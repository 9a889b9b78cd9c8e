"""One writer at a time in a folder: a lock that ends with the process that holds it."""

from __future__ import annotations

import errno
import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gliascope.errors import InputError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK: Final = ".gliascope.lock"
"""File in the folder that the system locks. It is empty; what a killed process leaves holds nobody back."""

_TAKEN: Final = frozenset({errno.EACCES, errno.EAGAIN, errno.EDEADLK})
"""What a system answers where another holds the lock; anything else says that this file system has none."""

_PAUSE: Final = 0.1
"""Seconds between two looks whether the folder is free."""

logger = logging.getLogger(__name__)


@contextmanager
def locked(folder: Path, *, wait: bool = False) -> Iterator[None]:
    """Keep other writers out of a folder for as long as the block lasts.

    The system holds the lock and lets it go when the process ends, however it ends. Where a file system knows no
    locks, the block runs without one, and a warning is logged.

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
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / LOCK
    while (held := _take(path)) is None:
        if not wait:
            raise InputError(
                f"{folder}: results must be written by one run at a time, received a second while one goes on"
            )
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        _give_back(held, path)


def _take(path: Path) -> int | None:
    """Open and lock the file; None where another has it."""
    try:
        held = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError:
        if sys.platform == "win32" and path.exists():  # it is being removed by who held it
            return None
        raise
    try:
        _lock(held)
    except OSError as error:
        if error.errno in _TAKEN:
            os.close(held)
            return None
        logger.warning("%s: this file system knows no locks (%s): a second run is not noticed", path.parent, error)
        return held
    if _is_at(held, path):
        return held
    os.close(held)  # whoever held it has removed the file meanwhile: the next look finds a new one
    return _take(path)


def _lock(held: int) -> None:
    if sys.platform == "win32":
        msvcrt.locking(held, msvcrt.LK_NBLCK, 1)
    else:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_at(held: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(held), path.stat())
    except FileNotFoundError:
        return False


def _give_back(held: int, path: Path) -> None:
    """Remove the file while it is locked where the system allows that, else when it is closed."""
    with suppress(OSError):
        if sys.platform != "win32":
            path.unlink()
    os.close(held)
    with suppress(OSError):
        if sys.platform == "win32":
            path.unlink()  # refused where another has opened it
