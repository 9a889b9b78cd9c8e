from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from gliascope.dataset.fetch.contents import count_contents, find_contents
from gliascope.dataset.fetch.source import Member
from gliascope.errors import InputError


def members(*paths: str, crc: int = 1) -> list[Member]:
    return [Member(PurePosixPath(one), 7, crc) for one in paths]


def patient(root: str, name: str = "P", slices: int = 2) -> list[str]:
    stems = [f"{root}{name}/{name}_{number}" for number in range(1, slices + 1)]
    return [stem + end for stem in stems for end in (".tif", "_mask.tif")]


def test_the_public_archive_holds_it_twice() -> None:
    once = [*patient("kaggle_3m/", "P"), *patient("kaggle_3m/", "Q", 3), "kaggle_3m/data.csv"]
    found = find_contents(members(*once, *(f"lgg-mri-segmentation/{one}" for one in once)), "x.zip")
    assert found.root == PurePosixPath("kaggle_3m")
    assert {one.as_posix() for one in found.files} == {one.removeprefix("kaggle_3m/") for one in once}
    assert (found.patients, found.slices) == (2, 5)
    assert found.left_out == ("lgg-mri-segmentation/kaggle_3m: a second copy",)


def test_a_copy_that_differs_is_told() -> None:
    once = patient("kaggle_3m/")
    other = [Member(PurePosixPath(f"more/{one}"), 7, number) for number, one in enumerate(once)]
    found = find_contents([*members(*once), *other], "x.zip")
    assert found.left_out == ("more/kaggle_3m: 3 of its 4 files differ",)


def test_the_folder_with_the_most_patients_is_taken() -> None:
    few, many = patient("a/", "P"), [*patient("deep/er/b/", "P"), *patient("deep/er/b/", "Q")]
    assert find_contents(members(*few, *many), "x.zip").root == PurePosixPath("deep/er/b")


def test_the_patients_may_lie_right_in_the_source() -> None:
    extra = ["data.csv", "other/notes.txt", "kaggle_3m/P/P_1.tif", "kaggle_3m/P/P_1_mask.tif"]
    found = find_contents(members(*patient("", "P"), *patient("", "Q"), *extra), "x.zip")
    assert found.root == PurePosixPath()
    assert (found.patients, found.slices) == (2, 4)
    assert {one.as_posix() for one in found.files} == {*patient("", "P"), *patient("", "Q"), "data.csv"}


def test_what_is_hidden_and_what_macos_adds_is_left_out() -> None:
    noise = ["__MACOSX/kaggle_3m/P/._P_1.tif", "kaggle_3m/.DS_Store", "kaggle_3m/P/._P_1.tif", ".cache/P/P_1.tif"]
    found = find_contents(members(*patient("kaggle_3m/"), *noise), "x.zip")
    assert len(found.files) == 4
    assert found.left_out == ()


@pytest.mark.parametrize(
    ("paths", "received"),
    [
        ([], "no files"),
        (["a.txt", "b/c.txt"], "2 files, as a.txt"),
        (["P_1.tif", "P_1_mask.tif"], "2 files, as P_1.tif"),
        (["P/P_1.tif", "P/P_2_mask.tif"], "2 files, as P/P_1.tif"),
    ],
)
def test_another_layout_is_refused(paths: list[str], received: str) -> None:
    with pytest.raises(InputError) as caught:
        find_contents(members(*paths), "x.zip")
    assert str(caught.value).startswith("x.zip: a data set must hold patients' folders with images and their masks")
    assert str(caught.value).endswith(f"received {received}")


def test_counting_leaves_hidden_files_out(tmp_path: Path) -> None:
    for name in ("a/b", "c", ".complete", "a/.d", ".e/f"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"12345")
    assert count_contents(tmp_path) == (2, 10)
