"""A PACS that is not ours: Debian's Orthanc, started on loopback with a temporary store."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

from tests.dicom_series import uid, write_series
from tests.dicom_tools import REQUIRED

STUDY = uid("study", "PHANTOM-1", "1")
"""The study that `bright_series` belongs to."""
AFFINE = np.diag([2.0, 2.0, 5.0, 1.0])

PLUGINS: Final = (Path("/usr/share/orthanc/plugins"), Path("/usr/lib/orthanc"))
STARTS: Final = 3
PATIENCE_S: Final = 20.0


@dataclass(frozen=True)
class Orthanc:
    """A running server.

    Attributes
    ----------
    http, dicom : int
        Its ports.
    """

    http: int
    dicom: int

    @property
    def dicomweb(self) -> str:
        """Address of its DICOMweb service."""
        return f"http://127.0.0.1:{self.http}/dicom-web"

    @property
    def pacs(self) -> str:
        """Its DIMSE address."""
        return f"ORTHANC@127.0.0.1:{self.dicom}"

    def ask(self, path: str, content: bytes | None = None, method: str | None = None) -> Any:
        """Call Orthanc's own interface, past DICOMweb."""
        return json.loads(self.read(path, content, method))

    def read(self, path: str, content: bytes | None = None, method: str | None = None) -> bytes:
        """Call it, and take the answer as it comes."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}/{path}", content, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return bytes(answer.read())

    def fill(self, folder: Path) -> None:
        """Put every file under a folder into the store."""
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            self.ask("instances", path.read_bytes())

    def empty(self) -> None:
        """Take everything out of the store."""
        for one in self.ask("patients"):
            self.ask(f"patients/{one}", method="DELETE")

    def count(self) -> int:
        """How many instances it holds."""
        return len(self.ask("instances"))


def free_port() -> int:
    """Find a port of loopback that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _program() -> tuple[str, Path]:
    program = shutil.which("Orthanc", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    plugin = next((one for folder in PLUGINS for one in sorted(folder.glob("libOrthancDicomWeb.so*"))), None)
    if program is None or plugin is None:
        message = "Orthanc with DICOMweb not found: apt-get install orthanc orthanc-dicomweb"
        if os.environ.get(REQUIRED):
            pytest.fail(message)
        pytest.skip(message)
    return program, plugin


@contextlib.contextmanager
def running(folder: Path, **settings: Any) -> Iterator[Orthanc]:
    """Run a server of one's own whose store lies in `folder`, with further settings of Orthanc's configuration."""
    program, plugin = _program()
    for _ in range(STARTS):
        server = Orthanc(free_port(), free_port())
        values = {
            "Name": "gliascope's tests",
            "StorageDirectory": str(folder),
            "IndexDirectory": str(folder),
            "HttpPort": server.http,
            "DicomPort": server.dicom,
            "DicomAet": "ORTHANC",
            "DicomCheckCalledAet": True,
            "DicomAlwaysAllowFind": True,
            "DicomAlwaysAllowGet": True,
            "RemoteAccessAllowed": False,
            "AuthenticationEnabled": False,
            "Plugins": [str(plugin)],
            "DicomWeb": {"Enable": True},
            **settings,
        }
        configuration = folder / "orthanc.json"
        configuration.write_text(json.dumps(values), encoding="utf-8")
        with (folder / "orthanc.log").open("wb") as log:
            process = subprocess.Popen([program, str(configuration)], stdout=log, stderr=log)
        try:
            if _answers(server, process):
                yield server
                return
        finally:
            process.terminate()
            process.wait()
    pytest.fail(f"Orthanc did not start: {(folder / 'orthanc.log').read_text(errors='replace')[-500:]}")


def _answers(server: Orthanc, process: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            for port in (server.http, server.dicom):
                socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        time.sleep(0.05)
    return False


@pytest.fixture(scope="session")
def orthanc_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """One server for all tests."""
    with running(tmp_path_factory.mktemp("orthanc")) as server:
        yield server


@pytest.fixture
def orthanc(orthanc_server: Orthanc) -> Orthanc:
    """The server with an empty store."""
    orthanc_server.empty()
    return orthanc_server


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try again at once, and twice at most."""
    from gliascope.archive import retry

    monkeypatch.setattr(retry, "WAITS", [0.01, 0.02])


@pytest.fixture(scope="session")
def bright_series(tmp_path_factory: pytest.TempPathFactory, bright: Callable[..., Any]) -> list[Path]:
    """Files of a series of the study `STUDY`, which nobody changes."""
    return write_series(tmp_path_factory.mktemp("series"), bright().pixels.astype(np.uint16), AFFINE)
