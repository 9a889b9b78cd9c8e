"""What is done with each case of a run: read, analyse, write."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gliascope.findings import SCHEMA, Finding
from gliascope.pipeline.analyser import Analyser
from gliascope.pipeline.anonymous import anonymous_case
from gliascope.pipeline.outputs import Outputs
from gliascope.pipeline.record import fingerprint
from gliascope.pipeline.reports import Reports
from gliascope.pipeline.results import FINDINGS, case_folder, write_case
from gliascope.read import CaseFiles, read_case
from gliascope.scan import Case, Sequence

logger = logging.getLogger(__name__)


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
class Begun:
    """A case that is read, and analysed unless an earlier run has done it.

    Attributes
    ----------
    case : Case
    mark : str
        Fingerprint of all that its results depend on.
    target : Path
        Where they go.
    record : dict or None
        What an earlier run has written.
    finding : Finding or None
        None where an earlier run has done it.
    """

    case: Case
    mark: str
    target: Path
    record: dict[str, Any] | None
    finding: Finding | None


@dataclass(frozen=True)
class Work:
    """How the cases of a run are read and written.

    Attributes
    ----------
    out : Path
    channels, register, figures, resume, outputs, reports
        See `gliascope.pipeline.folder.analyse_into`.
    """

    out: Path
    channels: tuple[Sequence, ...] | None
    register: bool
    figures: bool
    resume: bool
    outputs: Outputs
    reports: Reports

    def begin(self, analyser: Analyser, files: CaseFiles) -> Begun:
        """Read a case and analyse it, unless an earlier run has done so.

        Parameters
        ----------
        analyser : Analyser
        files : CaseFiles

        Returns
        -------
        Begun

        Raises
        ------
        BundleError, DeviceError
            If the model or the device fails, as it would for every case.
        """
        case = read_case(files, self.channels, register=self.register)
        if self.outputs.anonymise:
            case = anonymous_case(case)
        mark = fingerprint(case, analyser.bundle, analyser.operating_point, self._options(analyser))
        target = case_folder(self.out, case.name)
        record = _finished(target, mark) if self.resume else None
        return Begun(case, mark, target, record, None if record else _analysed(analyser, case))

    def finish(self, begun: Begun) -> Outcome:
        """Write what was found.

        Parameters
        ----------
        begun : Begun

        Returns
        -------
        Outcome

        Raises
        ------
        OSError
            If results cannot be written.
        """
        if begun.record is not None:
            return Outcome(begun.record, begun.target, continued=True)
        assert begun.finding is not None  # what an earlier run has not done was analysed
        start = time.perf_counter()
        chosen: dict[str, Any] = {"figures": self.figures, "outputs": self.outputs, "reports": self.reports}
        record = write_case(begun.finding, begun.case, self.out, mark=begun.mark, **chosen)
        logger.info("%s: written in %.1f s", begun.case.name, time.perf_counter() - start)
        return Outcome(record, begun.target, continued=False)

    def _options(self, analyser: Analyser) -> dict[str, Any]:
        """What a result depends on beside the case, the bundle and the operating point."""
        options: dict[str, Any] = {
            **self.outputs.options,
            **self.reports.options,
            "figures": self.figures,
            "save_probabilities": analyser.save_probabilities,
            "precision": analyser.engine.describe()["precision"],
            "assessor": analyser.provenance["assessor"],
        }
        return options | ({"flips": True} if analyser.flips else {})


def _analysed(analyser: Analyser, case: Case) -> Finding:
    start = time.perf_counter()
    finding = analyser.analyse(case)
    logger.info("%s: %d slices analysed in %.1f s", case.name, len(case), time.perf_counter() - start)
    return finding


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
