from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gliascope.dataset.fetch import HANDLE, PAGE, fetch_data
from gliascope.dataset.fetch import kaggle as module
from gliascope.errors import FetchError, InputError, MissingExtra

Cli = Callable[..., Any]

MEBIBYTE = 2**20

ASKED = "/v1/datasets.DatasetApiService/DownloadDataset"


def written(root: Path) -> dict[str, bytes]:
    return {one.relative_to(root).as_posix(): one.read_bytes() for one in root.rglob("*") if one.is_file()}


def without_marker(root: Path) -> dict[str, bytes]:
    return {name: content for name, content in written(root).items() if name != ".complete"}


def test_a_download(kaggle: Any, public_files: dict[str, bytes], tmp_path: Path) -> None:
    said: list[str] = []
    fetched = fetch_data(tmp_path / "lgg", say=said.append)
    assert without_marker(fetched.path) == public_files
    assert (fetched.patients, fetched.slices, fetched.origin, fetched.new) == (2, 8, HANDLE, True)
    assert fetched.left_out == ("lgg-mri-segmentation/kaggle_3m: a second copy",)
    assert [one.name for one in (tmp_path / "lgg").iterdir()] == ["kaggle_3m"]
    assert [path for path, _ in kaggle.asked] == [
        "/v1/datasets.DatasetApiService/DownloadDataset",
        "/files/archive.zip",
    ]
    assert any("Extracting" in one for one in said)
    again = fetch_data(tmp_path / "lgg")
    assert not again.new
    assert len(kaggle.asked) == 2


def test_a_download_that_is_cut_off_is_taken_up(kaggle: Any, public_files: dict[str, bytes], tmp_path: Path) -> None:
    half = len(kaggle.content) // 2
    kaggle.stops = [half]
    with pytest.raises(FetchError, match=r"2 MB have arrived, and the same command goes on from there") as caught:
        fetch_data(tmp_path / "lgg")
    assert PAGE in str(caught.value)
    assert not (tmp_path / "lgg" / "kaggle_3m").exists()
    (kept,) = (tmp_path / "lgg").rglob("*.archive")
    size = kept.stat().st_size
    assert MEBIBYTE <= size <= half
    assert kept.read_bytes() == kaggle.content[:size]

    kaggle.asked.clear()
    fetched = fetch_data(tmp_path / "lgg")
    assert kaggle.asked[-1] == ("/files/archive.zip", f"bytes={size}-")
    assert without_marker(fetched.path) == public_files


def test_a_download_may_be_cut_off_often(kaggle: Any, public_files: dict[str, bytes], tmp_path: Path) -> None:
    """Of each attempt kagglehub keeps what it has got in whole mebibytes."""
    kaggle.stops = [MEBIBYTE + 10, 10, MEBIBYTE + 10, 0, MEBIBYTE + 10]
    failed = 0
    while True:
        try:
            fetched = fetch_data(tmp_path / "lgg")
            break
        except FetchError:
            failed += 1
    assert failed >= 2
    ranges = [asked for path, asked in kaggle.asked if asked]
    assert ranges == sorted(ranges, key=lambda one: int(one[6:-1]))
    assert without_marker(fetched.path) == public_files


