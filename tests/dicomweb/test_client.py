"""The DICOMweb client against a server that is not ours, over lines that break."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from gliascope.archive import Credentials
from gliascope.errors import ArchiveError, InputError
from tests.certificates import make_certificate
from tests.cutting import Line, line_to
from tests.dicom_series import write_series
from tests.orthanc import AFFINE, STUDY, Orthanc, running

pytest.importorskip("dicomweb_client", reason="the extra `pacs` has it")

from gliascope.dicomweb import WebArchive

pytestmark = pytest.mark.usefixtures("short_waits")


@pytest.fixture
def line(orthanc: Orthanc) -> Iterator[Line]:
    with line_to(orthanc.http) as opened:
        yield opened


def over(line: Line, **options: Any) -> WebArchive:
    return WebArchive(f"http://127.0.0.1:{line.port}/dicom-web/", **options)


def test_what_is_missing_after_a_cut_is_fetched_again(
    orthanc: Orthanc, line: Line, bright_series: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    orthanc.fill(bright_series[0].parent)
    archive = over(line)
    (series,) = archive.series(STUDY)
    archive.close()
    line.answers += [60_000, 9_000]
    with caplog.at_level(logging.WARNING):
        found = archive.retrieve(STUDY, series.uid, tmp_path)
    assert line.cuts == 2
    assert len(found) == len(bright_series)
    assert "trying again in 0.01 s" in caplog.text
    assert sorted(one.name for one in found) == sorted(one.name for one in tmp_path.iterdir())
    pixels = {str(one.SOPInstanceUID): one.PixelData for one in map(pydicom.dcmread, bright_series)}
    assert {str(one.SOPInstanceUID): one.PixelData for one in map(pydicom.dcmread, found)} == pixels


@pytest.mark.parametrize("cut", ["requests", "answers"])
def test_a_store_that_is_cut_is_sent_again_and_kept_once(
    orthanc: Orthanc, line: Line, bright_series: list[Path], cut: str
) -> None:
    archive = over(line)
    getattr(line, cut).append(10_000 if cut == "requests" else 150)
    assert archive.store(bright_series[0])
    assert line.cuts == 1
    assert orthanc.count() == 1
    assert not archive.store(bright_series[0])
    held = orthanc.ask("instances?expand")[0]
    assert held["MainDicomTags"]["SOPInstanceUID"] == str(pydicom.dcmread(bright_series[0]).SOPInstanceUID)


def test_a_large_object_is_whole_after_a_cut(orthanc: Orthanc, line: Line, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 4000, (1, 1100, 1000), np.uint16)
    (path,) = write_series(tmp_path, noise, AFFINE)
    line.requests += [2**31, 1_500_000]
    archive = over(line)
    archive.studies()
    archive.close()
    assert archive.store(path)
    assert line.cuts == 1
    (held,) = orthanc.ask("instances")
    assert orthanc.ask(f"instances/{held}/simplified-tags")["Rows"] == "1100"


def test_silence_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        archive = WebArchive(f"http://127.0.0.1:{mute.getsockname()[1]}/dicom-web", timeout=0.1)
        with pytest.raises(ArchiveError, match=r"no answer in 3 tries: no answer in time"):
            archive.check()


def test_a_token_is_sent_and_never_said(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        archive = over(line, credentials=Credentials(token="hush-1234"))
        archive.check()
    assert b"Authorization: Bearer hush-1234" in line.heard
    assert "hush-1234" not in caplog.text + repr(vars(archive))
    assert "unencrypted" in caplog.text


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """A server behind TLS and a password, and the certificate to trust."""
    folder = tmp_path_factory.mktemp("sealed")
    made = make_certificate(folder)
    secrets = {"AuthenticationEnabled": True, "RegisteredUsers": {"reader": "hush"}}
    (folder / "store").mkdir()
    with running(folder / "store", **secrets) as server, behind_tls(server.http, made.both) as port:
        yield f"https://127.0.0.1:{port}/dicom-web", made.public


@contextmanager
def behind_tls(port: int, certificate: Path, known: Path | None = None) -> Iterator[int]:
    """Put TLS before a server, which may let in one client alone: Debian's Orthanc 1.10 ends at the first handshake."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            onward = HTTPConnection("127.0.0.1", port)
            kept = {
                name: value
                for name, value in self.headers.items()
                if name in {"Accept", "Authorization", "Content-Type"}
            }
            onward.request(self.command, self.path, content, kept)
            answer = onward.getresponse()
            body = answer.read()
            self.send_response_only(answer.status)
            self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            onward.close()

        do_POST = do_GET  # noqa: N815  the name that http.server calls

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if known is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(known)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def test_tls_and_a_password(sealed: tuple[str, Path], bright_series: list[Path]) -> None:
    url, certificate = sealed
    archive = WebArchive(url, credentials=Credentials("reader", "hush"), ca_file=certificate)
    assert archive.store(bright_series[0])
    assert [one.uid for one in archive.studies()] == [STUDY]
    with pytest.raises(ArchiveError, match=r"the certificate must be one that is trusted \(--ca-file\)"):
        WebArchive(url, credentials=Credentials("reader", "hush")).check()
    with pytest.raises(ArchiveError, match="who asks must be known and allowed, received status 401"):
        WebArchive(url, credentials=Credentials("reader", "loud"), ca_file=certificate).check()
    with pytest.raises(InputError, match="trusted certificates must hold PEM"):
        WebArchive(url, ca_file=certificate / "none")


