"""Options that name a PACS, and the connection that they ask for."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from gliascope.archive import Archive

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
        if (self.ca_file or self.certificate) and str(self.dicomweb).lower().startswith("http:"):
            raise typer.BadParameter("--ca-file and --certificate go with https or --pacs ... --tls, received http")
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
