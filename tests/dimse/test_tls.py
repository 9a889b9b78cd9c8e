"""DIMSE over TLS, with a server that is not ours and wants to know who asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gliascope.archive import client_context
from gliascope.errors import ArchiveError, InputError
from tests.certificates import Certificate, make_certificate
from tests.orthanc import STUDY, Orthanc, running

pytest.importorskip("pynetdicom", reason="the extra `pacs` has it")

from gliascope.dimse import DimseArchive

pytestmark = pytest.mark.usefixtures("short_waits")


@dataclass(frozen=True)
class Sealed:
    """A server behind TLS.

    Attributes
    ----------
    server : Orthanc
    theirs, ours : Certificate
        The server's, and the only one that it lets in.
    """

    server: Orthanc
    theirs: Certificate
    ours: Certificate


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sealed]:
    folder = tmp_path_factory.mktemp("sealed")
    theirs, ours = (make_certificate(folder / name) for name in ("theirs", "ours"))
    settings = {
        "DicomTlsEnabled": True,
        "DicomTlsCertificate": str(theirs.public),
        "DicomTlsPrivateKey": str(theirs.key),
        "DicomTlsTrustedCertificates": str(ours.public),
        "DicomTlsRemoteCertificateRequired": True,
    }
    (folder / "store").mkdir()
    with running(folder / "store", **settings) as server:
        yield Sealed(server, theirs, ours)


def test_find_get_and_store(sealed: Sealed, bright_series: list[Path], tmp_path: Path) -> None:
    sealed.server.empty()
    archive = DimseArchive(sealed.server.pacs, tls=client_context(sealed.theirs.public, sealed.ours.both))
    archive.check()
    assert [archive.store(one) for one in bright_series] == [True] * len(bright_series)
    assert not archive.store(bright_series[0])
    assert [one.uid for one in archive.studies()] == [STUDY]
    (series,) = archive.series(STUDY)
    assert len(archive.retrieve(STUDY, series.uid, tmp_path)) == len(bright_series)


def test_certificates_must_be_trusted_on_both_sides(sealed: Sealed) -> None:
    with pytest.raises(ArchiveError, match=r"the certificate must be one that is trusted \(--ca-file\)"):
        DimseArchive(sealed.server.pacs, tls=client_context(None, sealed.ours.both)).check()
    for other in (None, sealed.theirs.both):
        archive = DimseArchive(sealed.server.pacs, tls=client_context(sealed.theirs.public, other))
        with pytest.raises(
            ArchiveError, match=r"TLS must be agreed on, perhaps after --certificate, received \w*_ALERT_"
        ):
            archive.check()


def test_one_side_alone_speaks_tls(sealed: Sealed, orthanc: Orthanc) -> None:
    with pytest.raises(ArchiveError, match="no answer in 3 tries: no association"):
        DimseArchive(sealed.server.pacs, timeout=2).check()
    tls = client_context(sealed.theirs.public, sealed.ours.both)
    with pytest.raises(ArchiveError, match="no answer in 3 tries: no encrypted association"):
        DimseArchive(orthanc.pacs, timeout=2, tls=tls).check()


def test_the_command_line_speaks_it(sealed: Sealed, bright_series: list[Path], cli: Callable[..., Any]) -> None:
    sealed.server.fill(bright_series[0].parent)
    words = ("studies", "--pacs", sealed.server.pacs)
    trust = ("--ca-file", sealed.theirs.public, "--certificate", sealed.ours.both)
    listed = cli(*words, "--tls", *trust)
    assert listed.status == 0, listed.err
    assert STUDY in listed.out
    assert cli(*words, *trust).status == 2
    assert cli(*words, "--tls", "--certificate", sealed.ours.public).status == 2
    assert cli("studies", "--dicomweb", sealed.server.dicomweb, "--tls").status == 2


def test_files_that_hold_no_certificates(sealed: Sealed, tmp_path: Path) -> None:
    (tmp_path / "words.pem").write_text("words")
    with pytest.raises(InputError, match=r"words.pem: a file with trusted certificates must hold PEM"):
        client_context(tmp_path / "words.pem")
    for path in (tmp_path / "none.pem", sealed.ours.public):
        with pytest.raises(InputError, match="must hold it and its key as PEM, without a passphrase"):
            client_context(None, path)
    open_to_all = make_certificate(tmp_path / "open")
    open_to_all.both.chmod(0o640)
    with pytest.raises(InputError, match="a file with a private key must be its owner's alone: chmod 600"):
        client_context(None, open_to_all.both)
    secret = make_certificate(tmp_path / "secret", "-passout", "pass:hush")
    with pytest.raises(InputError, match="without a passphrase"):
        client_context(None, secret.both)
