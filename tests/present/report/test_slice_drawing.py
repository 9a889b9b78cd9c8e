from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from gliascope.errors import InputError
from gliascope.present.report.frame import Edges, Frame
from gliascope.present.report.key_slices import Shown
from gliascope.present.report.slice_drawing import MARGIN, SIDE, ShownSlice, draw_slice
from gliascope.present.report.svg import LARGEST, jpeg, outline_path, png_uri

MakeShown = Callable[..., Shown]
SVG = "{http://www.w3.org/2000/svg}"
NOWHERE = Frame(None, None, None, ("",))
KNOWN = Frame(Edges("R", "L", "A", "P"), (1.0, 1.0), 0.0, ("z 0.0 mm",))


def shown(rows: int = 256, columns: int = 256) -> ShownSlice:
    grey = np.random.default_rng(0).integers(0, 255, (rows, columns), dtype=np.uint8)
    mask = np.zeros((rows, columns), dtype=np.bool_)
    mask[rows // 4 : rows // 2, columns // 4 : columns // 2] = True
    return ShownSlice(grey, mask, None, "3 / 9 <&>", "z 0.0 mm")


def parts(one: ShownSlice, frame: Frame) -> tuple[ET.Element, list[str]]:
    root = ET.fromstring(draw_slice(one, frame)[0])
    return root, [text.text or "" for text in root.iter(f"{SVG}text")]


def test_the_picture_holds_every_pixel_of_the_image() -> None:
    one = shown()
    root, _ = parts(one, NOWHERE)
    href = next(root.iter(f"{SVG}image")).attrib["href"]
    pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(href.split(",")[1]))))
    assert np.array_equal(pixels, one.grey)


def test_nothing_is_asserted_without_geometry() -> None:
    root, texts = parts(shown(), NOWHERE)
    assert "orientation unknown" in texts
    assert not {"R", "L", "A", "P"} & set(texts)
    assert not [text for text in texts if "mm" in text]
    assert not [path for path in root.iter(f"{SVG}path") if path.get("class") == "scale"]


def test_sides_position_and_scale_are_drawn_where_they_are_known() -> None:
    root, texts = parts(shown(), KNOWN)
    assert {"R", "L", "A", "P", "z 0.0 mm", "3 / 9 <&>"} <= set(texts)
    places = {text.text: float(text.attrib["x"]) for text in root.iter(f"{SVG}text")}
    assert places["R"] < MARGIN < SIDE < places["L"]
    (bar,) = [path.attrib["d"] for path in root.iter(f"{SVG}path") if path.get("class") == "scale"]
    left, right = re.fullmatch(r"M([\d.]+) .*H([\d.]+)V.*", bar).groups()  # type: ignore[union-attr]  # fails loudly
    length = float(next(text for text in texts if text.endswith(" mm") and "z" not in text).removesuffix(" mm"))
    assert float(right) - float(left) == pytest.approx(length * SIDE / 256, abs=0.2)


def test_pixels_that_are_not_square_keep_their_shape() -> None:
    frame = Frame(KNOWN.edges, (1.0, 2.0), 0.0, ("",))
    image = next(parts(shown(128, 256), frame)[0].iter(f"{SVG}image"))
    assert float(image.attrib["width"]) == float(image.attrib["height"]) == SIDE


def test_the_outline_lies_between_inside_and_outside() -> None:
    mask = np.zeros((10, 10), dtype=np.bool_)
    mask[2:5, 3:7] = True
    numbers = [float(one) for one in re.findall(r"[\d.]+", outline_path(mask, (0.0, 0.0, 100.0, 100.0)))]
    columns, rows = numbers[::2], numbers[1::2]
    assert (min(columns), max(columns), min(rows), max(rows)) == (30, 70, 20, 50)
    assert outline_path(mask & False, (0.0, 0.0, 1.0, 1.0)) == ""


def test_with_a_truth_the_found_outline_is_dashed_over_it() -> None:
    plain = shown()
    both = ShownSlice(plain.grey, plain.found, np.roll(plain.found, 3), "1", "")
    (group,) = [one for one in parts(both, NOWHERE)[0].iter(f"{SVG}g") if one.get("class") == "outline"]
    assert ["stroke-dasharray" in one.attrib for one in group] == [False, True]
    (group,) = [one for one in parts(plain, NOWHERE)[0].iter(f"{SVG}g") if one.get("class") == "outline"]
    assert ["stroke-dasharray" in one.attrib for one in group] == [False]


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (2, 3), (3000, 2000)])
def test_odd_sizes_are_drawn_within_bounds(shape: tuple[int, int]) -> None:
    svg, size = draw_slice(shown(*shape), KNOWN)
    ET.fromstring(svg)
    assert 1 <= size[1] <= 800
    assert max(Image.open(io.BytesIO(base64.b64decode(_href(svg)))).size) <= LARGEST


def _href(svg: str) -> str:
    return svg.split('href="data:image/png;base64,')[1].split('"', maxsplit=1)[0]


def test_a_mask_of_another_shape_is_refused() -> None:
    with pytest.raises(InputError, match="must have the image's shape"):
        ShownSlice(np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.bool_), None, "1")


def test_small_pictures_are_enlarged_and_jpegs_bounded() -> None:
    uri = png_uri(np.zeros((10, 20), dtype=np.uint8))
    assert Image.open(io.BytesIO(base64.b64decode(uri.split(",")[1]))).size == (400, 200)
    content = jpeg(np.zeros((100, 300, 3), dtype=np.uint8), 60, 80)
    assert Image.open(io.BytesIO(content)).size == (60, 20)
