"""Loading Keras for a command, without TensorFlow's remarks on standard error."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


def load_training(purpose: str, *modules: str) -> None:
    """Import what training needs before a module of `gliascope.training` is imported.

    Parameters
    ----------
    purpose : str
        The command, as the error message names it.
    *modules : str
        Packages needed besides Keras and its backend.

    Raises
    ------
    MissingExtra
        If something is not installed.
    """
    from gliascope.training.extra import require_training

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")  # see gliascope.training.determinism
    with _silent_standard_error():
        require_training(purpose, *modules)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it warns of one compilation for each network


@contextmanager
def _silent_standard_error() -> Iterator[None]:
    """Turn file descriptor 2 away: TensorFlow's C++ part writes there while it is loaded, whatever its log level."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
