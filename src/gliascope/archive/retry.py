"""Second tries after a connection that was cut, later each time, and none for an archive that stays away."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Final, Literal, TypeVar

from gliascope.errors import ArchiveError

Request = Literal["question", "retrieval", "storage"]

WAITS: Final[list[float]] = [0.5, 1.0, 2.0, 4.0]
"""Seconds before each further try: what a restart of a service or of a switch takes."""
SLOW: Final = 1.0
"""Seconds from which on a try in vain was one that waited: a refusal comes sooner."""
SHARE: Final = 9.0
"""An archive that kept us waiting is left alone for so many times that long: a tenth of a run is spent on waiting."""

_T = TypeVar("_T")
_logger = logging.getLogger(__name__)


class Lost(Exception):  # noqa: N818  what happened, as in gliascope.errors
    """The archive could not be reached or broke off, and may answer the next time; the text tells no patient."""


class Patience:
    """How long an archive is waited for: fully once, and briefly while nothing says that it is back.

    After a request that was lost in every try, the next of its kind has a single try: it may have been that one object.
    Where that one kept us waiting in vain too, the archive is left alone for a while, and what is asked of it fails at
    once. An answer, whatever it says, makes up for everything. Kinds are counted apart: an archive may answer
    questions, and store nothing. It is never left alone for a retrieval in vain: one study may lie on a tape, the next
    on a disk.

    Parameters
    ----------
    archive : str
        Name of the archive, for messages.
    """

    def __init__(self, archive: str) -> None:
        self._archive = archive
        self._alone: dict[Request, float] = {}  # kinds that were lost, and the moment until which nothing is asked

    def __call__(self, action: Callable[[], _T], kind: Request = "question") -> _T:
        """Do something that may be done twice, again and again while the connection is lost.

        Parameters
        ----------
        action : callable
            Raises `Lost` where another try may help.
        kind : str
            What is asked for.

        Returns
        -------
        object
            What `action` returned.

        Raises
        ------
        ArchiveError
            If every try was lost, or the archive is left alone.
        """
        until = self._alone.get(kind)
        if until is not None and time.monotonic() < until:
            raise ArchiveError(f"{self._archive}: was not asked, having kept others waiting in vain before")
        self._alone.pop(kind, None)
        waits = WAITS if until is None else []
        for wait in waits:
            try:
                return action()
            except Lost as lost:
                _logger.warning("%s: %s; trying again in %g s", self._archive, lost, wait)
                time.sleep(wait)
        begin = time.monotonic()
        try:
            return action()
        except Lost as lost:
            waited = time.monotonic() - begin
            is_away = until is not None and waited >= SLOW and kind != "retrieval"
            rest = SHARE * waited if is_away else 0.0
            self._alone[kind] = begin + waited + rest
            what = f"no answer in {len(WAITS) + 1} tries" if until is None else "still no answer"
            raise ArchiveError(f"{self._archive}: {what}: {lost}") from lost
