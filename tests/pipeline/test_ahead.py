from __future__ import annotations

import threading
import time

import pytest

from gliascope.pipeline.ahead import map_ahead


@pytest.mark.parametrize("ahead", [0, 1, 3])
def test_results_come_in_order(ahead: int) -> None:
    def slow_first(item: int) -> int:
        time.sleep(0.02 if item == 0 else 0)
        return item * item

    assert list(map_ahead(slow_first, range(7), ahead)) == [one * one for one in range(7)]
    assert list(map_ahead(slow_first, [], ahead)) == []


@pytest.mark.parametrize("ahead", [0, 1, 2])
def test_no_more_items_are_begun_than_asked_for(ahead: int) -> None:
    begun: list[int] = []

    def begin(item: int) -> int:
        begun.append(item)
        return item

    results = map_ahead(begin, range(20), ahead)
    for place, one in enumerate(results):
        assert one == place
        assert max(begun) <= place + ahead


def test_the_next_one_is_begun_while_the_first_runs() -> None:
    both = threading.Barrier(2, timeout=10)
    assert list(map_ahead(lambda item: both.wait() * 0 + item, range(2), 1)) == [0, 1]


def test_an_error_is_raised_in_its_turn_and_nothing_is_begun_after_it() -> None:
    begun: list[int] = []

    def fail_at_two(item: int) -> int:
        begun.append(item)
        if item == 2:
            raise ValueError("two")
        return item

    results = map_ahead(fail_at_two, range(10), 1)
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(ValueError, match="two"):
        next(results)
    assert max(begun) <= 3


def test_who_stops_early_leaves_no_thread_behind() -> None:
    results = map_ahead(lambda item: item, range(10), 1)
    assert next(results) == 0
    results.close()
    assert not [one for one in threading.enumerate() if one.name.startswith("gliascope-ahead")]
