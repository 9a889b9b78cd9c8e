from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.dataset.fetch.source import DAMAGE, FolderSource, Member, ZipSource, is_whole, open_source
from gliascope.errors import InputError, UnreadableFile

ZipMaker = Callable[..., Path]


def test_a_zip_archive(make_zip: ZipMaker) -> None:
    path = make_zip({"a/b.txt": b"hello", "c": b"", "d/": b""})
    with closing(open_source(path)) as source:
        assert source.name == "archive.zip"
        assert [(one.path.as_posix(), one.size) for one in source.members] == [("a/b.txt", 5), ("c", 0)]
        assert source.open(source.members[0]).read() == b"hello"


def test_a_folder_without_what_is_hidden(tmp_path: Path) -> None:
    for name in ("set/a/b.txt", "set/.git/c", "set/a/.d"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"hello")
    with closing(open_source(tmp_path / "set")) as source:
        assert source.members == (Member(PurePosixPath("a/b.txt"), 5),)
        with source.open(source.members[0]) as file:
            assert file.read() == b"hello"
    assert FolderSource(tmp_path, "another").name == "another"


@pytest.mark.parametrize(
    "name",
    [
        "../outside.txt",
        "kaggle_3m/../../outside.txt",
        "/etc/outside.txt",
        "C:/outside.txt",
        "c:outside.txt",
        "a\\..\\outside.txt",
        "a//b",
        "./a",
        "a/line\nbreak",
        "..",
    ],
)
def test_a_path_that_leads_outside_is_refused(make_zip: ZipMaker, name: str) -> None:
    path = make_zip({"kaggle_3m/fine.txt": b"", name: b"?"})
    with pytest.raises(InputError, match="an archive must hold plain files with paths inside it, received"):
        open_source(path)


@given(st.lists(st.sampled_from(["a", "..", ".", "", "kaggle_3m", "C:", "b.tif"]), min_size=1, max_size=5))
def test_no_member_leads_out_of_its_folder(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    path = tmp_path_factory.mktemp("zip") / "archive.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(zipfile.ZipInfo("/".join(parts)), b"?")
    try:
        source = ZipSource(path)
    except InputError:
        return
    with closing(source):
        for member in source.members:
            assert (Path("/root/of/all") / member.path).resolve().is_relative_to("/root/of/all")


def test_a_link_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("kaggle_3m")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr(link, "/etc")
    with pytest.raises(InputError, match="plain files"):
        open_source(tmp_path / "archive.zip")


@pytest.mark.parametrize("twin", ["a/B.txt", "a/b.txt"])
@pytest.mark.filterwarnings("ignore:Duplicate name:UserWarning")  # zipfile, when the archive is made
def test_a_file_that_comes_twice_is_refused(tmp_path: Path, twin: str) -> None:
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("a/b.txt", b"1")
        archive.writestr(twin, b"2")
    with pytest.raises(InputError, match="an archive must hold each file once"):
        open_source(tmp_path / "archive.zip")


def test_an_archive_whose_end_is_missing_is_refused(make_zip: ZipMaker) -> None:
    path = make_zip({"a": b"0" * 5000})
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(UnreadableFile, match=r"archive\.zip: must be a whole zip archive, received file is not a zip"):
        open_source(path)


def test_a_wrong_byte_is_found_when_it_is_read(make_zip: ZipMaker) -> None:
    path = make_zip({"a": b"0" * 5000})
    content = bytearray(path.read_bytes())
    content[2500] ^= 1
    path.write_bytes(content)
    with closing(open_source(path)) as source, pytest.raises(DAMAGE), source.open(source.members[0]) as file:
        file.read()


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must be a zip archive or a folder, received a path that does not exist"):
        open_source(tmp_path / "nothing.zip")


def test_whole_files_are_told_from_others(tmp_path: Path, make_zip: ZipMaker) -> None:
    with closing(open_source(make_zip({"a": b"hello"}))) as source:
        (member,) = source.members
    path = tmp_path / "a"
    assert not is_whole(member, path)
    for content, whole in ((b"hell", False), (b"jello", False), (b"hello", True)):
        path.write_bytes(content)
        assert is_whole(member, path) == whole
    path.write_bytes(b"jello")
    assert is_whole(Member(member.path, 5), path)
