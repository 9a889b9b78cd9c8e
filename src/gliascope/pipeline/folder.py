"""A whole run: many inputs into one folder of results, case by case."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from collections.abc import Sequence as Many
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gliascope.engine.memory import return_memory
from gliascope.errors import InputError
from gliascope.pipeline.ahead import map_ahead
from gliascope.pipeline.analyser import Analyser
from gliascope.pipeline.jobs import limit_jobs, outcomes_by_jobs
from gliascope.pipeline.lock import locked
from gliascope.pipeline.outputs import Outputs
from gliascope.pipeline.reports import INDEX, Reports, check_index, write_folder_index
from gliascope.pipeline.results import FINDINGS, case_folder
from gliascope.pipeline.tables import Tables
from gliascope.pipeline.work import Outcome, Work
from gliascope.read import CaseFiles
from gliascope.scan import Sequence

if TYPE_CHECKING:
    from gliascope.present.report.index_page import IndexRow

AHEAD: Final = 1
"""Cases begun before their turn: enough to keep two cores busy, and memory stays that of two cases."""


def analyse_into(
    analyser: Analyser,
    files: Many[CaseFiles],
    out: str | Path,
    *,
    channels: tuple[Sequence, ...] | None = None,
    register: bool = False,
    figures: bool = True,
    resume: bool = False,
    outputs: Outputs | None = None,
    reports: Reports | None = None,
    jobs: int = 1,
) -> Iterator[Outcome]:
    """Analyse cases and write their results.

    Where the engine has several lanes, the next case is read and prepared while one is in the networks or written.
    Two cases are held in memory, never more, or one in each process. The number of processes changes no byte.
    `out` is locked (`gliascope.pipeline.lock`) until the last outcome is taken or the iterator is closed.

    Parameters
    ----------
    analyser : Analyser
    files : sequence of CaseFiles
        As `gliascope.read.find_cases` gives them.
    out : str or Path
        Gets ``cases.csv``, ``slices.csv``, ``index.html`` and a folder for each case.
    channels, register
        See `Analyser.iter`.
    figures : bool
    resume : bool
        Take over each case whose results are there already and were made from the same pixels, truth, model,
        thresholds, options and version of gliascope.
    outputs : Outputs, optional
        By default no DICOM objects.
    reports : Reports, optional
        By default ``report.html`` of each case and ``index.html`` over all cases in `out`, and none without figures.
        An older ``index.html`` is kept up to date in any case.
    jobs : int
        Most processes that cases are divided among; see `gliascope.pipeline.jobs.choose_jobs`. A script that asks for
        more than one must be guarded by ``if __name__ == "__main__"``.

    Yields
    ------
    Outcome
        In the order of `files`, when the case's folder and rows are on disk.

    Raises
    ------
    InputError
        Before anything is written, if `out` is one of the folders that are to be read, or something other than an
        older result stands where a case's results belong; if another run writes into `out`; or if `jobs` is below 1,
        or above 1 with an engine that was made elsewhere.
    JobError
        If a process was ended from outside.
    OSError
        If results cannot be written; those of finished cases remain.
    """
    if jobs < 1:
        raise InputError(f"jobs must be at least 1, received {jobs}")
    folder = Path(out)
    outputs, reports = outputs or Outputs(), reports or Reports(html=figures)
    check_place(files, folder)
    work = Work(folder, channels, register, figures, resume, outputs, reports)
    used = limit_jobs(jobs, len(files), analyser.engine.lanes)
    done = outcomes_by_jobs(work, analyser, files, used) if used > 1 else _in_turn(work, analyser, files)
    with locked(folder):
        yield from _told(folder, done, reports)


def _told(folder: Path, done: Generator[Outcome, None, None], reports: Reports) -> Generator[Outcome, None, None]:
    """Write tables and index while cases are done."""
    rows: dict[str, IndexRow] = {}
    indexed = reports.html or (folder / INDEX).exists()
    try:
        with Tables(folder) as tables, closing(done):
            for outcome in done:
                tables.add(outcome.record)
                if indexed:
                    rows[outcome.folder.name] = _index_row(outcome.record, outcome.folder)
                yield outcome
    finally:
        if (rows and reports.html) or (folder / INDEX).exists():
            write_folder_index(folder, rows)


def _in_turn(work: Work, analyser: Analyser, files: Many[CaseFiles]) -> Generator[Outcome, None, None]:
    """Do cases in this process."""
    ahead = AHEAD if analyser.engine.lanes > 1 else 0
    for begun in map_ahead(lambda one: work.begin(analyser, one), files, ahead):
        outcome = work.finish(begun)
        del begun  # its pixels, before the case after the next is read
        return_memory()
        yield outcome


def check_place(files: Many[CaseFiles], out: Path) -> None:
    """Refuse a place for results that holds something else.

    Raises
    ------
    InputError
        If `out` is a file or one of the folders that are to be read, or something other than an older result stands
        where a case's results or ``index.html`` belong.
    """
    check_index(out)
    if out.exists() and not out.is_dir():
        raise InputError(f"{out}: results must go into a folder, received a file")
    for one in files:
        if out.resolve() in _folders_read(one):
            raise InputError(f"{out}: results must not go into a folder that is read, received case {one.name}")
        target = case_folder(out, one.name)
        if target.exists() and not (target / FINDINGS).is_file():
            raise InputError(f"{target}: only an older result may be replaced, received something else (no {FINDINGS})")


def _folders_read(files: CaseFiles) -> set[Path]:
    """Folders that would be taken for a result if results were written into them."""
    series = () if files.study is None else files.study.study.series
    places = {instance.place for one in series for instance in one.instances}
    folders = {one.path.parent for one in places if not one.member} | ({files.path} if files.is_folder else set())
    return {one.resolve() for one in folders}


def _index_row(record: dict[str, Any], target: Path) -> IndexRow:
    from gliascope.present.report.index_page import index_row

    return index_row(record, target)
