from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, features

from gliascope.present import lettering
from gliascope.present.canvas import Canvas
from gliascope.present.lettering import Lettering, drawable, is_plain

ALEF_TO_GIMEL = "\u05d0\u05d1\u05d2"
MUHAMMAD = "\u0645\u062d\u0645\u062f"
WANG = "\u738b"
WHITE = (255, 255, 255)


def drawn(line: str, size: int = 40, *, bold: bool = False) -> NDArray[np.uint8]:
    """The ink of a line, cut to its rows and columns."""
    image = Image.new("RGB", (900, 120))
    Lettering(size, bold=bold).draw(image, line, (30, 20), WHITE)
    return cut(image)


def by_pillow(line: str, size: int = 40, layout: ImageFont.Layout = ImageFont.Layout.BASIC) -> NDArray[np.uint8]:
    image = Image.new("RGB", (900, 120))
    path = Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    font = ImageFont.truetype(str(path), size, layout_engine=layout)
    ImageDraw.Draw(image).text((30, 20), line, font=font, fill=WHITE)
    return cut(image)


def cut(image: Image.Image) -> NDArray[np.uint8]:
    ink = np.asarray(image)[..., 0]
    rows, columns = np.flatnonzero(ink.max(axis=1) > 99), np.flatnonzero(ink.max(axis=0) > 99)
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def likeness(one: NDArray[np.uint8], two: NDArray[np.uint8]) -> float:
    """Correlation of two pictures, the second brought to the first's size."""
    same = np.asarray(Image.fromarray(two).resize(one.shape[::-1]), dtype=np.float64)
    return float(np.corrcoef(one.ravel().astype(np.float64), same.ravel())[0, 1])


@pytest.mark.parametrize(
    "line",
    ["scan_7.tif", "M\u00fcller", "\u0399\u03c9\u03ac\u03bd\u03bd\u03b7\u03c2", "\u041f\u0430\u043f\u0430"],
)
def test_what_needs_no_joining_is_drawn_by_pillow_alone(line: str) -> None:
    assert is_plain(line)
    assert np.array_equal(drawn(line), by_pillow(line))


def test_right_to_left_names_stand_in_their_own_order() -> None:
    """Pillow's basic layout leaves the order to the caller: given backwards, it draws what is right."""
    found = drawn(ALEF_TO_GIMEL)
    assert likeness(found, by_pillow(ALEF_TO_GIMEL[::-1])) > 0.8
    assert likeness(found, by_pillow(ALEF_TO_GIMEL)) < 0.5


def test_numbers_within_them_still_run_from_left_to_right() -> None:
    found = drawn(f"{ALEF_TO_GIMEL} 12")
    assert likeness(found, by_pillow(f"12 {ALEF_TO_GIMEL[::-1]}")) > 0.7


def strokes(picture: NDArray[np.uint8]) -> int:
    """Stretches of columns with ink."""
    return 1 + int(np.count_nonzero(np.diff((picture.max(axis=0) < 40).astype(int)) == 1))


def test_letters_are_joined() -> None:
    """Mim, ha, mim, dal: four letters apart where nobody joins them, one stroke in writing."""
    joined, apart = drawn(MUHAMMAD), by_pillow(MUHAMMAD)
    assert (strokes(joined), strokes(apart)) == (1, 4)
    if features.check("raqm"):
        assert likeness(joined, by_pillow(MUHAMMAD, layout=ImageFont.Layout.RAQM)) > 0.7


def test_marks_and_joiners_are_kept() -> None:
    assert drawable("e\u0301te\u0301") == "\u00e9t\u00e9"
    assert drawable("\u0645\u06cc\u200c\u062e") == "\u0645\u06cc\u200c\u062e"
    assert not np.array_equal(drawn("\u0645\u06cc\u200c\u062e\u0648"), drawn("\u0645\u06cc\u062e\u0648"))


def test_what_would_turn_a_line_round_is_shown_as_its_code_point() -> None:
    assert drawable("x\u202egnp\n.\x00nii") == "x[U+202E]gnp[U+000A].[U+0000]nii"


def test_a_name_that_looks_like_a_code_point_is_not_taken_for_one() -> None:
    assert drawable("[U+674E]") == "[U+005B]U+674E]"
    assert drawable("[U] [1]") == "[U] [1]"


@given(st.text(st.sampled_from("a[]U+05B674E\u674e\u738b\x00\n\u202e"), max_size=12))
def test_the_name_can_be_told_from_what_is_drawn(name: str) -> None:
    assert re.sub(r"\[U\+([0-9A-F]{4,6})\]", lambda one: chr(int(one[1], 16)), drawable(name)) == name


def test_a_shortened_line_cuts_no_code_point() -> None:
    font = Lettering(14, bold=False)
    whole = drawable("\x00\x01\x02" * 4)
    for room in range(30, 800, 7):
        short = font.shortened(whole, room)
        assert font.length(short) <= room
        assert re.fullmatch(r"((\[U\+000[012]\])*\u2026?(\[U\+000[012]\])*)", short)


def test_characters_that_no_font_has_are_told_apart_by_their_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lettering, "_in_order", lambda _paths: [])
    lettering._installed.cache_clear()
    assert drawable(f"{WANG}_1", installed=True) == "[U+738B]_1"
    assert drawable("\u674e_1") == "[U+674E]_1"
    assert Lettering(13, bold=True).line(f"{WANG}{MUHAMMAD}") == f"[U+738B]{MUHAMMAD}"
    lettering._installed.cache_clear()


def test_a_font_of_the_machine_s_is_used_for_what_dejavu_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """STIX, which travels with matplotlib, stands in for a font of the machine's."""
    stix = Path(mpl.get_data_path()) / "fonts" / "ttf" / "STIXGeneral.ttf"
    lacking = lettering._charmap(str(stix)) - lettering._charmap(lettering._font_file(bold=False))
    one = next(chr(code) for code in sorted(lacking) if unicodedata.category(chr(code)) == "So")
    monkeypatch.setattr(lettering, "_in_order", lambda _paths: ["/nowhere.ttf", str(stix)])
    lettering._installed.cache_clear()
    line = Lettering(40, bold=False).line(f"a{one}")
    assert line == f"a{one}"
    assert drawn(line).shape[1] > drawn("a").shape[1]
    lettering._installed.cache_clear()


def test_likely_fonts_come_first() -> None:
    paths = ["/f/Comic.ttf", "/f/wqy-zenhei.ttc", "/f/NotoSansCJK-Bold.ttc", "/f/NotoSansCJK-Regular.ttc"]
    assert lettering._in_order(paths) == [
        "/f/NotoSansCJK-Regular.ttc",
        "/f/NotoSansCJK-Bold.ttc",
        "/f/wqy-zenhei.ttc",
        "/f/Comic.ttf",
    ]


@settings(max_examples=40)
@given(st.text(max_size=30), st.integers(40, 400))
def test_any_line_fits_its_room(content: str, room: int) -> None:
    font = Lettering(14, bold=False)
    line = font.line(content, room)
    assert font.length(line) <= room
    canvas = Canvas(500, 40)
    left, _, right, _ = canvas.text(content, (490, 5), 14, align="right", room=room)
    assert right - left <= room + 2
    assert right <= 492
