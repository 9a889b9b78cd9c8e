from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gliascope.present.canvas import BACKGROUND, INK, NOTICE, PREDICTION, TRUTH, Canvas
from gliascope.present.lettering import font_folder


def luminance(colour: tuple[int, int, int]) -> float:
    """Relative luminance (WCAG 2.2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (one / 255 for one in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_fonts_are_where_matplotlib_keeps_them() -> None:
    import matplotlib as mpl

    assert font_folder() == Path(mpl.get_data_path()) / "fonts" / "ttf"
    assert (font_folder() / "DejaVuSans.ttf").is_file()
    assert (font_folder() / "DejaVuSans-Bold.ttf").is_file()


@pytest.mark.parametrize("colour", [INK, PREDICTION, TRUTH])
def test_colours_stand_out_from_the_background(colour: tuple[int, int, int]) -> None:
    assert (luminance(colour) + 0.05) / (luminance(BACKGROUND) + 0.05) > 7


@given(text=st.text(max_size=300), room=st.integers(5, 400), align=st.sampled_from(["left", "centre", "right"]))
def test_any_line_stays_in_its_room(text: str, room: int, align: str) -> None:
    canvas = Canvas(900, 60)
    at = {"left": 250, "centre": 450, "right": 650}[align]
    left, _, right, _ = canvas.text(text, (at, 20), 14, align=align, room=room)  # type: ignore[arg-type]  # sampled
    assert right - left <= room + 2


def test_a_long_line_loses_its_middle(tmp_path: Path) -> None:
    canvas = Canvas(300, 40)
    canvas.text("TCGA_CS_4941_19960909_a_very_long_name_15.tif", (10, 10), 14, room=200)
    (text,) = canvas.save(tmp_path / "a.png", "t").texts
    assert text.content.startswith("TCGA_CS")
    assert text.content.endswith("15.tif")
    assert "\N{HORIZONTAL ELLIPSIS}" in text.content


def test_what_cannot_be_printed_becomes_its_code_point(tmp_path: Path) -> None:
    canvas = Canvas(300, 40)
    canvas.text("a\nb\x00c\udcff", (10, 10), 14)
    layout = canvas.save(tmp_path / "a.png", "na\u00efve")
    assert layout.texts[0].content == "a[U+000A]b[U+0000]c[U+DCFF]"


def test_saved_sheet_holds_what_was_laid_on_it(tmp_path: Path) -> None:
    canvas = Canvas(100, 80)
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    box = canvas.panel("noise", pixels, 40, 25)
    canvas.frame(box, TRUTH, 2)
    canvas.rectangle((0, 0, 10, 5), PREDICTION)
    layout = canvas.save(tmp_path / "a.png", "title")
    assert (layout.width, layout.height, layout.panels) == (100, 80, {"noise": (40, 25, 70, 45)})
    with Image.open(tmp_path / "a.png") as image:
        assert image.info["Title"] == "title"
        assert image.info["Disclaimer"] == NOTICE
        shown = np.asarray(image)
    assert np.array_equal(shown[25:45, 40:70], pixels)
    assert shown[23, 38].tolist() == list(TRUTH)
    assert shown[46, 71].tolist() == list(TRUTH)
    assert shown[22, 37].tolist() == list(BACKGROUND)
    assert shown[4, 9].tolist() == list(PREDICTION)
    assert shown[5, 9].tolist() == list(BACKGROUND)
