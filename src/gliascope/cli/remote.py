"""Options that name a PACS, and the connection that they ask for."""

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
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gliascope.cli.console import error, note

if TYPE_CHECKING:
    from gliascope.archive import Archive
    from gliascope.pipeline.archive import Stored

TERMINATED = 143
"""Exit status after SIGTERM, as shells report it."""

DicomWeb = Annotated[
    str | None,
    typer.Option(
        "--dicomweb", metavar="URL", show_default=False, help="A PACS by DICOMweb, as https://host:8042/dicom-web."
    ),
]
"""``dicomweb: DicomWeb = None``"""

Pacs = Annotated[
    str | None,
    typer.Option(
        "--pacs", metavar="AET@HOST:PORT", show_default=False, help="A PACS by DIMSE, in place of --dicomweb."
    ),
]
"""``pacs: Pacs = None``"""

OwnTitle = Annotated[str, typer.Option("--aet", metavar="AET", help="What gliascope calls itself to a PACS by DIMSE.")]
"""``aet: OwnTitle = "GLIASCOPE"``"""

Tls = Annotated[bool, typer.Option("--tls", help="Encrypt DIMSE; https does so by itself.")]
"""``tls: Tls = False``"""

Certificate = Annotated[
    Path | None,
    typer.Option(
        "--certificate",
        metavar="PEM",
        exists=True,
        dir_okay=False,
        show_default=False,
        help="Our own certificate and its key, for a PACS that asks who we are by TLS.",
    ),
]
"""``certificate: Certificate = None``"""

Studies = Annotated[
    list[str] | None,
    typer.Option(
        "--study", metavar="UID", show_default=False, help="Study Instance UID to fetch from the PACS; may be repeated."
    ),
]
"""``study: Studies = None``"""

CaFile = Annotated[
    Path | None,
    typer.Option(
        "--ca-file",
        metavar="PEM",
        exists=True,
        dir_okay=False,
        show_default=False,
        help="Certificates to trust in place of the system's; they are always verified.",
    ),
]
"""``ca_file: CaFile = None``"""

CredentialsFile = Annotated[
    Path | None,
    typer.Option(
        "--credentials",
        metavar="TOML",
        exists=True,
        dir_okay=False,
        show_default=False,
        help="File with user and password, or token; else GLIASCOPE_PACS_USER and _PASSWORD, or _TOKEN are asked.",
    ),
]
"""``credentials: CredentialsFile = None``"""

Timeout = Annotated[float, typer.Option(min=0.1, help="Seconds of the PACS's silence after which it is asked again.")]
"""``timeout: Timeout = 60.0``"""


@dataclass(frozen=True)
class Remote:
    """A PACS as the options name it.

    Attributes
    ----------
    dicomweb, pacs : str or None
    aet : str
    ca_file, credentials : Path or None
    timeout : float
    tls : bool
    certificate : Path or None
    """

    dicomweb: str | None = None
    pacs: str | None = None
    aet: str = "GLIASCOPE"
    ca_file: Path | None = None
    credentials: Path | None = None
    timeout: float = 60.0
    tls: bool = False
    certificate: Path | None = None

    @property
    def is_named(self) -> bool:
        """Whether there is one."""
        return self.dicomweb is not None or self.pacs is not None

    @property
    def words(self) -> str:
        """The options again, for a command that is to be repeated; no secrets are among them."""
        named: dict[str, object] = {"--dicomweb": self.dicomweb, "--pacs": self.pacs, "--aet": self.pacs and self.aet}
        named |= {"--ca-file": self.ca_file, "--certificate": self.certificate, "--credentials": self.credentials}
        words = [word for key, value in named.items() if value is not None for word in (key, str(value))]
        return shlex.join([*words, "--tls"] if self.tls else words)

    @contextmanager
    def open(self) -> Iterator[Archive]:
        """Connect.

        Raises
        ------
        typer.BadParameter
            If an option cannot be used.
        """
        from gliascope.errors import InputError

        try:
            archive = self._connect()
        except InputError as wrong:
            raise typer.BadParameter(str(wrong)) from wrong
        try:
            yield archive
        finally:
            archive.close()

    def _connect(self) -> Archive:
        if (self.dicomweb is None) == (self.pacs is None):
            received = "none" if self.pacs is None else "both"
            raise typer.BadParameter(f"a PACS must be named by one of --dicomweb and --pacs, received {received}")
        return self._web() if self.pacs is None else self._dimse(self.pacs)

    def _web(self) -> Archive:
        from gliascope.archive import read_credentials
        from gliascope.dicomweb import WebArchive

        if self.tls:
            raise typer.BadParameter("--tls goes with --pacs: the address says whether DICOMweb is encrypted")
        secrets = read_credentials(self.credentials)
        trust = {"ca_file": self.ca_file, "certificate": self.certificate}
        return WebArchive(str(self.dicomweb), credentials=secrets, timeout=self.timeout, **trust)

    def _dimse(self, address: str) -> Archive:
        from gliascope.archive import client_context
        from gliascope.dimse import DimseArchive

        if self.credentials:
            raise typer.BadParameter("--credentials goes with --dicomweb, received --pacs")
        if (self.ca_file or self.certificate) and not self.tls:
            raise typer.BadParameter("--ca-file and --certificate go with --dicomweb or --tls, received neither")
        tls = client_context(self.ca_file, self.certificate) if self.tls else None
        return DimseArchive(address, own=self.aet, timeout=self.timeout, tls=tls)


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
        except ArchiveError as problem:
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
