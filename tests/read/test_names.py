from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.read.names import LONGEST, name_apart, natural_key, safe_name


@given(st.lists(st.integers(0, 10**6), unique=True), st.randoms())
def test_numbers_are_sorted_as_people_count(numbers: list[int], chance: random.Random) -> None:
    names = [f"TCGA_CS_4941_19960909_{number}.tif" for number in numbers]
    chance.shuffle(names)
    assert sorted(names, key=natural_key) == [f"TCGA_CS_4941_19960909_{number}.tif" for number in sorted(numbers)]


@given(st.lists(st.text(), max_size=6))
def test_any_text_can_be_sorted(names: list[str]) -> None:
    assert sorted(sorted(names, key=natural_key, reverse=True), key=natural_key) == sorted(names, key=natural_key)


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("TCGA_CS_4941_19960909", "TCGA_CS_4941_19960909"),
        ("Müller, case 3", "Müller, case 3"),
        ("a/b\\c:d", "a_b_c_d"),
        ("", "_"),
        ("..", "_"),
        (".hidden", "hidden"),
        ("nul", "_nul"),
        ("COM1.x", "_COM1.x"),
        ("a\nb", "a_b"),
    ],
)
def test_safe_names(name: str, safe: str) -> None:
    assert safe_name(name) == safe


@given(st.one_of(st.text(), st.from_regex(r"(?i)(nul|com1)\.?.?.?"), st.text(min_size=LONGEST)))
def test_a_safe_name_is_one_folder_and_stays_as_it_is(name: str) -> None:
    safe = safe_name(name)
    assert safe == Path(safe).name
    assert 0 < len(safe.encode()) <= LONGEST
    assert safe_name(safe) == safe


def test_equal_names_are_numbered() -> None:
    assert name_apart(["1", "1", "a", "1", "A"]) == ["1", "1-2", "a", "1-3", "A-2"]
    assert name_apart(["1-2", "1", "1"]) == ["1-2", "1", "1-3"]


@given(st.lists(st.sampled_from(["1", "1-2", "1-2-2", "a", "A"]), max_size=12))
def test_names_apart_are_all_different(names: list[str]) -> None:
    apart = name_apart(names)
    assert len({name.casefold() for name in apart}) == len(names)
    assert all(one.startswith(name) for one, name in zip(apart, names, strict=True))
