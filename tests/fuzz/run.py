"""Rounds of mutations of one reader's seeds, in a process of their own."""

from __future__ import annotations

import faulthandler
import hashlib
import logging
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import Final

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from tests.fuzz.check import check, place
from tests.fuzz.mutate import Change, changes, mutated
from tests.fuzz.seeds import Seed, seeds_of

CORPUS: Final = Path(__file__).with_name("corpus")
"""Files that once broke a reader, each in a folder with its sound neighbours: they are read in every test run."""
STUCK: Final = 60.0
"""Seconds after which a process that reads one round's file has hung."""


def fuzz(reader: str, *, rounds: int | None, seconds: float, examples: int, first: int, findings: Path) -> int:
    """Mutate the seeds of one reader until rounds or time are up.

    Parameters
    ----------
    reader : str
        One of `tests.fuzz.seeds.READERS`.
    rounds : int or None
        How many; None for as many as the time allows.
    seconds : float
        After which no new round begins.
    examples : int
        Files of each round.
    first : int
        Number of the first round: the same number mutates in the same way.
    findings : Path
        Where files that break a promise are kept, shrunk, with what was raised.

    Returns
    -------
    int
        How many files were read.
    """
    end, count, number = time.monotonic() + seconds, 0, first
    with tempfile.TemporaryDirectory() as scratch:
        seeds = seeds_of(reader, Path(scratch) / "seeds")
        while time.monotonic() < end and (rounds is None or number < first + rounds):
            count += _round(reader, seeds, number, examples, findings)
            number += 1
    return count


def work(reader: str, seconds: float, first: int, findings: Path) -> None:
    """Fuzz for some time, in a process of its own."""
    logging.disable(logging.CRITICAL)
    count = fuzz(reader, rounds=None, seconds=seconds, examples=200, first=first, findings=findings)
    tell(f"{reader}: {count} files read, rounds from {first} on")


def tell(text: str) -> None:
    """Write a line for the user at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _round(reader: str, seeds: list[Seed], number: int, examples: int, findings: Path) -> int:
    """One round; Hypothesis shrinks what fails, and the last, smallest file is kept."""
    count = 0
    current = findings / f"{reader}-current"

    @seeded(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(seed=st.sampled_from(seeds), many=changes)
    def read(seed: Seed, many: list[Change]) -> None:
        nonlocal count
        count += 1
        shutil.rmtree(current, ignore_errors=True)
        path = place(seed, seed.pack(mutated(seed.content, many)), current)
        faulthandler.dump_traceback_later(STUCK, exit=True)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check(path)
        faulthandler.cancel_dump_traceback_later()

    try:
        read()
    except Exception as error:  # noqa: BLE001  what a reader lets through, whatever it is, is what is looked for
        steps = "".join(traceback.format_tb(error.__traceback__)[-8:])
        keep(reader, current, findings, f"{steps}{type(error).__name__}: {error}")
    finally:
        faulthandler.cancel_dump_traceback_later()
        shutil.rmtree(current, ignore_errors=True)
    return count


def keep(reader: str, current: Path, findings: Path, told: str) -> Path:
    """Keep a file that broke a promise, and its neighbours, under a name made of their content."""
    digest = hashlib.sha256(b"".join(one.read_bytes() for one in sorted(current.iterdir()))).hexdigest()[:12]
    folder = findings / reader / digest
    shutil.copytree(current, folder, dirs_exist_ok=True)
    folder.with_suffix(".txt").write_text(told, encoding="utf-8")
    return folder
