"""Cases in several processes, each with networks of its own."""

from __future__ import annotations

import logging
import logging.handlers
import math
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from collections.abc import Sequence as Many
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.context import SpawnContext
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from typing import Any, Final

from gliascope.engine.memory import return_memory
from gliascope.errors import InputError, JobError
from gliascope.pipeline.analyser import Analyser
from gliascope.pipeline.work import Outcome, Work
from gliascope.read import CaseFiles

SLICES_EACH: Final = 400
"""Fewest slices that a process is worth starting for, which takes a second."""
DRAWN_EACH: Final = 75
"""The same where pictures are drawn: one thread at a time can draw."""
USUAL: Final = 25
"""Slices that a volume or a study is taken to have before it is read."""
MOST: Final = 8
"""Most processes that are started unasked: each holds the networks and a case."""
MOST_ON_WINDOWS: Final = 61
"""More than these, Windows cannot wait for."""

OURS: Final = "gliascope"
"""Logger of the whole package."""
PATIENCE: Final = 5.0
"""Seconds that the last log records are waited for."""


def choose_jobs(files: Iterable[CaseFiles], lanes: int, *, figures: bool) -> int:
    """Tell how many processes are worth while.

    Parameters
    ----------
    files : iterable of CaseFiles
    lanes : int
        Slices that the engine runs side by side (`gliascope.engine.base.Engine.lanes`).
    figures : bool
        Whether pictures are drawn.

    Returns
    -------
    int
        One for each lane, as long as each has `SLICES_EACH` or `DRAWN_EACH` slices; at least 1, at most `MOST`.
    """
    slices = sum(len(one.images) if one.images and not one.sequences else USUAL for one in files)
    return max(1, min(lanes, MOST, slices // (DRAWN_EACH if figures else SLICES_EACH)))


def limit_jobs(jobs: int, cases: int, lanes: int) -> int:
    """Leave out processes that would have nothing to do.

    Parameters
    ----------
    jobs : int
        As many as are asked for.
    cases : int
    lanes : int
        See `choose_jobs`; 0 where the engine has none.

    Returns
    -------
    int
        No more than cases, than threads to share, or than the system can wait for; at least 1.
    """
    most = min(jobs, cases, lanes or jobs)
    return max(1, min(most, MOST_ON_WINDOWS) if sys.platform == "win32" else most)


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

    Returns
    -------
    generator of Outcome
        In the order of `files`. At most ``2 * jobs`` cases are on their way at a time. What a case raises is raised
        when it is its turn, and `JobError` if a process was ended from outside.

    Raises
    ------
    InputError
        At once, if the analyser has an engine that was made elsewhere.
    """
    return _outcomes(work, _share(analyser, jobs), files, jobs)


def _outcomes(work: Work, state: dict[str, Any], files: Many[CaseFiles], jobs: int) -> Generator[Outcome, None, None]:
    context = multiprocessing.get_context("spawn")  # the threads of ONNX Runtime do not live through a fork
    over = context.Event()
    with _logs(context) as logs:
        level = logging.getLogger(OURS).getEffectiveLevel()
        pool = ProcessPoolExecutor(jobs, context, _open, (work, state, over, logs, level))
        waiting: deque[tuple[str, Future[Outcome]]] = deque()
        try:
            for one in files:
                with _uninterrupted():  # a process is told to leave interrupts to this one when it has started
                    waiting.append((one.name, pool.submit(_do, one)))
                if len(waiting) >= 2 * jobs:
                    yield _first(waiting)
            while waiting:
                yield _first(waiting)
        except BrokenProcessPool as broken:
            while waiting and waiting[0][1].done() and waiting[0][1].exception() is None:
                yield _first(waiting)
            name = waiting[0][0] if waiting else files[-1].name
            raise JobError(
                f"{name}: a process that analyses cases must live as long as the run, received its end from outside, "
                "as where memory runs out, or where a script starts processes without a guard; what is done stays: go "
                "on with --continue and fewer --jobs"
            ) from broken
        finally:
            over.set()
            pool.shutdown(wait=True, cancel_futures=True)


def _first(waiting: deque[tuple[str, Future[Outcome]]]) -> Outcome:
    """Wait for the first, which stays where it is if it was lost."""
    outcome = waiting[0][1].result()
    waiting.popleft()
    return outcome


def _share(analyser: Analyser, jobs: int) -> dict[str, Any]:
    """What an analyser with a share of the threads is made from."""
    state = analyser.__getstate__()
    arguments = state["arguments"]
    if arguments["engine"] is not None:
        raise InputError(f"{jobs} jobs need an engine that each can open, received one that is open")
    lanes = analyser.engine.lanes
    return state | {"arguments": arguments | ({"threads": math.ceil(lanes / jobs)} if lanes else {})}


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignore Ctrl-C meanwhile, as a process that is started does until it can say otherwise."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is None:  # neither can be set back
        yield
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _logs(context: SpawnContext) -> Iterator[Queue[Any]]:
    """A queue whose log records are handled here, as this process is told to handle its own."""
    queue = context.Queue()
    thread = threading.Thread(target=_relay, args=(queue,), name="gliascope-logs", daemon=True)
    thread.start()
    try:
        yield queue
    finally:
        queue.put(None)
        thread.join(PATIENCE)  # not for ever: a process that was killed may have taken the queue's lock with it
        queue.cancel_join_thread()
        queue.close()


def _relay(queue: Queue[Any]) -> None:
    """Give each record of another process to the logger of its name."""
    for record in iter(queue.get, None):
        logger = logging.getLogger(record.name)
        if logger.isEnabledFor(record.levelno):
            logger.handle(record)


@dataclass
class _Process:
    """What a process of a run has: what to do, and an analyser when it is first needed."""

    work: Work
    state: dict[str, Any]
    over: Event
    analyser: Analyser | None = None

    def opened(self) -> Analyser:
        if self.analyser is None:  # not while the process starts, where an error would have no words
            self.analyser = Analyser.__new__(Analyser)
            self.analyser.__setstate__(self.state)
        return self.analyser

    def do(self, files: CaseFiles) -> Outcome:
        if self.over.is_set():  # nobody takes what was handed out before the run ended
            raise JobError(f"{files.name}: the run must go on for a case to be begun, received its end")
        outcome = self.work.finish(self.work.begin(self.opened(), files))
        return_memory()
        return outcome


_process: _Process | None = None


def _open(work: Work, state: dict[str, Any], over: Event, logs: Queue[Any], level: int) -> None:
    """Begin a process: it ends when the one that began it does, and leaves interrupts to it."""
    global _process  # noqa: PLW0603  what begins a process has nowhere else to leave what its tasks need
    _process = _Process(work, state, over)
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
