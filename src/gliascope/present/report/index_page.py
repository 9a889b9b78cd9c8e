"""The page over all cases of a folder of results: one row a case, to be sorted and searched."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from gliascope.findings import REASONS
from gliascope.present.canvas import NOTICE
from gliascope.present.files import replaced
from gliascope.present.report.choose import key_slices
from gliascope.present.report.text import plural, readable
from gliascope.present.report.words import FAILED, TITLES, failed, probability, verdict_title
from gliascope.present.templating import template

GENERATOR: Final = '<meta name="generator" content="gliascope">'
"""By this line a page of gliascope is told from somebody else's."""
SCRIPT: Final = "index.js"
THUMBNAIL: Final = 72
"""Side of a thumbnail on the page, in CSS pixels."""


REVIEW: Final = "outline needs review"
MOST_NOTES: Final = 3
"""Files that could not be used, by name; the rest are counted."""


@dataclass(frozen=True)
class Cell:
    """What stands in one place of the table.

    Attributes
    ----------
    text : str
    value : float or str
        What the column is sorted by; an empty text stands behind all others, in either direction.
    """

    text: str
    value: float | str = ""


@dataclass(frozen=True)
class IndexRow:
    """One case.

    Attributes
    ----------
    folder : Path
        The case's folder of results.
    case : str
    verdict : str
        As a report says it.
    notes : tuple of str
        What is to be seen beside the verdict: a need of review, files that could not be used.
    link : str or None
        The file in `folder` that the name leads to.
    thumbnail : str or None
        The picture's file in `folder`.
    alt : str
        What it shows.
    cells : mapping of str to Cell
        By the names of `COLUMNS`; a column that is empty in every row is left out.
    """

    folder: Path
    case: str
    verdict: str
    notes: tuple[str, ...]
    link: str | None
    thumbnail: str | None
    alt: str
    cells: Mapping[str, Cell]


COLUMNS: Final = {
    "score": "highest slice probability",
    "case_score": "case score",
    "slices": "suspicious slices",
    "volume": "volume, ml",
    "diameter": "longest diameter, mm",
    "area": "area, px",
    "dice": "Dice",
}
"""Columns of numbers and their titles."""


def index_row(record: Mapping[str, Any], folder: Path) -> IndexRow:
    """Pick what the page says of a case.

    Parameters
    ----------
    record : mapping
        What its ``findings.json`` holds.
    folder : Path
        The case's folder of results.

    Returns
    -------
    IndexRow
    """
    measured, truth = record.get("measurement") or {}, record["truth"] or {}
    judged = record["verdict"] != "not assessable"
    cells = {
        "score": _number(record["score"], probability),
        "case_score": _number(record["case_score"], probability),
        "slices": Cell(f"{record['tumour_slices']:,} of {record['slice_count']:,}", record["tumour_slices"])
        if judged
        else Cell(""),
        "volume": _number(measured.get("volume_ml"), "{:.1f}".format),
        "diameter": _number(measured.get("diameter_mm"), "{:.1f}".format),
        "area": _number(record["area_px"] if judged else None, "{:,}".format),
        "dice": _number(truth.get("dice"), "{:.3f}".format),
    }
    link = next((record[key] for key in ("report", "contact_sheet") if record.get(key)), None)
    name = readable(str(record["case"]))
    return IndexRow(
        folder, name, verdict_title(record), _notes(record), link, record.get("thumbnail"), _alt(record), cells
    )


def render_index(title: str, rows: Sequence[IndexRow]) -> str:
    """Make the page as a text.

    Parameters
    ----------
    title : str
    rows : sequence of IndexRow
        In any order; the page has them by name, digits counted as numbers.

    Returns
    -------
    str
        HTML 5 with pictures and its one script inside; every text is escaped. The same rows give the same page.
    """
    ordered = sorted(rows, key=lambda one: (_natural(one.case), one.folder.name))
    columns = {key: told for key, told in COLUMNS.items() if any(row.cells[key].text for row in rows)}
    script = (files("gliascope.present") / "templates" / SCRIPT).read_text(encoding="utf-8")
    return template("index.html.jinja").render(
        title=title,
        summary=_summary(rows),
        columns=columns,
        rows=[(one, _address(one.folder, one.link), _picture(one)) for one in ordered],
        side=THUMBNAIL,
        script=script,
        digest=base64.b64encode(hashlib.sha256(f"\n{script}".encode()).digest()).decode("ascii"),
        notice=NOTICE,
    )


def write_index(path: Path, title: str, rows: Sequence[IndexRow]) -> Path:
    """Write the page of `render_index`, beside and moved into place.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    page = render_index(title, rows)
    with replaced(path) as temporary:
        temporary.write_text(page, encoding="utf-8", errors="backslashreplace", newline="\n")
    return path


def is_index(path: Path) -> bool:
    """Whether a file is a page of gliascope, which may be replaced."""
    with path.open("rb") as file:
        return GENERATOR.encode() in file.read(2000)


def _number(value: float | None, show: Any) -> Cell:
    return Cell("") if value is None else Cell(show(value), value)


def _notes(record: Mapping[str, Any]) -> tuple[str, ...]:
    notes = [REVIEW] if (record.get("uncertainty") or {}).get("needs_review") else []
    if record["reason"] is not None:
        forced = "" if record["verdict"] == "not assessable" else "judged by force: "
        notes.append(f"{forced}{REASONS[record['reason']]}")
    problems = [f"{readable(Path(one['path']).name)}: {readable(one['message'])}" for one in record["problems"]]
    notes += [one if failed(record) else f"not used: {one}" for one in problems[:MOST_NOTES]]
    if len(problems) > MOST_NOTES:
        notes.append(f"and {plural(len(problems) - MOST_NOTES, 'more file')} that could not be used")
    return tuple(notes)


def _alt(record: Mapping[str, Any]) -> str:
    place = cover_slice(record)
    if place is None:
        return ""
    outlined = "with its outline" if record["slices"][place]["area_px"] else "nothing outlined"
    return f"slice {place + 1} of {record['slice_count']}, {outlined}"


def cover_slice(record: Mapping[str, Any]) -> int | None:
    """Place of the slice that stands for a case; None where every slice is blank."""
    choices = key_slices(record)
    for word in ("largest outline", "highest probability"):
        for one in choices:
            if word in one.why:
                return one.place
    return choices[len(choices) // 2].place if choices else None


def _summary(rows: Sequence[IndexRow]) -> list[str]:
    counts = Counter(one.verdict for one in rows)
    told = [f"{counts[title]:,} {title.lower()}" for title in (*TITLES.values(), FAILED) if counts[title]]
    review = sum(REVIEW in one.notes for one in rows)
    more = [f"{review:,} with an outline that needs review"] if review else []
    return [plural(len(rows), "case"), *told, *more]


def _address(folder: Path, name: str | None) -> str:
    """Relative address of a file of a case, safe for any name."""
    return "" if name is None else f"{quote(os.fsencode(folder.name))}/{quote(os.fsencode(name))}"


def _picture(row: IndexRow) -> str:
    """The thumbnail as a data URI; empty where it is not there."""
    if row.thumbnail is None:
        return ""
    try:
        content = (row.folder / row.thumbnail).read_bytes()
    except OSError:
        return ""
    return "data:image/jpeg;base64," + base64.b64encode(content).decode("ascii")


def _natural(name: str) -> list[tuple[int, str]]:
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return [(int(one), "") if one[0] in "0123456789" else (-1, one) for one in parts]
