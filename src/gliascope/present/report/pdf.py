"""A page as PDF: the blocks of the HTML page, laid out by Typst, tagged for screen readers."""

from __future__ import annotations

import datetime as dt
import json
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from gliascope.errors import GliascopeError, require_extra
from gliascope.present.blocks import Block, Drawing, Gallery, Listing, Page, Picture, Status, Table
from gliascope.present.canvas import NOTICE
from gliascope.present.files import replaced
from gliascope.present.lettering import font_folder, is_covered, numbered

EXTRA: Final = "pdf"
MAIN: Final = "page.typ"
STANDARD: Final = "ua-1"
"""PDF/UA-1: tagged, with a title, a language, and a text for every picture; Typst refuses to write anything less."""
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
"""Stands in place of the time of making, so that the same case gives the same bytes."""


def require_pdf(purpose: str) -> None:
    """Make sure that PDF can be written, before anything is analysed.

    Parameters
    ----------
    purpose : str
        What was asked for, as the message names it.

    Raises
    ------
    MissingExtra
        If Typst is not installed.
    """
    require_extra(purpose, EXTRA, "typst")


def write_pdf(path: Path, page: Page) -> Path:
    """Write a page as PDF, beside and moved into place.

    Texts reach Typst as data and are never read as markup. The fonts are DejaVu's, which travel with matplotlib; the
    machine's own are used only where a text has a character that these lack. What no font has is written as its code
    point.

    Parameters
    ----------
    path : Path
    page : Page

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    MissingExtra
        If Typst is not installed.
    GliascopeError
        If Typst cannot lay the page out.
    OSError
        If the file cannot be written.
    """
    require_pdf(path.name)
    import typst

    pictures: dict[str, bytes] = {}
    sections = [
        {"title": one.title, "blocks": [_block(block, pictures) for block in one.blocks if not _is_folded(block)]}
        for one in page.sections
    ]
    texts = {"title": page.title, "subtitle": page.subtitle, "lead": page.lead, "footer": list(page.footer)}
    told = numbered(json.dumps({**texts, "notice": NOTICE, "sections": sections}, ensure_ascii=False), installed=True)
    # Beside the result: what a killed run leaves of it goes with the half-written case.
    with TemporaryDirectory(prefix=".pdf-", dir=path.parent) as folder, replaced(path) as temporary:
        root = Path(folder)
        (root / MAIN).write_bytes((files("gliascope.present") / "templates" / MAIN).read_bytes())
        (root / "data.json").write_text(told, encoding="utf-8", errors="backslashreplace")
        for name, content in pictures.items():
            (root / name).write_bytes(content)
        try:
            typst.compile(
                root / MAIN,
                temporary,
                root=root,
                format="pdf",
                font_paths=[font_folder()],
                ignore_system_fonts=is_covered(told),
                pdf_standards=[STANDARD],
                timestamp=EPOCH,
            )
        except RuntimeError as error:
            reason = str(error).strip().split("\n", maxsplit=1)[0]
            raise GliascopeError(
                f"{path.name}: a report must be laid out as PDF, received from Typst: {reason}"
            ) from error
    return path


def _block(block: Block, pictures: dict[str, bytes]) -> dict[str, Any]:
    """A block as JSON; its pictures become files beside the template."""
    if isinstance(block, Gallery):
        return {"kind": block.kind, "pictures": [_picture(one, pictures) for one in block.pictures]}
    if isinstance(block, Picture | Drawing):
        return _picture(block, pictures)
    if isinstance(block, Table):
        rows = [list(row) for row in block.rows]
        head = {"columns": list(block.columns), "caption": block.caption, "numeric": list(block.numeric)}
        return {"kind": block.kind, **head, "rows": rows}
    if isinstance(block, Listing):
        return {"kind": block.kind, "items": list(block.items)}
    more = {"title": block.title, "tone": block.tone} if isinstance(block, Status) else {}
    return {"kind": block.kind, "paragraphs": block.paragraphs, **more}


def _picture(block: Picture | Drawing, pictures: dict[str, bytes]) -> dict[str, Any]:
    suffix, content = ("svg", block.svg.encode()) if isinstance(block, Drawing) else (block.suffix, block.content)
    name = f"picture-{len(pictures)}.{suffix}"
    pictures[name] = content
    return {"kind": "picture", "file": name, "alt": block.alt, "caption": block.caption}


def _is_folded(block: Block) -> bool:
    return isinstance(block, Table) and bool(block.folded)
