"""What a run has from a PACS, and gives to it."""

from __future__ import annotations

import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from gliascope.cli.console import error, note
from gliascope.cli.remote import Remote

if TYPE_CHECKING:
    from gliascope.archive import Archive
    from gliascope.pipeline.archive import Stored

TERMINATED = 143
"""Exit status after SIGTERM, as shells report it."""


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a folder that only its owner may enter and that is gone afterwards, after SIGTERM too."""

    def end(*_: object) -> None:
        sys.exit(TERMINATED)

    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, end) if is_main else None
    try:
        with tempfile.TemporaryDirectory(prefix="gliascope-") as name:
            yield Path(name)
    finally:
        if is_main:
            signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


def fetch_studies(
    archive: Archive, studies: Sequence[str], folder: Path, *, quiet: bool
) -> tuple[list[Path], dict[str, str]]:
    """Retrieve studies; one that fails is told and does not keep the others back.

    Returns
    -------
    list of Path
        A folder for each study.
    dict of str to str
        What kept the others back, by their UID.

    Raises
    ------
    typer.BadParameter
        If one is no UID.
    """
    from gliascope.archive import checked_uid
    from gliascope.errors import ArchiveError, InputError
    from gliascope.pipeline.archive import fetch_study

    try:
        wanted = list(dict.fromkeys(checked_uid(one) for one in studies))
    except InputError as wrong:
        raise typer.BadParameter(f"--study: {wrong}") from wrong
    found, missed = [], {}
    for one in wanted:
        try:
            found.append(fetch_study(archive, one, folder))
        except (ArchiveError, OSError) as problem:  # the disk may be full
            missed[one] = str(problem)
            error(f"study {one}: was not fetched: {problem}")
        else:
            if not quiet:
                note(f"study {one}: {len(list(found[-1].iterdir()))} instances from {archive.name}")
    return found, missed


class Storing:
    """What became of the objects of a run.

    Parameters
    ----------
    archive : Archive or None
        None where nothing is to be stored.
    """

    def __init__(self, archive: Archive | None) -> None:
        self._archive = archive
        self.done: list[Stored] = []

    @property
    def failed(self) -> list[Stored]:
        """Objects that are not in the archive."""
        return [one for one in self.done if one.state == "failed"]

    def add(self, folder: Path) -> list[dict[str, Any]]:
        """Store the objects of a case's folder, and tell what failed."""
        from gliascope.pipeline.archive import store_case

        if self._archive is None:
            return []
        fresh = list(store_case(self._archive, folder))
        self.done += fresh
        for one in fresh:
            if one.state == "failed":
                error(f"{one.path}: was not stored: {one.message}")
        return [{"path": str(one.path), "state": one.state, "message": one.message or None} for one in fresh]

    def finish(self, results: Sequence[Path], remote: Remote, *, quiet: bool) -> None:
        """Say what was stored, and how to store what was not."""
        if self._archive is None:
            return
        counts = {state: sum(one.state == state for one in self.done) for state in ("stored", "present", "failed")}
        if not quiet:
            note(f"{self._archive.name}: {counts['stored']} objects stored, {counts['present']} were there already")
        if counts["failed"]:
            where = shlex.join(str(one) for one in results)
            error(f"{counts['failed']} objects were not stored; to store them: gliascope store {where} {remote.words}")


@dataclass(frozen=True)
class Attached:
    """What a run has from a PACS, and gives to it.

    Attributes
    ----------
    fetched : list of Path
        A folder for each study that was retrieved.
    missed : dict of str to str
        Why others were not, by their UID.
    storing : Storing
    """

    fetched: list[Path]
    missed: dict[str, str]
    storing: Storing


@contextmanager
def attached(remote: Remote, studies: Sequence[str], *, store: bool, quiet: bool) -> Iterator[Attached]:
    """Retrieve studies for as long as they are needed, and keep the connection for what is stored.

    Raises
    ------
    typer.BadParameter
        If the options do not fit together.
    """
    if remote.is_named != bool(studies or store):
        rule = "a PACS goes with --study, what is fetched, or --store"
        raise typer.BadParameter(f"{rule}, received {'neither' if remote.is_named else 'no PACS (--dicomweb, --pacs)'}")
    with ExitStack() as held:
        if not remote.is_named:
            yield Attached([], {}, Storing(None))
            return
        archive = held.enter_context(remote.open())
        found: tuple[list[Path], dict[str, str]] = ([], {})
        if studies:
            found = fetch_studies(archive, studies, held.enter_context(temporary_folder()), quiet=quiet)
        yield Attached(*found, Storing(archive if store else None))
