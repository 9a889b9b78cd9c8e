"""A dark sheet that pictures and captions are laid on, and that remembers where each of them is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from gliascope.present.files import replaced
from gliascope.present.lettering import Box, Colour, Lettering

__all__ = [
    "BACKGROUND",
    "FAINT",
    "INK",
    "LINE",
    "NOTICE",
    "PREDICTION",
    "TRUTH",
    "Align",
    "Box",
    "Canvas",
    "Colour",
    "Layout",
    "Text",
    "save_picture",
]

Align = Literal["left", "centre", "right"]

BACKGROUND: Final[Colour] = (17, 18, 20)
"""Near black: the eye keeps its adaptation, and a black image still shows where it ends."""
INK: Final[Colour] = (236, 236, 236)
"""Titles and captions."""
FAINT: Final[Colour] = (164, 168, 174)
"""Details; 7:1 against the background."""
LINE: Final[Colour] = (58, 61, 66)
"""Frames of images and empty bars."""
PREDICTION: Final[Colour] = (255, 159, 28)
"""What gliascope found. Orange and sky blue stay apart for every kind of colour blindness (Okabe & Ito 2008)."""
TRUTH: Final[Colour] = (86, 190, 245)
"""What was drawn by hand."""
NOTICE: Final = "Research software. Not for diagnosis or treatment."
"""Stands on every figure."""


@dataclass(frozen=True)
class Text:
    """One caption: what it says and the pixels it covers (left, top, right, bottom; the last two exclusive)."""

    content: str
    box: Box


@dataclass(frozen=True)
class Layout:
    """Where everything is on a figure.

    Attributes
    ----------
    width, height : int
        Size of the figure, in pixels.
    panels : dict of str to tuple of int
        Box of each picture (left, top, right, bottom; the last two exclusive) by its name.
    texts : tuple of Text
    """

    width: int
    height: int
    panels: dict[str, Box]
    texts: tuple[Text, ...]


@dataclass
class Canvas:
    """The sheet itself.

    Attributes
    ----------
    width, height : int
        Size, in pixels.
    """

    width: int
    height: int
    _image: Image.Image = field(init=False, repr=False)
    _draw: ImageDraw.ImageDraw = field(init=False, repr=False)
    _fonts: dict[tuple[int, bool], Lettering] = field(init=False, repr=False, default_factory=dict)
    _panels: dict[str, Box] = field(init=False, repr=False, default_factory=dict)
    _texts: list[Text] = field(init=False, repr=False, default_factory=list)

    def __post_init__(self) -> None:
        self._image = Image.new("RGB", (self.width, self.height), BACKGROUND)
        self._draw = ImageDraw.Draw(self._image)

    def panel(self, name: str, pixels: NDArray[np.uint8], left: int, top: int) -> Box:
        """Lay a picture down.

        Parameters
        ----------
        name : str
            Its key in the layout.
        pixels : ndarray, uint8, shape (row, column, 3)
            RGB.
        left, top : int
            Its upper left corner on the sheet.

        Returns
        -------
        tuple of int
            Left, top, right and bottom; the last two exclusive.
        """
        box = (left, top, left + pixels.shape[1], top + pixels.shape[0])
        self._image.paste(Image.fromarray(pixels), (left, top))
        self._panels[name] = box
        return box

    def rectangle(self, box: Box, fill: Colour) -> None:
        """Fill a box (left, top, right, bottom; the last two exclusive)."""
        left, top, right, bottom = box
        if right > left and bottom > top:
            self._draw.rectangle((left, top, right - 1, bottom - 1), fill=fill)

    def frame(self, box: Box, colour: Colour, width: int = 1) -> None:
        """Draw a frame just outside a box, so that it covers nothing."""
        left, top, right, bottom = box
        outer = (left - width, top - width, right + width - 1, bottom + width - 1)
        self._draw.rectangle(outer, outline=colour, width=width)

    def text(
        self,
        content: str,
        at: tuple[int, int],
        size: int,
        *,
        colour: Colour = INK,
        bold: bool = False,
        align: Align = "left",
        room: int | None = None,
    ) -> Box:
        """Write one line.

        Parameters
        ----------
        content : str
            In any alphabet, see `gliascope.present.lettering.drawable`; too long a line loses its middle.
        at : tuple of int
            Left end (or middle, or right end: `align`) and top of the line, in pixels.
        size : int
            Height of the font, in pixels.
        colour : tuple of int
        bold : bool
        align : str
            ``left``, ``centre`` or ``right``.
        room : int or None
            Widest line, in pixels; None leaves it as long as it is.

        Returns
        -------
        tuple of int
            Left, top, right and bottom; the last two exclusive.
        """
        font = self._font(size, bold)
        line = font.line(content, room)
        x, y = at[0] - {"left": 0.0, "centre": 0.5, "right": 1.0}[align] * font.length(line), at[1]
        box = font.draw(self._image, line, (round(x), y), colour)
        self._texts.append(Text(line, box))
        return box

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """What was drawn so far: uint8, shape (row, column, 3)."""
        return np.asarray(self._image)

    def save(self, path: Path, title: str, comment: str | None = None) -> Layout:
        """Write the sheet as PNG, beside and moved into place.

        Parameters
        ----------
        path : Path
        title : str
            Kept inside the file, together with the research-use notice.
        comment : str or None
            Kept inside the file as well.

        Returns
        -------
        Layout
        """
        save_picture(self._image, path, title, comment)
        return Layout(self.width, self.height, dict(self._panels), tuple(self._texts))

    def _font(self, size: int, bold: bool) -> Lettering:
        key = (size, bold)
        if key not in self._fonts:
            self._fonts[key] = Lettering(size, bold=bold)
        return self._fonts[key]


def save_picture(picture: Image.Image, path: Path, title: str, comment: str | None = None) -> None:
    """Write a figure as PNG, beside and moved into place, with its title and the research-use notice inside.

    Parameters
    ----------
    picture : PIL.Image.Image
    path : Path
    title : str
    comment : str or None
        Kept inside the file as well.
    """
    note = PngInfo()
    if comment is not None:
        note.add_text("Comment", comment.encode("ascii", "replace").decode("ascii"))
    note.add_text("Title", title.encode("ascii", "replace").decode("ascii"))
    note.add_text("Software", "gliascope")
    note.add_text("Disclaimer", NOTICE)
    with replaced(path) as temporary:
        # Level 3 writes these pictures twice as fast as level 6 and no larger.
        picture.save(temporary, format="PNG", compress_level=3, pnginfo=note)
