"""A short, always equal run of the fuzzer over every reader, and every file that it once found."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from gliascope.read import find_cases, read_case
from tests.fuzz import check as checking
from tests.fuzz.check import PromiseError, check, place
from tests.fuzz.mutate import mutated
from tests.fuzz.run import CORPUS, fuzz
from tests.fuzz.seeds import READERS, seeds_of


@pytest.mark.parametrize("reader", READERS)
def test_seeds_are_sound_and_always_the_same(reader: str, tmp_path: Path) -> None:
    seeds = seeds_of(reader, tmp_path / "seeds")
    assert [one.content for one in seeds_of(reader, tmp_path / "again")] == [one.content for one in seeds]
    for number, seed in enumerate(seeds):
        path = place(seed, seed.pack(seed.content), tmp_path / str(number))
        (case,) = [read_case(files) for files in find_cases(path)]
        assert case.scans
        assert not case.problems


@pytest.mark.parametrize("reader", READERS)
def test_mutated_files_end_in_named_errors(reader: str, tmp_path: Path) -> None:
    count = fuzz(reader, rounds=1, seconds=60, examples=20, first=0, findings=tmp_path)
    assert count >= 15
    assert [one.read_text() for one in tmp_path.rglob("*.txt")] == []


@pytest.mark.parametrize("folder", sorted(one for one in CORPUS.glob("*/*") if one.is_dir()), ids=lambda one: one.name)
def test_what_was_found_stays_mended(folder: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(next(folder.glob("*.zip"), folder))


def test_what_a_reader_lets_through_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(files: Any) -> Any:
        if len(files.images[0].read_bytes()) > 100:
            raise ValueError("let through")
        return read_case(files)

    monkeypatch.setattr(checking, "read_case", fail)
    fuzz("png", rounds=1, seconds=60, examples=5, first=0, findings=tmp_path)
    (told,) = tmp_path.rglob("*.txt")
    assert told.read_text().endswith("ValueError: let through")
    assert [one.suffix for one in told.with_suffix("").iterdir()] == [".png"]


def test_a_file_that_takes_too_long_breaks_a_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = seeds_of("png", tmp_path / "seeds")[0]
    monkeypatch.setattr(checking, "MOST_SECONDS", 0.0)
    with pytest.raises(PromiseError, match="must be read within 0 s"):
        check(place(seed, seed.content, tmp_path / "one"))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("put", b"abXYef"),
        ("insert", b"abXYcdef"),
        ("remove", b"abef"),
        ("repeat", b"abcdcdcdcdef"),
        ("cut", b"ab"),
        ("move", b"abefcd"),
    ],
)
def test_mutations(kind: str, expected: bytes) -> None:
    assert mutated(b"abcdef", [(kind, 0.4, b"XY", 2)]) == expected
