"""One writer at a time in a folder, and nobody held back by who is gone."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gliascope.errors import InputError
from gliascope.pipeline.lock import LOCK, locked

HOLD = """
import sys, time
from pathlib import Path
from gliascope.pipeline.lock import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_writer_is_refused_and_the_next_one_is_not(tmp_path: Path) -> None:
    with locked(tmp_path / "out"):
        with (
            pytest.raises(InputError, match=r"out: results must be written by one run at a time"),
            locked(tmp_path / "out"),
        ):
            pass
        with locked(tmp_path / "other"):
            pass
    with locked(tmp_path / "out"):
        pass
    assert [one.name for one in (tmp_path / "out").iterdir()] == [LOCK]


def test_another_process_holds_it_until_it_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD, tmp_path], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(InputError, match="received a second while one goes on"), locked(tmp_path):
            pass
        process.kill()
    assert (tmp_path / LOCK).is_file()
    with locked(tmp_path):
        pass


def test_who_may_wait_goes_on_when_the_folder_is_free(tmp_path: Path) -> None:
    order = []

    def second() -> None:
        with locked(tmp_path, wait=True):
            order.append("second")

    with locked(tmp_path):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.3)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