def test_a_server_that_wants_to_know_who_asks_by_tls(orthanc: Orthanc, tmp_path: Path) -> None:
    theirs, ours = (make_certificate(tmp_path / name) for name in ("theirs", "ours"))
    with behind_tls(orthanc.http, theirs.both, ours.public) as port:
        url = f"https://127.0.0.1:{port}/dicom-web"
        WebArchive(url, ca_file=theirs.public, certificate=ours.both).check()
        with pytest.raises(ArchiveError, match="--certificate"):
            WebArchive(url, ca_file=theirs.public).check()


def test_secrets_reach_the_command_by_environment_and_by_file(
    sealed: tuple[str, Path], tmp_path: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, certificate = sealed
    words = ("studies", "--dicomweb", url, "--ca-file", certificate)
    assert "received status 401" in cli(*words).err
    monkeypatch.setenv("GLIASCOPE_PACS_USER", "reader")
    monkeypatch.setenv("GLIASCOPE_PACS_PASSWORD", "hush")
    assert "401" not in cli(*words, "-vv").err
    monkeypatch.setenv("GLIASCOPE_PACS_PASSWORD", "loud")
    secrets = tmp_path / "secrets.toml"
    secrets.write_text('user = "reader"\npassword = "hush"\n')
    secrets.chmod(0o644)
    assert cli(*words, "--credentials", secrets).status == 2
    secrets.chmod(0o600)
    assert "401" not in cli(*words, "--credentials", secrets).err


@contextmanager
def answering(status: int, content: bytes, kind: str) -> Iterator[str]:
    """A server that gives everybody one answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/dicom-web"
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "content", "kind", "message"),
    [
        (200, b"<html>Jane Doe</html>", "text/html", "an answer must be DICOM JSON"),
        (404, b"", "text/plain", r"received status 404 \(Not Found\)"),
        (403, b"Jane", "text/plain", "who asks must be known and allowed"),
        (503, b"", "text/plain", "no answer in 3 tries: status 503"),
    ],
)
def test_answers_that_are_none(status: int, content: bytes, kind: str, message: str) -> None:
    with answering(status, content, kind) as url, pytest.raises(ArchiveError, match=message) as raised:
        WebArchive(url).check()
    assert "Jane" not in str(raised.value)


@pytest.mark.parametrize(
    "content", [b"{}", b"[1, null]", b'[{"0020000D": {"vr": "UI", "Value": ["../x"]}}]', b'[{"0020000D": 1}]', b"null"]
)
def test_odd_entries_are_passed_over(content: bytes) -> None:
    with answering(200, content, "application/dicom+json") as url:
        assert WebArchive(url).studies() == []
        assert WebArchive(url).series("1.2.3") == []


def test_a_file_that_is_none_is_not_sent(tmp_path: Path) -> None:
    archive = WebArchive("http://127.0.0.1:1/dicom-web")
    (tmp_path / "words.dcm").write_text("words")
    with pytest.raises(InputError, match="must be a DICOM file"):
        archive.store(tmp_path / "words.dcm")
