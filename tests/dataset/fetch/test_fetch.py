"""A data set taken from a file: whole or absent, whatever comes between."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest

from gliascope.dataset.fetch import fetch_data
from gliascope.dataset.fetch.place import MARKER
from gliascope.dataset.fetch.source import Member, ZipSource
from gliascope.errors import FetchError, InputError, UnreadableFile

ZipMaker = Callable[..., Path]


def files_of(root: Path) -> dict[str, bytes]:
    return {
        one.relative_to(root).as_posix(): one.read_bytes()
        for one in root.rglob("*")
        if one.is_file() and one.name != MARKER
    }


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Members that are read from archives, in order."""
    names: list[str] = []
    read = ZipSource.open

    def note(self: ZipSource, member: Member) -> IO[bytes]:
        names.append(member.path.as_posix())
        return read(self, member)

    monkeypatch.setattr(ZipSource, "open", note)
    return names


def test_an_archive(public_zip: Path, public_files: dict[str, bytes], tmp_path: Path) -> None:
    steps: list[tuple[int, int, str]] = []
    fetched = fetch_data(tmp_path / "deep" / "lgg", public_zip, advance=lambda *step: steps.append(step))
    assert files_of(fetched.path) == public_files
    assert (fetched.patients, fetched.slices, fetched.origin, fetched.new) == (2, 8, "archive.zip", True)
    assert fetched.left_out == ("lgg-mri-segmentation/kaggle_3m: a second copy",)
    assert not fetched.is_public_set
    assert [(done, total) for done, total, _ in steps] == [(one, 18) for one in range(1, 19)]
    assert [one.name for one in fetched.path.parent.iterdir()] == ["kaggle_3m"]
    marker = json.loads((fetched.path / MARKER).read_text(encoding="utf-8"))
    assert marker == {
        "schema": "gliascope.fetch/1",
        "origin": "archive.zip",
        "patients": 2,
        "slices": 8,
        "files": 18,
        "bytes": sum(map(len, public_files.values())),
    }


@pytest.mark.parametrize("below", ["", "kaggle_3m"])
def test_a_folder_that_was_unpacked_by_hand(
    public_zip: Path, public_files: dict[str, bytes], tmp_path: Path, below: str
) -> None:
    with zipfile.ZipFile(public_zip) as archive:
        archive.extractall(tmp_path / "by hand")
    fetched = fetch_data(tmp_path / "lgg", tmp_path / "by hand" / below)
    assert files_of(fetched.path) == public_files
    assert fetched.origin == (below or "by hand")


def test_what_is_there_is_left_alone(public_zip: Path, tmp_path: Path, opened: list[str]) -> None:
    fetch_data(tmp_path, public_zip)
    opened.clear()
    again = fetch_data(tmp_path, public_zip)
    assert (again.new, again.patients, again.slices, again.origin) == (False, 2, 8, "archive.zip")
    assert opened == []
    assert fetch_data(tmp_path) == again


def test_an_interrupted_call_is_taken_up(
    public_zip: Path, public_files: dict[str, bytes], tmp_path: Path, opened: list[str]
) -> None:
    def stop(done: int, _total: int, _name: str) -> None:
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_data(tmp_path / "lgg", public_zip, advance=stop)
    assert not (tmp_path / "lgg" / "kaggle_3m").exists()
    (beside,) = (tmp_path / "lgg").iterdir()
    first = set(opened)
    assert len(first) == 7
    spoilt = next(one for one in sorted(beside.rglob("*.tif")))
    spoilt.write_bytes(b"?" * spoilt.stat().st_size)
    opened.clear()
    steps: list[int] = []
    fetched = fetch_data(tmp_path / "lgg", public_zip, advance=lambda done, _total, _name: steps.append(done))
    assert len(opened) == 18 - 7 + 1
    assert f"kaggle_3m/{spoilt.parent.name}/{spoilt.name}" in opened
    assert steps[0] == 7
    assert files_of(fetched.path) == public_files


def test_leftovers_of_another_archive_are_removed(
    make_zip: ZipMaker, public_zip: Path, public_files: dict[str, bytes], tmp_path: Path
) -> None:
    other = make_zip({"kaggle_3m/X/X_1.tif": b"1", "kaggle_3m/X/X_1_mask.tif": b"2"}, "other.zip")

    def stop(_done: int, _total: int, _name: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_data(tmp_path / "lgg", other, advance=stop)
    (tmp_path / "lgg" / ".kagglehub").mkdir()
    fetched = fetch_data(tmp_path / "lgg", public_zip)
    assert files_of(fetched.path) == public_files
    assert not (fetched.path / "X").exists()
    assert [one.name for one in (tmp_path / "lgg").iterdir()] == ["kaggle_3m"]


def test_a_damaged_member_leaves_nothing_in_place(public_zip: Path, tmp_path: Path) -> None:
    content = bytearray(public_zip.read_bytes())
    content[len(content) // 4] ^= 255
    public_zip.write_bytes(content)
    with pytest.raises(UnreadableFile, match=r"archive\.zip: an archive must be undamaged, received a fault in kaggle"):
        fetch_data(tmp_path / "lgg", public_zip)
    assert not (tmp_path / "lgg" / "kaggle_3m").exists()


def test_an_encrypted_archive_is_told(make_zip: ZipMaker, tmp_path: Path) -> None:
    path = make_zip({"P/P_1.tif": b"1", "P/P_1_mask.tif": b"2"})
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.index(signature)
        content[place + offset] |= 1
    path.write_bytes(content)
    with pytest.raises(UnreadableFile, match="encrypted"):
        fetch_data(tmp_path / "lgg", path)


def test_a_full_disk_is_told_before_anything_is_written(
    public_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = {"free": 65 * 2**20}
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), free)())
    with pytest.raises(FetchError, match=r"must have 0\.07 GB free for the data set, received 0\.07 GB"):
        fetch_data(tmp_path / "lgg", public_zip)
    assert list((tmp_path / "lgg" / ".kaggle_3m.part").iterdir()) == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": "another/1"}', '{"schema": "gliascope.fetch/1"}'])
def test_a_folder_of_others_is_not_touched(public_zip: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "kaggle_3m").mkdir()
    (tmp_path / "kaggle_3m" / MARKER).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="a place for the data set must be free"):
        fetch_data(tmp_path, public_zip)


def test_a_data_set_that_lost_a_file_is_not_called_whole(public_zip: Path, tmp_path: Path) -> None:
    fetched = fetch_data(tmp_path / "lgg", public_zip)
    next(iter(sorted(fetched.path.rglob("*_2.tif")))).unlink()
    with pytest.raises(InputError, match=r"as it was fetched, 18 files of \d+ bytes, received 17 of \d+; remove"):
        fetch_data(tmp_path / "lgg", public_zip)


def test_no_data_set_inside(make_zip: ZipMaker, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="kaggle_3m/PATIENT/PATIENT_1"):
        fetch_data(tmp_path / "lgg", make_zip({"a.txt": b""}))
    assert not (tmp_path / "lgg").exists()


def test_what_was_fetched_can_be_checked(public_zip: Path, tmp_path: Path) -> None:
    from gliascope.dataset.check import check_data

    report: Any = check_data(fetch_data(tmp_path / "lgg", public_zip).path)
    assert (report.patients, report.slices, report.broken) == (2, 8, False)
    assert report.remarks == ()
