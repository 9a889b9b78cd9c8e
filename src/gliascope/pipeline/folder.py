"""A whole run: many inputs into one folder of results, case by case."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gliascope.engine.memory import return_memory
from gliascope.errors import InputError
from gliascope.findings import SCHEMA, Finding
from gliascope.pipeline.ahead import map_ahead
from gliascope.pipeline.analyser import Analyser
from gliascope.pipeline.anonymous import anonymous_case
from gliascope.pipeline.outputs import Outputs
from gliascope.pipeline.record import fingerprint
from gliascope.pipeline.reports import INDEX, Reports, check_index, write_folder_index
from gliascope.pipeline.results import FINDINGS, case_folder, write_case
from gliascope.pipeline.tables import Tables
from gliascope.read import CaseFiles, read_case
from gliascope.scan import Case, Sequence

if TYPE_CHECKING:
    from gliascope.present.report.index_page import IndexRow

logger = logging.getLogger(__name__)

AHEAD: Final = 1
"""Cases begun before their turn: enough to keep two cores busy, and memory stays that of two cases."""


@dataclass(frozen=True)
class Outcome:
    """One case of a run, done.

    Attributes
    ----------
    record : dict
        What its ``findings.json`` holds.
    folder : Path
        Its results.
    continued : bool
        True where an earlier run had done it.
    """

    record: dict[str, Any]
    folder: Path
    continued: bool

    @property
    def has_problems(self) -> bool:
        """Whether something of the case could not be used."""
        return bool(self.record["problems"])


@dataclass(frozen=True, eq=False)
class _Begun:
    """A case that is read, and analysed unless an earlier run has done it (`record`)."""

    case: Case
    mark: str
    target: Path
    record: dict[str, Any] | None
    finding: Finding | None


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
) -> Iterator[Outcome]:
    """Analyse cases and write their results.

    Where the engine has several lanes, the next case is read and prepared while one is in the networks or written.
    Two cases are held in memory, never more.

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

    Yields
    ------
    Outcome
        In the order of `files`, when the case's folder and rows are on disk.

    Raises
    ------
    InputError
        Before anything is written, if `out` is one of the folders that are to be read, or something other than an
        older result stands where a case's results belong.
    OSError
        If results cannot be written; those of finished cases remain.
    """
    folder = Path(out)
    outputs, reports = outputs or Outputs(), reports or Reports(html=figures)
    check_place(files, folder)
    options: dict[str, Any] = {
        **outputs.options,
        **reports.options,
        "figures": figures,
        "save_probabilities": analyser.save_probabilities,
        "precision": analyser.engine.describe()["precision"],
        "assessor": analyser.provenance["assessor"],
    }
    if analyser.flips:
        options["flips"] = True

    def begin(one: CaseFiles) -> _Begun:
        case = read_case(one, channels, register=register)
        if outputs.anonymise:
            case = anonymous_case(case)
        mark = fingerprint(case, analyser.bundle, analyser.operating_point, options)
        target = case_folder(folder, case.name)
        record = _finished(target, mark) if resume else None
        return _Begun(case, mark, target, record, None if record else _analysed(analyser, case))

    rows: dict[str, IndexRow] = {}
    indexed = reports.html or (folder / INDEX).exists()
    try:
        with Tables(folder) as tables:
            for begun in map_ahead(begin, files, AHEAD if analyser.engine.lanes > 1 else 0):
                record = begun.record or _written(begun, folder, figures, outputs, reports)
                tables.add(record)
                if indexed:
                    rows[begun.target.name] = _index_row(record, begun.target)
                outcome = Outcome(record, begun.target, begun.record is not None)
                del begun  # its pixels, before the case after the next is read
                return_memory()
                yield outcome
    finally:
        if (rows and reports.html) or (folder / INDEX).exists():
            write_folder_index(folder, rows)


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


def _analysed(analyser: Analyser, case: Case) -> Finding:
    start = time.perf_counter()
    finding = analyser.analyse(case)
    logger.info("%s: %d slices analysed in %.1f s", case.name, len(case), time.perf_counter() - start)
    return finding


def _written(begun: _Begun, out: Path, figures: bool, outputs: Outputs, reports: Reports) -> dict[str, Any]:
    assert begun.finding is not None  # what an earlier run has not done was analysed
    start = time.perf_counter()
    chosen: dict[str, Any] = {"figures": figures, "outputs": outputs, "reports": reports}
    record = write_case(begun.finding, begun.case, out, mark=begun.mark, **chosen)
    logger.info("%s: written in %.1f s", begun.case.name, time.perf_counter() - start)
    return record


def _index_row(record: dict[str, Any], target: Path) -> IndexRow:
    from gliascope.present.report.index_page import index_row

    return index_row(record, target)


def _finished(target: Path, mark: str) -> dict[str, Any] | None:
    """Read an earlier result if it has the same fingerprint."""
    try:
        record = json.loads((target / FINDINGS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA or record.get("fingerprint") != mark:
        return None
    logger.info("%s: taken over from an earlier run", record["case"])
    return record
