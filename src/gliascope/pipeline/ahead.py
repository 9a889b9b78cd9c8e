"""Work that is begun before its turn, its results in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(function: Callable[[Item], Result], items: Iterable[Item], ahead: int) -> Generator[Result, None, None]:
    """Call a function for each item, in threads that are a few items ahead of whoever takes the results.

    Parameters
    ----------
    function : callable
        May be called by several threads at a time.
    items : iterable
        Taken as needed.
    ahead : int
        Items begun before the result before them was taken; 0 calls the function when its result is asked for.

    Yields
    ------
    object
        The results in the items' order. What the function raises is raised when it is that item's turn; nothing new is
        begun then, and what runs is waited for.
    """
    if ahead < 1:
        yield from map(function, items)
        return
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(ahead + 1, "gliascope-ahead")
    try:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
