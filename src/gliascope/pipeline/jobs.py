"""Cases in several processes, each with networks of its own."""

from __future__ import annotations

import logging
import logging.handlers
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator
from collections.abc import Sequence as Many
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext
from multiprocessing.queues import Queue
from typing import Any, Final

from gliascope.engine.memory import return_memory
from gliascope.errors import InputError, JobError
from gliascope.pipeline.analyser import Analyser
from gliascope.pipeline.work import Outcome, Work
from gliascope.read import CaseFiles

CASES_EACH: Final = 16
"""Fewest cases that a process is worth starting for, which takes a second."""
DRAWN_EACH: Final = 3
"""The same where pictures are drawn: one thread at a time can draw."""

OURS: Final = "gliascope"
"""Logger of the whole package."""


def choose_jobs(cases: int, lanes: int, *, figures: bool) -> int:
    """Tell how many processes are worth while.

    Parameters
    ----------
    cases : int
    lanes : int
        Slices that the engine runs side by side (`gliascope.engine.base.Engine.lanes`).
    figures : bool
        Whether pictures are drawn.

    Returns
    -------
    int
        One for each lane, as long as each has `CASES_EACH` or `DRAWN_EACH` cases; at least 1.
    """
    return max(1, min(lanes, cases // (DRAWN_EACH if figures else CASES_EACH)))


def outcomes_by_jobs(
    work: Work, analyser: Analyser, files: Many[CaseFiles], jobs: int
) -> Generator[Outcome, None, None]:
    """Do cases in processes.

    Parameters
    ----------
    work : Work
    analyser : Analyser
        Each process opens its networks anew, with its share of the threads.
    files : sequence of CaseFiles
    jobs : int
        How many processes.

    Yields
    ------
    Outcome
        In the order of `files`. At most ``jobs + 1`` cases are on their way at a time. What a case raises is raised
        when it is its turn.

    Raises
    ------
    InputError
        If the analyser has an engine that was made elsewhere.
    JobError
        If a process was ended from outside.
    """
    state = _share(analyser, jobs)
    context = multiprocessing.get_context("spawn")  # the threads of ONNX Runtime do not live through a fork
    with _logs(context) as logs:
        pool = ProcessPoolExecutor(jobs, context, _open, (work, state, logs, logging.getLogger(OURS).level))
        waiting: deque[tuple[str, Future[Outcome]]] = deque()
        name = files[0].name
        try:
            for one in files:
                waiting.append((one.name, pool.submit(_do, one)))
                if len(waiting) > jobs:
                    name, done = waiting.popleft()
                    yield done.result()
            while waiting:
                name, done = waiting.popleft()
                yield done.result()
        except BrokenProcessPool as broken:
            raise JobError(
                f"{name}: a process that analyses cases must live as long as the run, received its end from outside, "
                "as where memory runs out; what is done stays: go on with --continue and fewer --jobs"
            ) from broken
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _share(analyser: Analyser, jobs: int) -> dict[str, Any]:
    """What an analyser with a share of the threads is made from."""
    state = analyser.__getstate__()
    arguments = state["arguments"]
    if arguments["engine"] is not None:
        raise InputError(f"{jobs} jobs need an engine that each can open, received one that is open")
    lanes = analyser.engine.lanes
    return state | {"arguments": arguments | ({"threads": max(1, lanes // jobs)} if lanes else {})}


@contextmanager
def _logs(context: SpawnContext) -> Iterator[Queue[Any]]:
    """A queue whose log records are handled here, as this process is told to handle its own."""
    queue = context.Queue()
    listener = logging.handlers.QueueListener(queue, _Relay())
    listener.start()
    try:
        yield queue
    finally:
        listener.stop()
        queue.close()


class _Relay(logging.Handler):
    """Gives a record of another process to the logger of its name."""

    def emit(self, record: logging.LogRecord) -> None:
        logger = logging.getLogger(record.name)
        if logger.isEnabledFor(record.levelno):
            logger.handle(record)


@dataclass
class _Process:
    """What a process of a run has: what to do, and an analyser when it is first needed."""

    work: Work
    state: dict[str, Any]
    analyser: Analyser | None = None

    def opened(self) -> Analyser:
        if self.analyser is None:  # not while the process starts, where an error would have no words
            self.analyser = Analyser.__new__(Analyser)
            self.analyser.__setstate__(self.state)
        return self.analyser

    def do(self, files: CaseFiles) -> Outcome:
        outcome = self.work.finish(self.work.begin(self.opened(), files))
        return_memory()
        return outcome


_process: _Process | None = None


def _open(work: Work, state: dict[str, Any], logs: Queue[Any], level: int) -> None:
    """Begin a process: it ends when the one that began it does, and leaves interrupts to it."""
    global _process  # noqa: PLW0603
    _process = _Process(work, state)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None
    threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    logging.getLogger().handlers[:] = [logging.handlers.QueueHandler(logs)]
    logging.getLogger(OURS).setLevel(level)


def _end_with(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)


def _do(files: CaseFiles) -> Outcome:
    assert _process is not None
    return _process.do(files)
