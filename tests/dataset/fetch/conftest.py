"""A small archive laid out as the public one, and a stand-in of Kaggle's download on this machine."""

from __future__ import annotations

import base64
import contextlib
import gc
import hashlib
import io
import threading
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

PATIENTS = ("TCGA_CS_0001_20000101", "TCGA_DU_0002_20000202")
SLICES = 4


def _tiff(values: Any, photometric: str) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, values, photometric=photometric, metadata=None)
    return file.getvalue()


@pytest.fixture(scope="session")
def public_files() -> dict[str, bytes]:
    """Two patients of four slices, data.csv and README.md, by their paths below kaggle_3m: 2 MB."""
    rng = np.random.default_rng(0)
    files = {"data.csv": b"Patient\n", "README.md": b"About.\n"}
    for name in PATIENTS:
        for number in range(1, SLICES + 1):
            image = rng.integers(0, 255, (256, 256, 3), dtype=np.uint8)
            mask = (rng.random((256, 256)) < 0.1).astype(np.uint8) * np.uint8(255)
            files[f"{name}/{name}_{number}.tif"] = _tiff(image, "rgb")
            files[f"{name}/{name}_{number}_mask.tif"] = _tiff(mask, "minisblack")
    return files


ZipMaker = Callable[..., Path]


@pytest.fixture
def make_zip(tmp_path: Path) -> ZipMaker:
    """`make_zip({"a/b": b""}, name="x.zip")` -> path of the archive; nothing is compressed."""

    def make(files: dict[str, bytes], name: str = "archive.zip") -> Path:
        path = tmp_path / name
        with zipfile.ZipFile(path, "w") as archive:
            for member, content in files.items():
                archive.writestr(member, content)
        return path

    return make


@pytest.fixture
def public_zip(make_zip: ZipMaker, public_files: dict[str, bytes]) -> Path:
    """The archive of the public page: the data set, and a second copy of it in a folder."""
    once = {f"kaggle_3m/{path}": content for path, content in public_files.items()}
    return make_zip(once | {f"lgg-mri-segmentation/{path}": content for path, content in once.items()})


@dataclass
class StandIn:
    """What the stand-in serves, and what it was asked.

    Attributes
    ----------
    content : bytes
        The archive.
    stops : list of int
        After how many bytes it closes the connection, answer by answer; then it does so no more.
    status : int
        Of the answer to the request for the data set; 302 leads on to the archive.
    silent : bool
        It takes requests and never answers.
    asked : list of (str, str or None)
        Path and Range header of each request.
    """

    content: bytes
    stops: list[int] = field(default_factory=list)
    status: int = 302
    silent: bool = False
    checksum: str | None = None
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def md5(self) -> str:
        return self.checksum or base64.b64encode(hashlib.md5(self.content).digest()).decode()


class _Handler(BaseHTTPRequestHandler):
    stand_in: StandIn

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name of the method that is replaced
        """Say nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._note()
        if self.stand_in.silent:
            self.stand_in.over.wait(30)
            return
        self.send_response(self.stand_in.status)
        self.send_header("Location", "/files/archive.zip")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        asked = self._note()
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
        rest = self.stand_in.content[start:]
        self.send_response(206 if asked else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(len(rest)))
        self.send_header("x-goog-hash", f"crc32c=AAAAAA==,md5={self.stand_in.md5}")
        if asked:
            total = len(self.stand_in.content)
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.end_headers()
        stop = self.stand_in.stops.pop(0) if self.stand_in.stops else len(rest)
        with contextlib.suppress(OSError):  # who asked has gone
            self.wfile.write(rest[:stop])
        self.close_connection = True

    def _note(self) -> str | None:
        asked = self.headers.get("Range")
        self.stand_in.asked.append((self.path, asked))
        return asked


@pytest.fixture
def kaggle(public_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """Kaggle's download on this machine; nobody's credentials and caches are looked at."""
    pytest.importorskip("kagglehub")
    from kagglesdk import kaggle_env

    home = tmp_path / "home"
    home.mkdir()
    for name in ("KAGGLEHUB_CACHE", "KAGGLE_USERNAME", "KAGGLE_KEY", "KAGGLE_API_TOKEN", "KAGGLE_KERNEL_RUN_TYPE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("HOME", "USERPROFILE", "KAGGLE_CONFIG_DIR"):
        monkeypatch.setenv(name, str(home))
    monkeypatch.setenv("NO_PROXY", "*")
    stand_in = StandIn(public_zip.read_bytes())
    handler = type("Handler", (_Handler,), {"stand_in": stand_in})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        address = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, address)
        yield stand_in
        stand_in.over.set()
        server.shutdown()
        thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # http.client leaves the socket of a request that timed out
        gc.collect()
