from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from gliascope.errors import InputError
from gliascope.present.canvas import BACKGROUND, NOTICE, PREDICTION, TRUTH, Layout
from gliascope.present.figure import slice_figure

SEQUENCES = ("pre", "flair", "post")
FIVE = ["original", "truth", "original_truth", "mask", "original_mask"]


def panel(path: Path, layout: Layout, name: str) -> NDArray[np.int16]:
    left, top, right, bottom = layout.panels[name]
    with Image.open(path) as image:
        return np.asarray(image)[top:bottom, left:right].astype(np.int16)


def colourful(picture: NDArray[np.int16]) -> NDArray[np.bool_]:
    """Pixels that are not grey."""
    return np.asarray(picture.max(axis=2) - picture.min(axis=2) > 30)


def near(picture: NDArray[np.int16], colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(picture - np.array(colour)).max(axis=2) < 40)


def at(picture: NDArray[np.int16], row: int, column: int) -> NDArray[np.int16]:
    """Display pixel at the centre of a pixel of a 256 x 256 slice."""
    scale = picture.shape[0] / 256
    return np.asarray(picture[int((row + 0.5) * scale), int((column + 0.5) * scale)])


def draw(head: Any, truth: NDArray[np.bool_] | None, path: Path, **more: Any) -> Layout:
    options: dict[str, Any] = {"probability": 0.973, "title": "scan_7.tif", "sequence_names": SEQUENCES} | more
    return slice_figure(head.image, truth, head.mask, path=path, **options)


def test_five_panels_with_truth(head: Any, tmp_path: Path, check_layout: Callable[[Layout], None]) -> None:
    path = tmp_path / "figures" / "scan_7.png"
    layout = draw(head, head.truth, path, note="Dice 0.812")
    check_layout(layout)
    assert list(layout.panels) == FIVE
    assert (layout.width, layout.height) == (1600, 444)
    with Image.open(path) as image:
        assert image.size == (1600, 444)
        assert image.info["Title"] == "scan_7.tif"
    words = [text.content for text in layout.texts]
    assert "tumour, probability 0.973" in words
    assert "scan_7.tif" in words
    assert NOTICE in words
    assert f"Predicted mask, {np.count_nonzero(head.mask):,} px" in words
    assert f"True mask, {np.count_nonzero(head.truth):,} px" in words
    assert f"only predicted, {np.count_nonzero(head.mask & ~head.truth):,} px" in words
    assert f"only in the true mask, {np.count_nonzero(head.truth & ~head.mask):,} px" in words
    assert any("Dice 0.812" in word and "FLAIR" in word for word in words)


def test_pictures_show_what_they_say(head: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    layout = draw(head, head.truth, path)
    pictures = {name: panel(path, layout, name) for name in FIVE}
    both, only_mask, only_truth = (102, 172), (102, 193), (102, 146)
    assert not colourful(pictures["original"]).any()
    assert at(pictures["truth"], *both).tolist() == list(TRUTH)
    assert at(pictures["truth"], *only_mask).tolist() == [0, 0, 0]
    assert at(pictures["mask"], *both).tolist() == list(PREDICTION)
    assert at(pictures["mask"], *only_truth).tolist() == [0, 0, 0]
    assert near(pictures["original_truth"], TRUTH).any()
    assert not near(pictures["original_truth"], PREDICTION).any()
    assert near(pictures["original_mask"], PREDICTION).any()
    # Tissue that both masks hold is not covered; what only one holds has its colour.
    assert not colourful(pictures["original_mask"])[110:130, 195:210].any()
    assert at(pictures["original_mask"], *only_mask)[0] > at(pictures["original_mask"], *only_mask)[2] + 50
    assert at(pictures["original_mask"], *only_truth)[2] > at(pictures["original_mask"], *only_truth)[0] + 50


def test_outline_covers_a_line_only(head: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    layout = draw(head, None, path)
    coloured = np.count_nonzero(colourful(panel(path, layout, "original_mask")))
    circumference = 2 * np.pi * 0.03**0.5 * 256 / 2 * layout.panels["mask"][3] / 256
    assert 0 < coloured < 4 * circumference


def test_three_larger_panels_without_truth(head: Any, tmp_path: Path, check_layout: Callable[[Layout], None]) -> None:
    layout = draw(head, None, tmp_path / "a.png")
    check_layout(layout)
    assert list(layout.panels) == ["original", "mask", "original_mask"]
    left, _, right, _ = layout.panels["original"]
    assert right - left == 514
    assert not any("true" in text.content.lower() for text in layout.texts)


def test_a_slice_without_tumour_is_not_announced_in_the_colour_of_findings(head: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    layout = slice_figure(
        head.image,
        head.truth,
        np.zeros_like(head.truth),
        probability=0.02,
        title="scan.tif",
        sequence_names=SEQUENCES,
        path=path,
        verdict="no tumour",
    )
    (box,) = (text.box for text in layout.texts if text.content == "no tumour, probability 0.020")
    with Image.open(path) as image:
        written = np.asarray(image)[box[1] : box[3], box[0] : box[2]].astype(np.int16)
    assert not near(written, PREDICTION).any()
    assert not near(panel(path, layout, "mask"), PREDICTION).any()


def test_a_probability_that_is_no_number_is_left_out(head: Any, tmp_path: Path) -> None:
    layout = draw(head, None, tmp_path / "a.png", probability=float("nan"), verdict="not assessable")
    assert "not assessable" in [text.content for text in layout.texts]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.integers(1, 700),
    columns=st.integers(1, 700),
    title=st.text(min_size=1, max_size=250),
    note=st.text(max_size=250),
    with_truth=st.booleans(),
    probability=st.floats(0, 1),
)
def test_nothing_overlaps_or_is_cut_off(
    tmp_path: Path,
    check_layout: Callable[[Layout], None],
    rows: int,
    columns: int,
    title: str,
    note: str,
    with_truth: bool,
    probability: float,
) -> None:
    rng = np.random.default_rng(rows * 1000 + columns)
    image = rng.normal(100, 30, (rows, columns)).astype(np.float32)
    mask = rng.random((rows, columns)) > 0.5
    layout = slice_figure(
        image,
        ~mask if with_truth else None,
        mask,
        probability=probability,
        title=title,
        sequence_names=("flair",),
        path=tmp_path / "a.png",
        note=note,
    )
    check_layout(layout)
    for left, top, right, bottom in layout.panels.values():
        if min(right - left, bottom - top) > 30:
            assert (right - left) / (bottom - top) == pytest.approx(columns / rows, rel=0.05)


def test_same_slice_same_bytes(head: Any, tmp_path: Path) -> None:
    draw(head, head.truth, tmp_path / "a.png")
    draw(head, head.truth, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_window_is_kept(head: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    layout = draw(head, None, path, window=(0.0, 1000.0))
    assert panel(path, layout, "original").max() < 70
    assert any("shown from 0 to 1000" in text.content for text in layout.texts)


def test_a_mask_of_another_shape_is_refused(head: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a true mask must have the image's shape \(256, 256\), received \(5, 5\)"):
        draw(head, np.zeros((5, 5), dtype=np.bool_), tmp_path / "a.png")
    assert not list(tmp_path.iterdir())


def test_background_frames_the_panels(head: Any, tmp_path: Path) -> None:
    draw(head, None, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.getpixel((3, 300)) == BACKGROUND
