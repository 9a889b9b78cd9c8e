"""The reports of a run: one for each case, and the page over all cases of a folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from gliascope.errors import GliascopeError, InputError, MissingExtra
from gliascope.findings import SCHEMA, Finding
from gliascope.present.files import replaced
from gliascope.scan import Case

if TYPE_CHECKING:  # a run without pictures and reports loads nothing that draws
    from gliascope.present.canvas import Canvas
    from gliascope.present.report.index_page import IndexRow

REPORT: Final = "report.html"
PDF: Final = "report.pdf"
THUMBNAIL: Final = "thumbnail.jpg"
INDEX: Final = "index.html"
TITLE: Final = "Results of gliascope"
SHEET_SIDE: Final = 2400
"""Longest side of the contact sheet in a report, in pixels."""
SHEET_QUALITY: Final = 80


@dataclass(frozen=True)
class Reports:
    """Choice of reports.

    Attributes
    ----------
    html : bool
        ``report.html`` for each case, and ``index.html`` over all.
    pdf : bool
        ``report.pdf`` for each case; needs the extra ``pdf``.
    """

    html: bool = True
    pdf: bool = False

    @property
    def is_any(self) -> bool:
        """Whether there is anything to write."""
        return self.html or self.pdf

    @property
    def options(self) -> dict[str, Any]:
        """What of it decides about the files, as JSON values."""
        return {"reports": {"html": self.html, "pdf": self.pdf}}

    def names(self, *, has_picture: bool) -> dict[str, str | None]:
        """What the case's record says of its reports.

        Parameters
        ----------
        has_picture : bool
            Whether there is a slice to be shown: one that is not blank.
        """
        return {
            "report": REPORT if self.html else None,
            "report_pdf": PDF if self.pdf else None,
            "thumbnail": THUMBNAIL if self.html and has_picture else None,
        }


def write_reports(finding: Finding, case: Case, record: dict[str, Any], sheet: Canvas | None, folder: Path) -> None:
    """Write the reports that a record names.

    A PDF that cannot be laid out ends no series: the record names none then, and has a problem more.

    Parameters
    ----------
    finding : Finding
    case : Case
        What the finding was made from.
    record : dict
        The finding's JSON form.
    sheet : Canvas or None
        The contact sheet; None where every slice is blank.
    folder : Path
        The case's folder.

    Raises
    ------
    MissingExtra
        If PDF was asked for and Typst is not installed.
    OSError
        If a file cannot be written.
    """
    from gliascope.present.page import write_page
    from gliascope.present.report.case_page import case_page
    from gliascope.present.report.svg import jpeg
    from gliascope.present.report.thumbnail import thumbnail
    from gliascope.present.sheet import HEAD

    # The report says by itself what stands above the slices, in letters of any alphabet.
    picture = None if sheet is None else jpeg(sheet.pixels[HEAD:], SHEET_SIDE, SHEET_QUALITY)
    page = case_page(finding, case, record, picture)
    if record["report"] is not None:
        texts = {"subtitle": page.subtitle, "lead": page.lead}
        write_page(folder / record["report"], page.title, page.sections, footer=page.footer, **texts)
    if record["report_pdf"] is not None:
        from gliascope.present.report.pdf import write_pdf

        try:
            write_pdf(folder / record["report_pdf"], page)
        except MissingExtra:
            raise
        except GliascopeError as error:
            record["report_pdf"] = None
            record["problems"].append({"path": record["case"], "message": str(error)})
    if record["thumbnail"] is not None:
        with replaced(folder / record["thumbnail"]) as temporary:
            temporary.write_bytes(thumbnail(finding, case, record) or b"")


def check_index(out: Path) -> None:
    """Refuse a folder whose ``index.html`` is somebody else's.

    Raises
    ------
    InputError
    """
    path = out / INDEX
    if not path.exists():
        return
    from gliascope.present.report.index_page import is_index

    if not (path.is_file() and is_index(path)):
        raise InputError(f"{path}: only an older page of gliascope may be replaced, received something else")


def write_folder_index(out: Path, known: Mapping[str, IndexRow]) -> Path:
    """Write the page over all cases of a folder, whichever run they came from.

    Parameters
    ----------
    out : Path
        The folder of all results.
    known : mapping of str to IndexRow
        By the names of their folders, the cases whose records need not be read again.

    Returns
    -------
    Path

    Raises
    ------
    OSError
        If the page cannot be written.
    """
    from gliascope.present.report.index_page import write_index

    folders = [one for one in sorted(out.iterdir()) if not one.name.startswith(".") and one.is_dir()]
    rows = [known.get(one.name) or _read_row(one) for one in folders]
    return write_index(out / INDEX, TITLE, [one for one in rows if one is not None])


def _read_row(folder: Path) -> IndexRow | None:
    """The row of a case that another run has written; None where the folder is no result."""
    from gliascope.present.report.index_page import index_row

    try:
        record = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
        return index_row(record, folder) if record["schema"] == SCHEMA else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
