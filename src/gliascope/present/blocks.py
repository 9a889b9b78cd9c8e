"""What a page is made of: frozen values that know nothing of HTML or PDF."""

from __future__ import annotations

import base64
import io
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, Literal

from gliascope.errors import InputError

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
JPEG_SIGNATURE: Final = b"\xff\xd8\xff"


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
class Listing:
    """Remarks, one an item."""

    items: Sequence[str]
    kind: ClassVar = "listing"


@dataclass(frozen=True)
class Status:
    """What the page is about, said first and set apart.

    Attributes
    ----------
    title : str
        A few words, large.
    text : str
        Paragraphs as in `Text`.
    tone : str
        ``attention`` or ``plain``: a colour beside the words, never in their place.
    """

    title: str
    text: str
    tone: Literal["attention", "plain"] = "plain"
    kind: ClassVar = "status"

    @property
    def paragraphs(self) -> list[str]:
        """The paragraphs, each on one line."""
        return Text(self.text).paragraphs


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
    folded : str
        On a screen the table is behind a button with these words; empty shows it. On paper it is left out.

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
    folded: str = ""
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
        A PNG, JPEG or SVG, or the file that holds it.
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
        _check_alt(self.alt)

    @property
    def content(self) -> bytes:
        """The picture's bytes.

        Raises
        ------
        InputError
            If it is no PNG, JPEG or SVG.
        OSError
            If its file cannot be read.
        """
        return self._content()[0]

    @property
    def suffix(self) -> str:
        """Kind of the picture: ``png``, ``jpeg`` or ``svg``."""
        return self._content()[1]

    @property
    def source(self) -> str:
        """The picture as a data URI."""
        content, suffix = self._content()
        encoded = base64.b64encode(content).decode("ascii")
        return f"data:image/{'svg+xml' if suffix == 'svg' else suffix};base64,{encoded}"

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height on the page, in CSS pixels; None for an SVG, which scales."""
        content, suffix = self._content()
        if suffix == "svg":
            return None
        columns, rows = struct.unpack(">II", content[16:24]) if suffix == "png" else _jpeg_size(content)
        width = columns if self.width is None else self.width
        return width, max(1, round(rows * width / columns))

    def _content(self) -> tuple[bytes, str]:
        content = self.image.read_bytes() if isinstance(self.image, Path) else self.image
        head = content[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
        if content.startswith(PNG_SIGNATURE):
            return content, "png"
        if head.startswith(b"<") and b"<svg" in content[:4096]:
            return content, "svg"
        if content.startswith(JPEG_SIGNATURE) and _jpeg_size(content) != (0, 0):
            return content, "jpeg"
        name = self.image if isinstance(self.image, Path) else f"picture {self.alt!r}"
        raise InputError(f"{name}: a picture on a page must be PNG, JPEG or SVG, received none of them")


@dataclass(frozen=True)
class Drawing:
    """A vector drawing that is part of the page, so that the page's style can hide a layer of it.

    Attributes
    ----------
    svg : str
        One ``<svg>`` element made by gliascope itself, its texts escaped; it is put into the page as it is.
    alt : str
        What the drawing shows, for those who cannot see it.
    caption : str
    size : tuple of int
        Width and height on the page, in CSS pixels; never wider than the page.

    Raises
    ------
    InputError
        If `alt` is empty.
    """

    svg: str
    alt: str
    caption: str
    size: tuple[int, int]
    kind: ClassVar = "drawing"

    def __post_init__(self) -> None:
        _check_alt(self.alt)


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side, as many in a row as the window has room for.

    Attributes
    ----------
    pictures : sequence of Picture or Drawing
    switch : str
        Words beside a check box that hides the layer ``outline`` of the drawings; empty for none.
    """

    pictures: Sequence[Picture | Drawing]
    switch: str = ""
    kind: ClassVar = "gallery"


Block = Text | Listing | Status | Table | Picture | Drawing | Gallery
"""What a section is made of."""


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading.

    Attributes
    ----------
    title : str
    blocks : sequence of Block
    anchor : str, optional
        What a link to it ends in (``report.html#anchor``): small letters, digits and hyphens. By default made from
        the title.
    """

    title: str
    blocks: Sequence[Block]
    anchor: str | None = None


@dataclass(frozen=True)
class Page:
    """All that stands on a page, before it becomes HTML or PDF.

    Attributes
    ----------
    title : str
    sections : sequence of Section
    subtitle : str
        One line under the title.
    lead : str
        One more, in bold: what has to be known before the page is read.
    footer : sequence of str
        Lines at the end.
    """

    title: str
    sections: Sequence[Section]
    subtitle: str = ""
    lead: str = ""
    footer: Sequence[str] = ()


def _check_alt(alt: str) -> None:
    if not alt.strip():
        raise InputError("a picture must have a text that tells what it shows, received none")


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """Width and height of a JPEG; 0 and 0 where it is damaged."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as opened:
            return opened.size
    except OSError:
        return 0, 0
