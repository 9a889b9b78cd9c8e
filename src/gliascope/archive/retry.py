"""Second tries after a connection that was cut, later each time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final, TypeVar

from gliascope.errors import ArchiveError

WAITS: Final[list[float]] = [0.5, 1.0, 2.0, 4.0]
"""Seconds before each further try: what a restart of a service or of a switch takes."""

_T = TypeVar("_T")
_logger = logging.getLogger(__name__)


class Lost(Exception):  # noqa: N818  what happened, as in gliascope.errors
    """The archive could not be reached or broke off, and may answer the next time; the text tells no patient."""


def with_retries(action: Callable[[], _T], archive: str) -> _T:
    """Do something that may be done twice, again and again while the connection is lost.

    Parameters
    ----------
    action : callable
        Raises `Lost` where another try may help.
    archive : str
        Name of the archive, for messages.

    Returns
    -------
    object
        What `action` returned.

    Raises
    ------
    ArchiveError
        If every try was lost.
    """
    for wait in WAITS:
        try:
            return action()
        except Lost as lost:
            _logger.warning("%s: %s; trying again in %g s", archive, lost, wait)
            time.sleep(wait)
    try:
        return action()
    except Lost as lost:
        raise ArchiveError(f"{archive}: no answer in {len(WAITS) + 1} tries: {lost}") from lost
