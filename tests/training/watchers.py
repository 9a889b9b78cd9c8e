"""Who watches training in tests."""

from __future__ import annotations

from typing import Any


class Quiet:
    """Watches a run or a cross-validation without a word, and never ends it."""

    def start(self, *_: Any) -> None: ...

    def step(self, _figures: dict[str, float], /) -> None: ...

    def finish(self, _figures: dict[str, float], _best: bool, /) -> None: ...

    def stopped(self) -> bool:
        return False

    def fold(self, *_: Any) -> None: ...

    def scored(self, *_: Any) -> None: ...

    def say(self, _text: str, /) -> None: ...
