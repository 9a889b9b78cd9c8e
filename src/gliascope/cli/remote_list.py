"""Studies of a PACS, listed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from gliascope.cli.console import note
from gliascope.cli.remote import Remote

if TYPE_CHECKING:
    from gliascope.archive import StudyEntry

SCHEMA = "gliascope.archive/1"
"""Name and version of what ``--json`` prints."""

Date = Annotated[
    str,
    typer.Option(
        metavar="DAYS", show_default=False, help="Of a PACS, only studies of this day or range: 20200101-20201231."
    ),
]
"""``date: Date = ""``"""

Limit = Annotated[int, typer.Option(min=1, help="Of a PACS, at most so many studies.")]
"""``limit: Limit = 100``"""


def list_archive(remote: Remote, date: str, limit: int, *, as_json: bool) -> None:
    """Print the studies of a PACS that hold MR series.

    Raises
    ------
    typer.Exit
        With status 1 if there is none.
    typer.BadParameter
        If the dates are none.
    """
    from gliascope.archive import checked_date
    from gliascope.errors import InputError

    try:
        days = checked_date(date)
    except InputError as wrong:
        raise typer.BadParameter(f"--date: {wrong}") from wrong
    with remote.open() as archive:
        found = archive.studies(date=days, limit=limit)
        if as_json:
            studies = [_values(one) for one in found]
            print(json.dumps({"schema": SCHEMA, "archive": archive.name, "studies": studies}, indent=2))
        else:
            for one in found:
                print(_line(one))
    if len(found) == limit:
        note(f"There may be more: these are the first {limit} (--limit).")
    if not found:
        note("No study with MR series was found.")
        raise typer.Exit(1)


def _values(one: StudyEntry) -> dict[str, object]:
    return {
        "study": one.uid,
        "date": one.date or None,
        "modalities": list(one.modalities),
        "series_count": one.series,
        "instance_count": one.instances,
    }


def _line(one: StudyEntry) -> str:
    counts = [f"{count} {what}" for count, what in ((one.series, "series"), (one.instances, "instances")) if count]
    return ", ".join([f"study {one.uid}", *([one.date] if one.date else []), " ".join(one.modalities), *counts])
