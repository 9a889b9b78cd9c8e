"""How long an archive is waited for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from gliascope.archive import Lost, Patience, retry
from gliascope.errors import ArchiveError


@dataclass
class Clock:
    """Time that passes only where somebody waits."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(retry, "time", made)
    return made


def answers(clock: Clock, *told: object, takes: float = 0.0) -> tuple[Callable[[], object], list[object]]:
    """An action that answers this, one after the other, and what was asked of it."""
    left: Iterator[object] = iter(told)
    asked: list[object] = []

    def action() -> object:
        clock.now += takes
        asked.append(one := next(left))
        if isinstance(one, Exception):
            raise one
        return one

    return action, asked


def lost(count: int) -> list[Any]:
    return [Lost("cut") for _ in range(count)]


def test_a_cut_is_waited_for_longer_each_time(clock: Clock) -> None:
    action, asked = answers(clock, *lost(4), "here")
    assert Patience("pacs")(action) == "here"
    assert clock.slept == [0.5, 1.0, 2.0, 4.0]
    assert len(asked) == 5


def test_the_next_one_is_tried_once_and_an_answer_makes_up_for_everything(clock: Clock) -> None:
    action, asked = answers(clock, *lost(5), *lost(2), "here", *lost(1), "there")
    patience = Patience("pacs")
    with pytest.raises(ArchiveError, match=r"^pacs: no answer in 5 tries: cut$"):
        patience(action)
    for _ in range(2):
        with pytest.raises(ArchiveError, match=r"^pacs: still no answer: cut$"):
            patience(action)
    assert len(asked) == 7
    assert patience(action) == "here"
    assert patience(action) == "there"
    assert clock.slept == [0.5, 1.0, 2.0, 4.0, 0.5]


def test_a_refusal_is_an_answer(clock: Clock) -> None:
    action, _ = answers(clock, *lost(5), ArchiveError("pacs: no"), *lost(1), "here")
    patience = Patience("pacs")
    for message in ("no answer in 5 tries", "pacs: no"):
        with pytest.raises(ArchiveError, match=message):
            patience(action)
    assert patience(action) == "here"


def test_silence_takes_a_tenth_of_a_run_at_most(clock: Clock) -> None:
    action, asked = answers(clock, *lost(1000), takes=60.0)
    patience = Patience("pacs")
    with pytest.raises(ArchiveError, match="no answer in 5 tries"):
        patience(action)
    begin, said = clock.now, []
    while clock.now < begin + 24 * 3600:
        with pytest.raises(ArchiveError) as raised:
            patience(action)
        said.append(str(raised.value))
        clock.now += 20.0  # another case is analysed
    waited = 60.0 * (len(asked) - 5)
    assert waited < 0.11 * (clock.now - begin)
    assert said[0] == "pacs: still no answer: cut"
    assert said[1] == "pacs: was not asked, having kept others waiting in vain before"


def test_an_archive_that_is_back_after_its_silence_is_noticed(clock: Clock) -> None:
    action, _ = answers(clock, *lost(6), "here", takes=10.0)
    patience = Patience("pacs")
    for _ in range(3):
        with pytest.raises(ArchiveError):
            patience(action)
    clock.now += 90.0
    assert patience(action) == "here"


def test_what_cannot_be_stored_does_not_keep_questions_from_being_answered(clock: Clock) -> None:
    broken, sent = answers(clock, *lost(6))
    patience = Patience("pacs")
    for count in (5, 6):
        assert patience(lambda: True, "question")
        with pytest.raises(ArchiveError):
            patience(broken, "storage")
        assert len(sent) == count


def test_studies_that_do_not_come_do_not_keep_the_next_one_from_being_asked_for(clock: Clock) -> None:
    action, asked = answers(clock, *lost(8), "here", takes=60.0)
    patience = Patience("pacs")
    for _ in range(4):
        with pytest.raises(ArchiveError, match="no answer"):
            patience(action, "retrieval")
    assert patience(action, "retrieval") == "here"
    assert len(asked) == 9
