"""Cases divided among processes."""

from __future__ import annotations

import logging
import multiprocessing
import os
import pickle
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gliascope.engine.onnx import OnnxEngine
from gliascope.errors import BundleError, InputError, JobError
from gliascope.pipeline import Analyser, analyse_into
from gliascope.pipeline import jobs as module
from gliascope.pipeline.jobs import _open, choose_jobs, limit_jobs
from gliascope.pipeline.work import Outcome, Work
from gliascope.read import CaseFiles, find_cases

BundleFactory = Callable[..., Path]
Bright = Callable[..., Any]


@pytest.fixture
def patients(tmp_path: Path, bright: Bright) -> Path:
    """Five patients: one of them with a bad file."""
    root = tmp_path / "patients"
    for number in range(1, 6):
        bright(seed=number, slices=4).save(root / f"p{number}", masks=True)
    (root / "p4" / "p4_2.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    return root


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in sorted(folder.rglob("*")) if one.is_file()}


def test_processes_write_the_same_bytes_in_the_same_order(
    tmp_path: Path, patients: Path, tiny_bundle: BundleFactory
) -> None:
    analyser = Analyser(tiny_bundle(), threads=2)
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    first = list(analyse_into(analyser, find_cases(patients), alone))
    second = list(analyse_into(analyser, find_cases(patients), shared, jobs=2))
    assert [one.record for one in second] == [one.record for one in first]
    assert [one.has_problems for one in second] == [False, False, False, True, False]
    assert files_of(shared) == files_of(alone)

    again = analyse_into(analyser, find_cases(patients), shared, jobs=2, resume=True)
    assert [one.continued for one in again] == [True] * 5


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes are not killed by signals here")
def test_the_tables_hold_what_is_done_when_a_process_ends(
    tmp_path: Path, patients: Path, tiny_bundle: BundleFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_do", _do_or_end)
    out = tmp_path / "out"
    outcomes = analyse_into(Analyser(tiny_bundle(), threads=2), find_cases(patients), out, jobs=2)
    with pytest.raises(JobError, match=r"p\d: a process .* --continue and fewer --jobs"):
        list(outcomes)
    done = [line.split(",")[0] for line in (out / "cases.csv").read_text(encoding="utf-8").splitlines()[1:]]
    assert done == [f"p{number}" for number in range(1, 1 + len(done))]
    assert done[:1] == ["p1"]  # the fifth is handed out when its result was taken
    assert len(done) < 5


def _do_or_end(files: CaseFiles) -> Outcome:
    if files.name == "p5":
        os.kill(os.getpid(), signal.SIGKILL)
    assert module._process is not None
    return module._process.do(files)


def test_who_stops_listening_waits_for_what_runs_and_no_more(
    tmp_path: Path, bright: Bright, tiny_bundle: BundleFactory
) -> None:
    root, out = tmp_path / "many", tmp_path / "out"
    for number in range(1, 13):
        bright(seed=number, slices=4).save(root / f"p{number}")
    outcomes = analyse_into(Analyser(tiny_bundle(), threads=2), find_cases(root), out, jobs=2)
    assert next(outcomes).record["case"] == "p1"
    outcomes.close()  # type: ignore[attr-defined]
    assert len((out / "cases.csv").read_text(encoding="utf-8").splitlines()) == 2
    assert len(list(out.glob("p*"))) < 5  # four were handed out
    assert (out / "index.html").is_file()


def test_a_case_that_was_handed_out_is_not_begun_when_the_run_is_over(tiny_bundle: BundleFactory) -> None:
    over = multiprocessing.get_context("spawn").Event()
    process = module._Process(_work(), {}, over)
    over.set()
    with pytest.raises(JobError, match="p1: the run must go on"):
        process.do(CaseFiles("p1", Path("p1"), ()))


def test_what_a_process_logs_is_handled_here(
    tmp_path: Path,
    patients: Path,
    tiny_bundle: BundleFactory,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with caplog.at_level(logging.INFO, logger="gliascope"):
        list(analyse_into(Analyser(tiny_bundle(), threads=2), find_cases(patients), tmp_path / "out", jobs=2))
    assert sum("slices analysed in" in one.getMessage() for one in caplog.records) == 5
    caplog.clear()
    monkeypatch.setattr(module, "_open", _open_and_talk)
    with caplog.at_level(logging.ERROR, logger="gliascope.talk"):
        list(analyse_into(Analyser(tiny_bundle(), threads=2), find_cases(patients), tmp_path / "out", jobs=2))
    assert {one.getMessage() for one in caplog.records if one.name == "gliascope.talk"} == {"an error"}


def _open_and_talk(*arguments: Any) -> None:
    _open(*arguments)
    logging.getLogger("gliascope.talk").warning("a warning")
    logging.getLogger("gliascope.talk").error("an error")


def test_an_error_of_a_process_is_the_run_s(tmp_path: Path, patients: Path, tiny_bundle: BundleFactory) -> None:
    bundle = tiny_bundle()
    analyser = Analyser(bundle, threads=2)
    (bundle / "trunk.onnx").write_bytes(b"another")
    with pytest.raises(BundleError, match=r"trunk\.onnx"):
        list(analyse_into(analyser, find_cases(patients), tmp_path / "out", jobs=2))


def test_what_cannot_be_divided_is_refused(tmp_path: Path, patients: Path, tiny_bundle: BundleFactory) -> None:
    analyser = Analyser(tiny_bundle())
    with pytest.raises(InputError, match="jobs must be at least 1, received 0"):
        list(analyse_into(analyser, find_cases(patients), tmp_path / "out", jobs=0))
    opened = Analyser(analyser.bundle, engine=OnnxEngine(analyser.bundle, threads=2))
    with pytest.raises(InputError, match="2 jobs need an engine that each can open"):
        list(analyse_into(opened, find_cases(patients), tmp_path / "out", jobs=2))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("lanes", "jobs", "share"), [(4, 2, 2), (5, 2, 3), (2, 2, 1)])
def test_threads_are_shared(lanes: int, jobs: int, share: int, tiny_bundle: BundleFactory) -> None:
    state = module._share(Analyser(tiny_bundle(), threads=lanes), jobs)
    over = multiprocessing.get_context("spawn").Event()
    made = module._Process(_work(), pickle.loads(pickle.dumps(state)), over).opened()
    assert made.engine.lanes == share


@pytest.mark.parametrize(
    ("asked", "lanes", "cases", "used"),
    [(9, 4, 5, 4), (9, 8, 5, 5), (2, 8, 5, 2), (3, 8, 1, 1), (3, 8, 0, 1), (3, 0, 5, 3)],
)
def test_no_more_processes_than_cases_or_threads(asked: int, lanes: int, cases: int, used: int) -> None:
    assert limit_jobs(asked, cases, lanes) == used


def test_windows_waits_for_so_many_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limit_jobs(100, 1000, 200) == 100
    monkeypatch.setattr(sys, "platform", "win32")
    assert limit_jobs(100, 1000, 200) == 61


def test_one_case_needs_no_process(
    tmp_path: Path, patients: Path, tiny_bundle: BundleFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ProcessPoolExecutor", None)
    analyser = Analyser(tiny_bundle(), threads=2)
    assert len(list(analyse_into(analyser, find_cases(patients / "p1"), tmp_path / "out", jobs=2))) == 1


def _work() -> Work:
    from gliascope.pipeline.outputs import Outputs
    from gliascope.pipeline.reports import Reports

    return Work(Path("out"), None, False, False, False, Outputs(), Reports())


@pytest.mark.parametrize(
    ("slices", "lanes", "figures", "jobs"),
    [
        (1, 2, False, 1),
        (799, 2, False, 1),
        (800, 2, False, 2),
        (9000, 2, False, 2),
        (1000, 16, False, 2),
        (90000, 16, False, 8),
        (90000, 0, False, 1),
        (149, 2, True, 1),
        (150, 2, True, 2),
    ],
)
def test_processes_that_are_worth_while(slices: int, lanes: int, figures: bool, jobs: int) -> None:
    image = (Path("p_1.png"),)
    half = slices // 2
    cases = [CaseFiles("p", Path("p"), image * half), *[CaseFiles("q", Path("q"), image)] * (slices - half)]
    assert choose_jobs(cases, lanes, figures=figures) == jobs


def test_a_volume_counts_as_many_slices_before_it_is_read() -> None:
    volume = CaseFiles("p", Path("p"), (Path("flair.nii"), Path("t1.nii")), sequences=("flair", "pre"))
    study = CaseFiles("q", Path("q"), ())
    assert choose_jobs([volume] * 16 + [study] * 16, 2, figures=False) == 2
    assert choose_jobs([volume] * 16 + [study] * 15, 2, figures=False) == 1
