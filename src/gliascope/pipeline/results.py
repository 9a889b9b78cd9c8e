"""The folder of one case: written beside its place, and moved there when it is complete."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from gliascope.errors import InputError
from gliascope.findings import Finding
from gliascope.pipeline.dicom import write_objects
from gliascope.pipeline.outputs import Outputs
from gliascope.pipeline.record import names_of, record_of
from gliascope.pipeline.reports import INDEX, Reports, write_reports
from gliascope.pipeline.volumes import write_volumes
from gliascope.present.masks import write_mask, write_probability
from gliascope.scan import Case

FINDINGS: Final = "findings.json"
TABLES: Final = ("cases.csv", "slices.csv", INDEX)
"""Names that stand beside the cases' folders, so that no case may have them."""


def case_folder(out: Path, name: str) -> Path:
    """Folder of a case's results.

    Parameters
    ----------
    out : Path
        The folder of all results.
    name : str
        The case's name; one that a table or the page over all cases has gets ``_`` behind it.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If the name is no plain name of a folder.
    """
    if not name or name.startswith(".") or Path(name).name != name or "\\" in name or "\0" in name:
        raise InputError(f"a case's name must be usable as a folder's name, received {name!r}")
    return out / (f"{name}_" if name.casefold() in TABLES else name)


def write_case(
    finding: Finding,
    case: Case,
    out: str | Path,
    *,
    figures: bool = True,
    mark: str = "",
    outputs: Outputs | None = None,
    reports: Reports | None = None,
) -> dict[str, Any]:
    """Write everything said about a case into ``out/<case>``.

    The folder is filled as ``out/.<case>.partial`` and moved into place, so that it is complete or absent. An older
    result of the same case is replaced. A case must have one writer at a time: `gliascope.pipeline.analyse_into` sees
    to that.

    Parameters
    ----------
    finding : Finding
    case : Case
        What the finding was made from.
    out : str or Path
        Made where it is missing.
    figures : bool
        Draw one picture for each tumour slice, and the contact sheet.
    mark : str
        Kept as ``fingerprint``; see `gliascope.pipeline.record.fingerprint`.
    outputs : Outputs, optional
        By default no DICOM objects. What of them cannot be written is among the record's problems.
    reports : Reports, optional
        By default ``report.html``, and none without figures.

    Returns
    -------
    dict
        What ``findings.json`` holds.

    Raises
    ------
    InputError
        If the name is no plain name of a folder, or something other than an older result is in its place.
    OSError
        If the folder cannot be written; nothing is left behind then.
    """
    target = case_folder(Path(out), finding.case)
    if target.exists() and not (target / FINDINGS).is_file():
        raise InputError(f"{target}: only an older result may be replaced, received something else (no {FINDINGS})")
    partial = target.parent / f".{target.name}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        wanted = _Wanted(figures, mark, outputs or Outputs(), reports or Reports(html=figures))
        record = _fill(partial, finding, case, wanted)
        _move_into_place(partial, target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return record


@dataclass(frozen=True)
class _Wanted:
    """What of a case is written beside its masks and findings."""

    figures: bool
    mark: str
    outputs: Outputs
    reports: Reports


def _fill(folder: Path, finding: Finding, case: Case, wanted: _Wanted) -> dict[str, Any]:
    folder.mkdir(parents=True)
    shown = _shown(finding, case) if wanted.figures else [False] * len(finding.slices)
    objects, refused = write_objects(finding, case, folder, wanted.outputs)
    finding = replace(finding, problems=(*finding.problems, *refused))
    has_picture = any(one.reason != "blank" for one in finding.slices)
    record = record_of(
        finding,
        case,
        figures=shown,
        sheet=wanted.figures,
        mark=wanted.mark,
        objects=objects,
        reports=wanted.reports.names(has_picture=has_picture),
    )
    for one, names in zip(finding.slices, names_of([one.source for one in finding.slices]), strict=True):
        if finding.volume is not None:
            continue
        write_mask(one.mask, folder / names.mask)
        if one.mask_probability is not None:
            write_probability(one.mask_probability, folder / names.probability)
    write_volumes(finding, case, folder)
    _draw(folder, finding, case, record, wanted)
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / FINDINGS).write_text(text + "\n", encoding="utf-8", newline="\n")
    return record


def _shown(finding: Finding, case: Case) -> list[bool]:
    from gliascope.pipeline.figures import slices_to_draw

    return slices_to_draw(finding, case)


def _draw(folder: Path, finding: Finding, case: Case, record: dict[str, Any], wanted: _Wanted) -> None:
    """Draw pictures and write reports; both show the same contact sheet."""
    if not (wanted.figures or wanted.reports.is_any):
        return
    from gliascope.pipeline.figures import draw_case_sheet, draw_figures

    draw_figures(finding, case, record, folder)
    sheet = draw_case_sheet(finding, case, record)
    if sheet is not None and record["contact_sheet"] is not None:
        sheet.save(folder / record["contact_sheet"], finding.case)
    if wanted.reports.is_any:
        write_reports(finding, case, record, sheet, folder)


def _move_into_place(partial: Path, target: Path) -> None:
    aside = target.parent / f".{target.name}.old"
    shutil.rmtree(aside, ignore_errors=True)
    if target.exists():
        target.rename(aside)
    partial.rename(target)
    shutil.rmtree(aside, ignore_errors=True)
