from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gliascope.errors import InputError
from gliascope.pipeline.inputs import cases_of
from gliascope.read import case_from_array

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4)


def names(inputs: Any) -> list[str]:
    return [case.name for case in cases_of(inputs)]


def test_one_or_many_paths(tmp_path: Path, bright: Callable[..., Any]) -> None:
    first, second = (bright().save(tmp_path / name) for name in ("anna", "ben"))
    assert names(tmp_path) == ["anna", "ben"]
    assert names(str(second)) == ["ben"]
    assert names([second, str(first)]) == ["ben", "anna"]
    assert names(iter([first / "anna_1.png"])) == ["anna_1"]


def test_arrays_cases_and_paths_together(tmp_path: Path, bright: Callable[..., Any]) -> None:
    folder = bright().save(tmp_path / "anna")
    assert names(GREY) == ["array-1"]
    assert names([GREY, folder, case_from_array(GREY, "mine"), GREY]) == ["array-1", "anna", "mine", "array-4"]


def test_channels_reach_paths_and_arrays(tmp_path: Path, bright: Callable[..., Any]) -> None:
    folder = bright().save(tmp_path / "anna")
    for inputs in (folder, [folder, GREY], GREY):
        assert {case.scans[0].sequences for case in cases_of(inputs, ("post",))} == {("post",)}


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([], "at least one path, array or case must be given"),
        ([GREY, 3.5], "must be a path, an array or a case, received float"),
        (3.5, "must be a path, an array or a case, received float"),
        (["/nowhere/at/all"], "an input must exist"),
        ([GREY, Path("/nowhere/at/all")], "an input must exist"),
    ],
)
def test_wrong_inputs_are_refused_before_anything_is_read(inputs: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        cases_of(inputs)


def test_a_generator_is_taken_item_by_item() -> None:
    made = []

    def generate() -> Iterator[Any]:
        for number in range(3):
            made.append(number)
            yield GREY
        yield 3.5

    cases = cases_of(generate())
    assert next(cases).name == "array-1"
    assert made == [0]
    assert [next(cases).name, next(cases).name] == ["array-2", "array-3"]
    with pytest.raises(InputError, match="received float"):
        next(cases)


def test_a_wrong_array_is_refused_when_its_turn_comes() -> None:
    cases = cases_of([GREY, np.zeros((2, 2), dtype=complex)])
    assert next(cases).name == "array-1"
    with pytest.raises(InputError, match="array-2: an array must be integer or float"):
        next(cases)


def test_cases_of_one_name_are_told_apart_whatever_they_came_from(tmp_path: Path, bright: Callable[..., Any]) -> None:
    paths, pixels = [bright().save(tmp_path / place / "P1") for place in ("a", "b")], bright().pixels
    for inputs in ([paths[0], pixels, paths[1]], iter([paths[0], pixels, paths[1]])):
        first, array, second = cases_of(inputs)
        assert [first.name, array.name, second.name] == ["P1", "array-2", "P1-2"]
        assert not any("another input is named" in one for one in first.warnings)
        assert "another input is named P1 too; this one is called P1-2" in second.warnings
