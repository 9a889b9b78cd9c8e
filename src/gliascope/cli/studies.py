"""`gliascope studies`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gliascope.cli.console import error, note
from gliascope.cli.exchange import attached
from gliascope.cli.options import AsJson, Quiet, SeriesNames, Verbose
from gliascope.cli.remote import (
    CaFile,
    Certificate,
    CredentialsFile,
    DicomWeb,
    OwnTitle,
    Pacs,
    Remote,
    Studies,
    Timeout,
    Tls,
)
from gliascope.cli.remote_list import Date, Limit, list_archive

if TYPE_CHECKING:
    from gliascope.read.dicom.cases import Found
    from gliascope.read.dicom.plan import Use
    from gliascope.scan import Problem

SCHEMA = "gliascope.studies/1"
"""Name and version of what ``--json`` prints."""


def studies(
    inputs: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]...", show_default=False, help="DICOM files, folders of any depth, zip archives."
        ),
    ] = None,
    *,
    series: SeriesNames = None,
    dicomweb: DicomWeb = None,
    pacs: Pacs = None,
    aet: OwnTitle = "GLIASCOPE",
    study: Studies = None,
    date: Date = "",
    limit: Limit = 100,
    tls: Tls = False,
    ca_file: CaFile = None,
    certificate: Certificate = None,
    credentials: CredentialsFile = None,
    timeout: Timeout = 60.0,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = 0,
) -> None:
    """List DICOM studies: which series would be used as what, and why the others would not.

    Reads headers only. No patient's name, number or date of birth is shown. With --dicomweb or --pacs, the studies of
    a PACS that hold MR series are listed; those named by --study are fetched into a temporary folder and listed in
    full.

    Exit status: 0 listed; 1 a file could not be read, or there is no DICOM study; 2 wrong arguments.
    """
    del verbose
    remote = Remote(dicomweb, pacs, aet, ca_file, credentials, timeout, tls, certificate)
    if remote.is_named and not study:
        if inputs:
            raise typer.BadParameter(
                "a PACS stands in place of PATH unless --study names what is fetched, received both"
            )
        list_archive(remote, date, limit, as_json=as_json)
        return
    with attached(remote, study or [], store=False, quiet=quiet or as_json) as held:
        named = [*(inputs or []), *held.fetched]
        _list(named, series, held.missed, as_json=as_json)


def _list(inputs: list[Path], series: list[str] | None, missed: dict[str, str], *, as_json: bool) -> None:
    """List what files hold, and what was not fetched."""
    from gliascope.errors import InputError
    from gliascope.read.dicom.cases import find_studies
    from gliascope.read.dicom.plan import parse_named
    from gliascope.read.find import gather_dicom

    try:
        found = find_studies(gather_dicom(inputs), parse_named(series or [])) if inputs or not missed else []
    except InputError as wrong:
        raise typer.BadParameter(str(wrong)) from wrong
    unread = [problem for one in found for problem in one.problems]
    if as_json:
        listed = [as_values(one) for one in found if one.plan is not None]
        problems = [{"path": uid, "message": message} for uid, message in missed.items()]
        problems += [_problem(one) for one in unread]
        print(json.dumps({"schema": SCHEMA, "studies": listed, "problems": problems}, indent=2))
    elif any(one.plan is not None for one in found):
        print("\n\n".join(describe(one) for one in found if one.plan is not None))
    for problem in unread:
        error(f"{problem.path}: {problem.message}")
    if not any(one.plan is not None for one in found) and not missed:
        note("No DICOM study was found.")
        raise typer.Exit(1)
    if unread or missed:
        raise typer.Exit(1)


def as_values(found: "Found") -> dict[str, Any]:
    """JSON form of one study."""
    plan = found.plan
    assert plan is not None
    return {
        "study": plan.study.uid,
        "date": plan.study.date or None,
        "series": [_series(one) for one in plan.uses],
        "sequences": {one.sequence: one.series.uid for one in plan.uses if one.sequence is not None},
        "warnings": list(plan.warnings),
        "problems": [_problem(one) for one in plan.problems],
    }


def describe(found: "Found") -> str:
    """Lines for people about one study."""
    plan = found.plan
    assert plan is not None
    date = f", {plan.study.date}" if plan.study.date else ""
    lines = [f"study {plan.study.uid}{date}"]
    lines += [_line(one) for one in plan.uses]
    lines += [f"  warning: {one}" for one in plan.warnings]
    lines += [f"  problem: {one.message}" for one in plan.problems]
    return "\n".join(lines)


def _series(use: "Use") -> dict[str, Any]:
    from gliascope.geometry import spacing

    series = use.series
    stack, first = series.stack, series.first
    return {
        "series": series.uid,
        "number": first.series_number,
        "description": first.description or None,
        "modality": first.modality or None,
        "instances": len(series.instances),
        "plane": series.plane or None,
        "shape": None if stack is None else list(stack.grid.shape),
        "spacing_mm": None if stack is None else [round(float(one), 6) for one in spacing(stack.grid.affine)],
        "sequence": use.sequence,
        "reason": use.reason,
        "notes": [] if stack is None else list(stack.notes),
    }


def _line(use: "Use") -> str:
    from gliascope.read.volume.join import TITLES

    values = _series(use)
    what = f"{values['instances']} instances"
    if values["shape"] is not None:
        columns, rows, slices = values["shape"]
        edges = " x ".join(f"{one:.3g}" for one in values["spacing_mm"])
        what = f"{values['plane']}, {slices} slices of {rows} x {columns}, {edges} mm"
    used = "not used" if use.sequence is None else TITLES[use.sequence]
    notes = "".join(f"\n      {one}" for one in values["notes"] if one not in use.reason)
    return f"  {used}: {use.series.label}, {what}\n      {use.reason}{notes}\n      {use.series.uid}"


def _problem(one: "Problem") -> dict[str, str]:
    return {"path": one.path, "message": one.message}
