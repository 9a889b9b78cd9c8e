"""Results for a PACS: the finding of a DICOM series as DICOM objects."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gliascope.errors import GliascopeError, InputError, UnreadableFile
from gliascope.findings import Finding
from gliascope.pipeline.outputs import DICOM, Outputs
from gliascope.pipeline.volumes import measurement_record, volume_of
from gliascope.scan import Case, DicomSource, Problem, Scan, Volume

if TYPE_CHECKING:
    from gliascope.present.dicom.source import Headers

FOLDER: Final = "dicom"


@dataclass(frozen=True, eq=False)
class _Task:
    """Everything that the objects of one case are made from."""

    finding: Finding
    scan: Scan
    volume: Volume
    source: DicomSource
    folder: Path
    outputs: Outputs
    problems: list[Problem] = field(default_factory=list)


def write_objects(
    finding: Finding, case: Case, folder: Path, outputs: Outputs
) -> tuple[dict[str, Any] | None, tuple[Problem, ...]]:
    """Write the DICOM objects that were asked for.

    Parameters
    ----------
    finding : Finding
    case : Case
        What it was made from.
    folder : Path
        The case's folder.
    outputs : Outputs

    Returns
    -------
    record : dict or None
        What was written, by kind; None where nothing was asked for, or nothing can be.
    problems : tuple of Problem
        What could not be written, and the rule that forbids it.
    """
    wanted = outputs.write & DICOM
    if not wanted or not case.scans or not finding.slices:  # what could not be read or analysed has said so already
        return None, ()
    scan = volume_of(case)
    volume = None if scan is None else scan.volume
    if scan is None or volume is None or volume.dicom is None:
        kinds = ", ".join(sorted(wanted))
        rule = f"{kinds} must refer to a DICOM study, received a case that was not read from one"
        return None, (Problem(case.name, rule),)
    task = _Task(finding, scan, volume, volume.dicom, folder, outputs)
    record = _write(task, case.name)
    return record, tuple(task.problems)


def _write(task: _Task, name: str) -> dict[str, Any] | None:
    from gliascope.read.dicom.files import quiet

    def attempt(kind: str, make: Callable[[], Any]) -> Any:
        try:
            return make()
        except InputError as error:
            is_named = task.outputs.anonymise and isinstance(error, UnreadableFile)
            message = "its source cannot be read any more (--anonymise)" if is_named else str(error)
        except (GliascopeError, OSError):
            raise
        except Exception as error:  # noqa: BLE001  odd headers must not end a run; what is quoted may tell the patient
            message = f"the object could not be made: {type(error).__name__}"
        task.problems.append(Problem(name, f"{kind} was not written: {message}"))
        return None

    with quiet():
        record: dict[str, Any] | None = attempt("a DICOM result", lambda: _objects(task, attempt))
    return record


def _objects(task: _Task, attempt: Callable[[str, Callable[[], Any]], Any]) -> dict[str, Any]:
    from gliascope.present.dicom.files import write_object
    from gliascope.present.dicom.sc import make_captures
    from gliascope.present.dicom.seg import make_seg
    from gliascope.present.dicom.source import origin_of
    from gliascope.present.dicom.sr import make_sr
    from gliascope.present.dicom.uids import Uids

    finding, outputs = task.finding, task.outputs
    origin = origin_of(task.source, _datasets(task.source), task.volume.grid, anonymise=outputs.anonymise)
    uids = Uids(_key(task))
    record: dict[str, Any] = {"seg": None, "sr": None, "sc": [], "anonymised": outputs.anonymise}

    def keep(kind: str, made: Any) -> Any:
        if made is not None:
            write_object(made, task.folder / FOLDER / f"{kind}.dcm")
            record[kind] = f"{FOLDER}/{kind}.dcm"
        return made

    seg = None
    if "seg" in outputs.write and finding.volume is not None:
        grid = task.volume.grid
        seg = attempt("seg", lambda: keep("seg", make_seg(finding, grid, origin, uids, outputs.seg_type)))
    if "sr" in outputs.write:
        attempt("sr", lambda: keep("sr", make_sr(finding, origin, uids, seg)))
    if "sc" in outputs.write:
        pixels, sequences = task.scan.pixels, task.scan.sequences
        for made in attempt("sc", lambda: make_captures(finding, pixels, sequences, origin, uids)) or []:
            name = f"{FOLDER}/sc_{made.InstanceNumber:04d}.dcm"
            write_object(made, task.folder / name)
            record["sc"].append(name)
    return record


def _datasets(source: DicomSource) -> Headers:
    """Open the header of every instance once."""
    from gliascope.read.dicom import open_instance

    found: dict[str, Any] = {}
    for image in (one for series in (source, *source.others) for one in series.images):
        if image.instance_uid not in found:
            found[image.instance_uid] = open_instance(image)
    return found


def _key(task: _Task) -> str:
    """Digest of everything that the objects say, so that the same identifier never names two contents."""
    finding, made = task.finding, task.finding.provenance
    point, volume = finding.operating_point, finding.volume
    values = {
        "source": [
            [one.study_uid, one.series_uid, one.frame_of_reference_uid, [[i.instance_uid, i.frame] for i in one.images]]
            for one in (task.source, *task.source.others)
        ],
        "gliascope": made["gliascope"],
        "bundle": made["bundle"]["sha256"],
        "precision": made["engine"].get("precision"),
        "operating_point": list(asdict(point).values()),
        "options": [task.outputs.seg_type, task.outputs.anonymise],
        "said": [finding.verdict, str(finding.score), str(finding.case_score), finding.reason],
        "slices": [[one.verdict, str(one.probability)] for one in finding.slices],
        "measured": measurement_record(finding),
        "uncertainty": None if finding.uncertainty is None else vars(finding.uncertainty),
        "mask": None if volume is None else hashlib.sha256(volume.mask.tobytes()).hexdigest(),
        "probability": None
        if volume is None or volume.mask_probability is None or task.outputs.seg_type == "binary"
        else hashlib.sha256(volume.mask_probability.tobytes()).hexdigest(),
    }
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
