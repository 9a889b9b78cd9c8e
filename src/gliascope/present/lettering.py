"""One line of text on a picture, in any alphabet: characters joined, put in order, and never silently left out.

Pillow draws what needs neither joining nor reordering: its basic layout is the same on every machine, and its Raqm is
not everywhere. All else is laid out by matplotlib, which carries its own Raqm.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFont

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]

PLAIN: Final = (
    range(0x20, 0x250),  # Latin
    range(0x370, 0x483),  # Greek and Cyrillic
    range(0x48A, 0x530),
    range(0x2010, 0x2028),  # dashes, quotation marks, the ellipsis
    range(0x2190, 0x2194),  # arrows
)
"""Characters that DejaVu Sans has, and that stand one behind the other from left to right."""
JOINERS: Final = "\u200c\u200d"
"""They part and join letters, as Persian and the scripts of India need it; invisible, but no control characters."""
_INSTALLED: Final = (
    "notosans notoserif sourcehan wqy wenquanyi droidsansfallback unifont freesans freeserif arialunicode arial "
    "hiragino pingfang applesdgothic msgothic msyh simsun malgun batang nirmala mangal leelaw lohit waree garuda loma "
    "khmer padauk abyssinica segoeui"
)
"""How the files of fonts with many scripts begin, the usual ones of Linux, macOS and Windows."""
MOST_FONTS: Final = 400
"""Most fonts that are opened in search of a character."""
_STAND_IN: Final = re.compile(r"\[(?=U\+)")
"""Where a text itself holds what looks like the code point of another character."""
_PIECE: Final = re.compile(r"\[U\+[0-9A-F]{4,6}\]|.", re.DOTALL)
"""What a line is shortened by: a code point is not cut."""


def load_font(size: int, *, bold: bool) -> ImageFont.FreeTypeFont:
    """DejaVu Sans in a height of `size` pixels, for text that is known to need no more."""
    return ImageFont.truetype(_font_file(bold=bold), size, layout_engine=ImageFont.Layout.BASIC)


def font_folder() -> Path:
    """Folder of the DejaVu fonts that travel with matplotlib, found without importing it (1 s saved)."""
    spec: Any = find_spec("matplotlib")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf"


def drawable(content: str, *, installed: bool = False) -> str:
    """A line that `Lettering` or matplotlib can draw.

    Parameters
    ----------
    content : str
    installed : bool
        Whether the fonts of this machine may be used for what DejaVu Sans lacks.

    Returns
    -------
    str
        Composed (NFC), and `numbered`.
    """
    return numbered(unicodedata.normalize("NFC", content), installed=installed)


def numbered(content: str, *, installed: bool = False) -> str:
    """A text in which every character that is not shown is its code point, ``[U+738B]``.

    That are those that no font has, and control characters, those that turn a line round included. A bracket of the
    text's own that begins like a code point is one as well, so that two texts never become the same.

    Parameters
    ----------
    content : str
    installed : bool
        As for `drawable`.

    Returns
    -------
    str
    """
    lacking = _lacking(content)
    if installed and lacking:
        lacking -= frozenset().union(*(charmap for _, charmap in _installed(lacking)))
    told = _STAND_IN.sub("[U+005B]", content)
    lacking |= {ord(one) for one in content if not (one.isprintable() or one in JOINERS)}
    return told.translate({one: f"[U+{one:04X}]" for one in lacking}) if lacking else told


def is_covered(content: str) -> bool:
    """Whether DejaVu Sans has every character of a text."""
    return not _lacking(content)


def is_plain(line: str) -> bool:
    """Whether a line needs neither another font nor joining nor reordering."""
    return all(any(ord(one) in some for some in PLAIN) for one in line)


class Lettering:
    """A font in one height.

    Parameters
    ----------
    size : int
        Height in pixels.
    bold : bool
    """

    def __init__(self, size: int, *, bold: bool) -> None:
        self.size = size
        self.bold = bold
        self._plain = load_font(size, bold=bold)

    def line(self, content: str, room: int | None = None) -> str:
        """A line that fits.

        Parameters
        ----------
        content : str
        room : int or None
            Widest line, in pixels.

        Returns
        -------
        str
            `drawable`; too long a line loses its middle.
        """
        line = drawable(content, installed=True)
        return line if room is None else self.shortened(line, room)

    def shortened(self, line: str, room: int) -> str:
        """A line from `drawable` that fits; no code point in it is cut.

        Parameters
        ----------
        line : str
        room : int
            Widest line, in pixels.
        """
        if self.length(line) <= room:
            return line
        pieces = _PIECE.findall(line)
        for kept in range(len(pieces) - 1, 0, -1):
            head, tail = pieces[: (kept + 1) // 2], pieces[len(pieces) - kept // 2 :]
            short = f"{''.join(head)}\N{HORIZONTAL ELLIPSIS}{''.join(tail)}"
            if self.length(short) <= room:
                return short
        return ""

    def length(self, line: str) -> float:
        """Width of a line from `line` or `drawable`, in pixels."""
        if is_plain(line):
            return self._plain.getlength(line)
        return float(self._shaped(line)[0].shape[1])

    def draw(self, image: Image.Image, line: str, at: tuple[int, int], colour: Colour) -> Box:
        """Write a line from `line`.

        Parameters
        ----------
        image : PIL.Image.Image
            Written on.
        line : str
        at : tuple of int
            Left end and top of the line, in pixels.
        colour : tuple of int

        Returns
        -------
        tuple of int
            Left, top, right and bottom of what was written; the last two exclusive.
        """
        from PIL import ImageDraw

        if is_plain(line):
            draw = ImageDraw.Draw(image)
            ends = draw.textbbox(at, line, font=self._plain)
            draw.text(at, line, font=self._plain, fill=colour)
            return int(ends[0]), int(ends[1]), int(ends[2]), int(ends[3])
        shape, above = self._shaped(line)
        top = at[1] + self._plain.getmetrics()[0] - above
        image.paste(colour, (at[0], top), Image.fromarray(shape))
        return at[0], top, at[0] + shape.shape[1], top + shape.shape[0]

    def _shaped(self, line: str) -> tuple[NDArray[np.uint8], int]:
        """Draw a line as shades of 0 to 255, and tell how many of its rows are above the baseline."""
        from matplotlib.font_manager import get_font

        own = dict.fromkeys([_font_file(bold=self.bold), _font_file(bold=False)])
        font = get_font([*own, *(path for path, _ in _installed(_lacking(line)))])
        font.set_size(self.size, 72)
        font.set_text(line, 0.0)
        font.draw_glyphs_to_bitmap(antialiased=True)
        shades = np.array(font.get_image(), dtype=np.uint8)
        return shades, shades.shape[0] - round(font.get_descent() / 64)


def _font_file(*, bold: bool) -> str:
    return str(font_folder() / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"))


def _lacking(line: str) -> frozenset[int]:
    """Characters that DejaVu Sans does not have."""
    if is_plain(line):
        return frozenset()
    beyond = frozenset(ord(one) for one in line if ord(one) > 0x7F)
    return beyond - _charmap(_font_file(bold=False)) - frozenset(map(ord, JOINERS))


@cache
def _charmap(path: str) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(path).get_charmap())


@cache
def _installed(wanted: frozenset[int]) -> tuple[tuple[str, frozenset[int]], ...]:
    """Fonts of this machine that have some of the characters, with what they have; as few as it takes."""
    if not wanted:
        return ()
    from matplotlib.font_manager import findSystemFonts

    found: list[tuple[str, frozenset[int]]] = []
    for path in _in_order(findSystemFonts())[:MOST_FONTS]:
        try:
            has = _charmap(path) & wanted
        except (OSError, RuntimeError):  # a damaged font of the machine's is none
            continue
        if has - frozenset().union(*(one for _, one in found)):
            found.append((path, has))
        if wanted <= frozenset().union(*(one for _, one in found)):
            break
    return tuple(found)


def _in_order(paths: Sequence[str]) -> list[str]:
    """Fonts that are likely to have many scripts first, of these the upright ones; the same order on every run."""
    ranked, begins = [], _INSTALLED.split()
    for path in paths:
        stem = Path(path).stem.lower().replace("-", "").replace("_", "").replace(" ", "")
        place = next((place for place, begin in enumerate(begins) if stem.startswith(begin)), len(begins))
        ranked.append((place, "regular" not in stem and not stem.endswith("cjk"), path))
    return [path for _, _, path in sorted(ranked)]
