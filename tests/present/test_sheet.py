from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gliascope.errors import InputError
from gliascope.present.canvas import NOTICE, PREDICTION, TRUTH, Layout
from gliascope.present.sheet import LARGEST, SheetSlice, contact_sheet


def slices(head: Any, count: int, *, truth: bool = True) -> list[SheetSlice]:
    image = head.image[..., 1]
    empty = np.zeros_like(head.truth)
    return [
        SheetSlice(image, f"{n + 1}", 0.97, positive=True, mask=head.mask, truth=head.truth if truth else None)
        if n % 3 == 1
        else SheetSlice(image, f"{n + 1}", 0.03, positive=False, mask=empty, truth=empty if truth else None)
        for n in range(count)
    ]


def pixels(path: Path) -> NDArray[np.int16]:
    with Image.open(path) as image:
        return np.asarray(image).astype(np.int16)


def near(picture: NDArray[np.int16], colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(picture - np.array(colour)).max(axis=-1) < 40)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 23, 90, 155])
def test_every_slice_is_there_in_reading_order(
    head: Any, tmp_path: Path, check_layout: Callable[[Layout], None], count: int
) -> None:
    layout = contact_sheet(slices(head, count), title="case", summary="tumour", path=tmp_path / "sheet.png")
    check_layout(layout)
    assert list(layout.panels) == [f"slice_{n}" for n in range(count)]
    places = [(box[1], box[0]) for box in layout.panels.values()]
    assert places == sorted(places)
    words = [text.content for text in layout.texts]
    assert [word for word in words if word.isdigit()] == [f"{n + 1}" for n in range(count)]
    assert {"case", "tumour", NOTICE, "predicted outline", "true outline"} <= set(words)
    assert max(layout.width, layout.height) <= LARGEST
    if count <= 90:
        assert all(box[2] - box[0] == 240 for box in layout.panels.values())


def test_tumour_slices_have_a_frame_an_outline_and_a_long_bar(head: Any, tmp_path: Path) -> None:
    layout = contact_sheet(slices(head, 2), title="case", summary="tumour", path=tmp_path / "sheet.png")
    shown = pixels(tmp_path / "sheet.png")
    for name, positive in (("slice_0", False), ("slice_1", True)):
        left, top, right, bottom = layout.panels[name]
        picture = shown[top:bottom, left:right]
        assert near(shown[top + 50, left - 1], PREDICTION) == positive
        assert near(picture, PREDICTION).any() == positive
        assert near(picture, TRUTH).any() == positive
        bar = shown[bottom + 23, left:right]
        assert near(bar, PREDICTION).sum() == (round(240 * 0.97) if positive else 0)


def test_no_legend_of_truth_where_there_is_none(head: Any, tmp_path: Path) -> None:
    layout = contact_sheet(slices(head, 3, truth=False), title="case", summary="", path=tmp_path / "sheet.png")
    assert "true outline" not in [text.content for text in layout.texts]


def test_sizes_may_differ_and_names_may_be_long(
    head: Any, tmp_path: Path, check_layout: Callable[[Layout], None]
) -> None:
    rng = np.random.default_rng(0)
    shapes = [(100, 300), (300, 100), (1, 1), (512, 512), (3, 200)]
    many = [
        SheetSlice(rng.random(shape).astype(np.float32), "slice of a long name " * 5, 0.5, False, np.ones(shape, bool))
        for shape in shapes
    ]
    layout = contact_sheet(many, title="t" * 300, summary="s" * 300, path=tmp_path / "sheet.png")
    check_layout(layout)
    left, top, right, bottom = layout.panels["slice_0"]
    assert (right - left, bottom - top) == (240, 80)


def test_a_huge_case_stays_below_the_largest_side(head: Any, tmp_path: Path) -> None:
    image, mask = np.zeros((4, 4), dtype=np.uint8), np.zeros((4, 4), dtype=np.bool_)
    many = [SheetSlice(image, "1", 0.1, False, mask)] * 2500
    layout = contact_sheet(many, title="case", summary="", path=tmp_path / "sheet.png")
    assert max(layout.width, layout.height) <= LARGEST
    assert len(layout.panels) == 2500


def test_a_sheet_needs_a_slice(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="case: a contact sheet must have at least one slice"):
        contact_sheet([], title="case", summary="", path=tmp_path / "sheet.png")


def test_a_mask_of_another_shape_is_refused(head: Any) -> None:
    with pytest.raises(InputError, match="a mask must have the image's shape"):
        SheetSlice(head.image[..., 0], "1", 0.5, False, np.zeros((2, 2), dtype=np.bool_))