@pytest.mark.parametrize(
    ("status", "words"), [(403, "status 403: it may want you to sign in"), (404, "does not have"), (503, "status 503")]
)
def test_an_answer_that_is_no_archive(kaggle: Any, tmp_path: Path, status: int, words: str) -> None:
    kaggle.status = status
    with pytest.raises(FetchError) as caught:
        fetch_data(tmp_path / "lgg")
    for part in (words, PAGE, "gliascope data fetch -o DIR --from archive.zip"):
        assert part in str(caught.value)
    assert list((tmp_path / "lgg").iterdir()) == []


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # http.client leaves it after a timeout
def test_nobody_waits_for_a_silent_server(kaggle: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kaggle.silent = True
    monkeypatch.setattr(module, "TIMEOUT", (0.3, 0.3))
    start = time.monotonic()
    with pytest.raises(FetchError, match=r"cannot be reached or fell silent \(Read timed out"):
        fetch_data(tmp_path / "lgg")
    assert time.monotonic() - start < 5


def test_without_a_network(kaggle: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kagglesdk import kaggle_env

    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, "http://127.0.0.1:9")
    start = time.monotonic()
    with pytest.raises(FetchError, match=r"cannot be reached or fell silent \(Failed to establish a new connection"):
        fetch_data(tmp_path / "lgg")
    assert time.monotonic() - start < 5
    monkeypatch.setitem(kaggle_env._env_to_endpoint, kaggle_env.KaggleEnv.PROD, "http://nowhere.invalid")
    with pytest.raises(FetchError, match=r"Failed to resolve 'nowhere.invalid'"):
        fetch_data(tmp_path / "lgg")


def test_a_wrong_checksum_begins_anew(kaggle: Any, public_files: dict[str, bytes], tmp_path: Path) -> None:
    kaggle.checksum = "AAAAAAAAAAAAAAAAAAAAAA=="
    with pytest.raises(FetchError, match="does not match its checksum; it was removed"):
        fetch_data(tmp_path / "lgg")
    assert list((tmp_path / "lgg").iterdir()) == []
    kaggle.checksum = None
    assert without_marker(fetch_data(tmp_path / "lgg").path) == public_files


def test_something_else_than_an_archive_begins_anew(kaggle: Any, tmp_path: Path) -> None:
    content, kaggle.content = kaggle.content, b"<html>Please sign in</html>"
    with pytest.raises(FetchError, match="what arrived is no whole archive; it was removed"):
        fetch_data(tmp_path / "lgg")
    kaggle.content = content
    assert fetch_data(tmp_path / "lgg").slices == 8


def test_an_archive_without_the_data_set(kaggle: Any, make_zip: Callable[..., Path], tmp_path: Path) -> None:
    kaggle.content = make_zip({"a.txt": b"?"}, "other.zip").read_bytes()
    with pytest.raises(InputError, match="must hold patients' folders with images and their masks"):
        fetch_data(tmp_path / "lgg")


def test_the_user_s_cache_is_used_and_kept(
    kaggle: Any, public_files: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAGGLEHUB_CACHE", str(tmp_path / "cache"))
    for place in ("one", "two"):
        assert without_marker(fetch_data(tmp_path / place).path) == public_files
    assert sum(path == "/files/archive.zip" for path, _ in kaggle.asked) == 1
    kept = tmp_path / "cache" / "datasets" / HANDLE / "kaggle_3m"
    assert written(kept) == public_files
    assert os.environ["KAGGLEHUB_CACHE"] == str(tmp_path / "cache")


def test_a_damaged_file_of_credentials(kaggle: Any, tmp_path: Path) -> None:
    (tmp_path / "home" / "kaggle.json").write_text("{", encoding="utf-8")
    with pytest.raises(FetchError, match=r"kagglehub refused .*Invalid Kaggle credentials file"):
        fetch_data(tmp_path / "lgg")


def test_a_full_disk_is_told_before_the_download(kaggle: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": 10**9})())
    with pytest.raises(FetchError, match=r"the disk must have 3\.07 GB free for the data set, received 1\.00 GB"):
        fetch_data(tmp_path / "lgg")
    assert kaggle.asked == []


def test_nothing_is_left_changed(kaggle: Any, tmp_path: Path) -> None:
    import kagglehub
    import requests

    logger = logging.getLogger(kagglehub.__name__)
    before = (requests.Session.send, list(logger.handlers), logger.level, dict(os.environ))
    kaggle.status = 500
    with pytest.raises(FetchError):
        fetch_data(tmp_path / "lgg")
    assert (requests.Session.send, list(logger.handlers), logger.level, dict(os.environ)) == before


def test_without_kagglehub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    with pytest.raises(MissingExtra) as caught:
        fetch_data(tmp_path / "lgg")
    for part in ('pip install "gliascope[data]"', PAGE, "--from archive.zip"):
        assert part in str(caught.value)
    assert not (tmp_path / "lgg").exists()


def test_the_command_line_keeps_standard_output_for_results(kaggle: Any, cli: Cli, tmp_path: Path) -> None:
    kaggle.stops = [len(kaggle.content) // 2]
    first = cli("data", "fetch", "-o", tmp_path / "lgg")
    assert (first.status, first.out) == (1, "")
    assert first.err.count(PAGE) == 1
    second = cli("data", "fetch", "-o", tmp_path / "lgg", "--json")
    assert (second.status, second.err) == (0, "")
    said = json.loads(second.out)
    assert (said["patients"], said["slices"], said["new"], said["whole_public_set"]) == (2, 8, True, False)
    third = cli("data", "fetch", "-o", tmp_path / "lgg")
    assert "2 patients, 8 slices" in third.out
    assert "(already there)" in third.out
