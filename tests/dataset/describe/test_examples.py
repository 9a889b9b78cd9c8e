from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("seaborn")

from gliascope.dataset.describe.describe import Description
from gliascope.dataset.describe.examples import load, spread, with_tumour, without_tumour

Describe = Callable[..., Description]


@given(st.integers(0, 50), st.integers(1, 20))
def test_spread_takes_both_ends_and_nothing_twice(length: int, count: int) -> None:
    taken = spread(range(length), count)
    assert len(taken) == min(length, count)
    assert sorted(set(taken)) == taken
    if length and count > 1:
        assert taken[0] == 0
        assert taken[-1] == length - 1


def test_the_largest_tumour_of_each_folder_from_small_to_large(root: Path, described: Describe) -> None:
    chosen = with_tumour(described(root).slices, 6)
    assert list(chosen["tumour_px"]) == [5, 12, 20]


def test_a_folder_that_lacks_a_sequence_is_among_them(tmp_path: Path, described: Describe) -> None:
    from_conftest = pytest.importorskip("pandas")
    slices = from_conftest.DataFrame(
        {
            "folder": [f"f{one}" for one in range(9)],
            "tumour": "tumour",
            "tumour_px": range(1, 10),
            "pre_real": True,
            "flair_real": True,
            "post_real": [one != 1 for one in range(9)],
        }
    )
    assert list(with_tumour(slices, 3)["folder"]) == ["f0", "f1", "f8"]


def test_tumour_free_slices_are_taken_from_the_middle(root: Path, described: Describe) -> None:
    chosen = without_tumour(described(root).slices, 6)
    assert list(chosen["slice"]) == [1, 2, 2]
    assert (chosen["tumour"] == "no tumour").all()


def test_examples_hold_what_is_really_there(root: Path, described: Describe) -> None:
    found = described(root)
    first, second, third = load(with_tumour(found.slices, 6), found)
    assert [one.name for one in (first, second, third)] == ["AA_2, slice 3", "BB_3, slice 3", "AA_1, slice 3"]
    assert set(first.images) == {"pre", "flair"}
    assert set(second.images) == {"pre", "flair", "post"}
    assert first.mask is not None
    assert first.mask.sum() == 5
    assert first.caption == "AA_2, slice 3: 5 px"
    assert second.images["flair"].shape == (40, 40)
    assert third.images["flair"].max() == 190
    (empty, *_) = load(without_tumour(found.slices, 1), found)
    assert empty.caption.endswith(": no tumour")
