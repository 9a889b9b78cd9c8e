"""A report as one HTML file: text, tables and pictures, with nothing to load from elsewhere.

The file is complete in itself (style inside, pictures as data URIs, no script), so that it can be mailed, archived and
opened offline. It prints on paper, reads aloud in order and keeps a contrast of at least 4.5:1 (WCAG 2.2, AA).
"""

from __future__ import annotations

import base64
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from gliascope.errors import InputError
from gliascope.present.canvas import NOTICE
from gliascope.present.files import replaced

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"

ANCHOR: Final = re.compile(r"[a-z][a-z0-9-]*")
"""What may stand behind ``#`` in a link to a section."""


@dataclass(frozen=True)
class Text:
    """Plain paragraphs; a blank line starts a new one."""

    text: str
    kind: ClassVar = "text"

    @property
    def paragraphs(self) -> list[str]:
        """The paragraphs, each on one line."""
        return [" ".join(one.split()) for one in re.split(r"\n\s*\n", self.text) if one.strip()]


@dataclass(frozen=True)
class Table:
    """Rows of text under named columns.

    Attributes
    ----------
    columns : sequence of str
    rows : sequence of sequence of str
        Each with one cell a column.
    caption : str
    numeric : frozenset or sequence of int
        Columns, from 0, that hold numbers and are set flush right.
    row_headers : bool
        Whether the first cell of a row names it.

    Raises
    ------
    InputError
        If a row has another number of cells than there are columns.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str
    numeric: frozenset[int] | Sequence[int] = ()
    row_headers: bool = True
    kind: ClassVar = "table"

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise InputError(
                    f"table {self.caption!r}: a row must have {len(self.columns)} cells, received {len(row)}"
                )


@dataclass(frozen=True)
class Picture:
    """A picture that is put into the page itself.

    Attributes
    ----------
    image : bytes or Path
        A PNG or an SVG, or the file that holds it.
    alt : str
        What the picture shows, for those who cannot see it.
    caption : str
    width : int, optional
        Width on the page, in CSS pixels; never more than the page has. A PNG's own width where it is left out.

    Raises
    ------
    InputError
        If `alt` is empty.
    """

    image: bytes | Path
    alt: str
    caption: str = ""
    width: int | None = None
    kind: ClassVar = "picture"

    def __post_init__(self) -> None:
        if not self.alt.strip():
            raise InputError("a picture must have a text that tells what it shows, received none")

    @property
    def source(self) -> str:
        """The picture as a data URI."""
        content = self._content()
        encoded = base64.b64encode(content).decode("ascii")
        return f"data:image/{'png' if content.startswith(PNG_SIGNATURE) else 'svg+xml'};base64,{encoded}"

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height on the page, in CSS pixels; None for an SVG, which scales."""
        content = self._content()
        if not content.startswith(PNG_SIGNATURE):
            return None
        columns, rows = struct.unpack(">II", content[16:24])
        width = columns if self.width is None else self.width
        return width, max(1, round(rows * width / columns))

    def _content(self) -> bytes:
        content = self.image.read_bytes() if isinstance(self.image, Path) else self.image
        head = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
        if not (content.startswith(PNG_SIGNATURE) or (head.startswith(b"<") and b"<svg" in content[:4096])):
            name = self.image if isinstance(self.image, Path) else f"picture {self.alt!r}"
            raise InputError(f"{name}: a picture on a page must be PNG or SVG, received neither")
        return content


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side, as many in a row as the window has room for."""

    pictures: Sequence[Picture]
    kind: ClassVar = "gallery"


Block = Text | Table | Picture | Gallery
"""What a section is made of."""


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading.

    Attributes
    ----------
    title : str
    blocks : sequence of Text, Table, Picture or Gallery
    anchor : str, optional
        What a link to it ends in (``report.html#anchor``): small letters, digits and hyphens. By default made from
        the title.
    """

    title: str
    blocks: Sequence[Block]
    anchor: str | None = None


def render_page(
    title: str,
    sections: Sequence[Section],
    *,
    subtitle: str = "",
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
        If a picture is neither PNG nor SVG, or an anchor is no name or occurs twice.
    OSError
        If a picture's file cannot be read.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("gliascope.present"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("page.html.jinja").render(
        title=title,
        subtitle=subtitle,
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
    page = render_page(title, sections, subtitle=subtitle, stamp=stamp, footer=footer)
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
