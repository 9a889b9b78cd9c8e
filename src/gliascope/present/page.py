"""A report as one HTML file: text, tables and pictures, with nothing to load from elsewhere.

The file is complete in itself (style inside, pictures as data URIs, no script), so that it can be mailed, archived and
opened offline. It prints on paper, reads aloud in order and keeps a contrast of at least 4.5:1 (WCAG 2.2, AA).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gliascope.errors import InputError
from gliascope.present.blocks import Block, Drawing, Gallery, Listing, Picture, Section, Status, Table, Text
from gliascope.present.canvas import NOTICE
from gliascope.present.files import replaced
from gliascope.present.templating import template

__all__ = [
    "Block",
    "Drawing",
    "Gallery",
    "Listing",
    "Picture",
    "Section",
    "Status",
    "Table",
    "Text",
    "render_page",
    "write_page",
]

ANCHOR: Final = re.compile(r"[a-z][a-z0-9-]*")
"""What may stand behind ``#`` in a link to a section."""


def render_page(
    title: str,
    sections: Sequence[Section],
    *,
    subtitle: str = "",
    lead: str = "",
    stamp: str | None = None,
    footer: Sequence[str] = (),
) -> str:
    """Make the page as a text.

    Parameters
    ----------
    title : str
    sections : sequence of Section
        Listed under the title, with links, where there are several.
    subtitle : str
        One line under the title.
    lead : str
        One more, in bold: what has to be known before the page is read.
    stamp : str, optional
        What nobody may overlook, as ``in-sample``: a banner under the title, repeated in every caption, so that no
        table and no picture can be cut out without it.
    footer : sequence of str
        Lines at the end, in front of the notice that this is research software.

    Returns
    -------
    str
        HTML 5. Every text is escaped.

    Raises
    ------
    InputError
        If a picture is neither PNG, JPEG nor SVG, or an anchor is no name or occurs twice.
    OSError
        If a picture's file cannot be read.
    """
    return template("page.html.jinja").render(
        title=title,
        subtitle=subtitle,
        lead=lead,
        stamp=stamp or "",
        sections=list(zip(_anchors(sections), sections, strict=True)),
        footer=[*footer, NOTICE],
    )


def write_page(
    path: Path,
    title: str,
    sections: Sequence[Section],
    *,
    subtitle: str = "",
    lead: str = "",
    stamp: str | None = None,
    footer: Sequence[str] = (),
) -> Path:
    """Write the page of `render_page` as a file, in UTF-8, beside and moved into place.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    InputError, OSError
        As `render_page`; OSError also if the file cannot be written.
    """
    page = render_page(title, sections, subtitle=subtitle, lead=lead, stamp=stamp, footer=footer)
    with replaced(path) as temporary:
        # A file name that is no UTF-8 reaches Python as lone surrogates, which cannot be written as they are.
        temporary.write_text(page, encoding="utf-8", errors="backslashreplace", newline="\n")
    return path


def _anchors(sections: Sequence[Section]) -> list[str]:
    anchors: list[str] = []
    for section in sections:
        wanted = section.anchor
        if wanted is not None and (not ANCHOR.fullmatch(wanted) or wanted in (*anchors, *OWN_ANCHORS)):
            raise InputError(
                f"section {section.title!r}: an anchor must be small letters, digits and hyphens, and its own, "
                f"received {wanted!r}"
            )
        anchors.append(wanted or _free_anchor(section.title, (*anchors, *OWN_ANCHORS)))
    return anchors


OWN_ANCHORS: Final = ("contents", "content")
"""Taken by the page itself."""


def _free_anchor(title: str, taken: Sequence[str]) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    plain = plain if ANCHOR.fullmatch(plain) else f"section-{plain}".strip("-")
    anchor, number = plain, 2
    while anchor in taken:
        anchor, number = f"{plain}-{number}", number + 1
    return anchor
