from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gliascope.errors import InputError
from gliascope.present.canvas import NOTICE, PREDICTION, TRUTH, Layout
from gliascope.present.disagreement import ALARM, AS_STORED, SIDE, ComparedSlice, disagreement_figure
from gliascope.present.overlay import dashes, outlined

STAMP = "Phantom: images that are scored here were drawn by a program. The figures are no evidence of accuracy."


def square(shape: tuple[int, int], top: int, left: int, side: int) -> NDArray[np.bool_]:
    mask = np.zeros(shape, np.bool_)
    mask[top : top + side, left : left + side] = True
    return mask


def one(number: int = 1, shape: tuple[int, int] = (64, 64)) -> ComparedSlice:
    grey = np.full(shape, 90, np.uint8)
    truth, found = square(shape, 10, 10, 20), square(shape, 20, 20, 20)
    return ComparedSlice(grey, truth, found, f"slice {number}", "tumour, probability 0.9")


def drawn(path: Path) -> NDArray[np.int16]:
    with Image.open(path) as image:
        return np.asarray(image).astype(np.int16)


def near(picture: NDArray[np.int16], colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    return np.asarray(np.abs(picture - np.array(colour)).max(axis=-1) < 60)


@pytest.mark.parametrize("count", [1, 6])
@pytest.mark.parametrize("stamp", [None, STAMP])
def test_slices_in_reading_order_with_legend_and_stamp(
    count: int, stamp: str | None, tmp_path: Path, check_layout: Callable[[Layout], None]
) -> None:
    slices = [one(number) for number in range(count)]
    layout = disagreement_figure(slices, tmp_path / "a.png", title="1. P", summary="Dice 0.250", stamp=stamp)
    check_layout(layout)
    places = [(box[1], box[0]) for box in layout.panels.values()]
    assert places == sorted(places)
    assert len(places) == count
    words = [text.content for text in layout.texts]
    assert {"1. P", "Dice 0.250", "true outline", "predicted outline", "slice 0", f"{NOTICE} {AS_STORED}"} <= set(words)
    assert (STAMP in words) == (stamp is not None)
    assert bool(near(drawn(tmp_path / "a.png"), ALARM).sum() > 2000) == (stamp is not None)


def test_outlines_lie_on_the_masks_borders_and_cover_nothing_else(tmp_path: Path) -> None:
    layout = disagreement_figure([one()], tmp_path / "a.png", title="P", summary="")
    left, top, right, bottom = layout.panels["slice_0"]
    picture = drawn(tmp_path / "a.png")[top:bottom, left:right]
    scale = SIDE / 64
    for colour, start in ((TRUTH, 10), (PREDICTION, 20)):
        rows, columns = np.nonzero(near(picture, colour))
        for places in (rows, columns):
            assert abs(places.min() - start * scale) <= 2
            assert abs(places.max() - (start + 20) * scale) <= 2
    inside = picture[round(12 * scale) : round(18 * scale), round(12 * scale) : round(18 * scale)]
    assert (inside == 90).all()


def test_an_image_that_is_not_square_keeps_its_shape(tmp_path: Path) -> None:
    layout = disagreement_figure([one(shape=(64, 96))], tmp_path / "a.png", title="P", summary="")
    left, top, right, bottom = layout.panels["slice_0"]
    assert (right - left) / (bottom - top) == pytest.approx(1.5, rel=0.01)


def test_where_both_outlines_run_together_both_are_seen() -> None:
    mask = square((40, 40), 8, 8, 24)
    plain = np.zeros((400, 400, 3), np.uint8)
    picture = outlined(outlined(plain, mask, TRUTH), mask, PREDICTION, 7.0).astype(np.int16)
    warmth = picture[..., 0] - picture[..., 2]
    assert 0.6 < (warmth < -40).sum() / (warmth > 40).sum() < 1.6


def test_dashes_are_half_of_the_line() -> None:
    ring = np.array([[0.0, 0.0], [40.0, 0.0], [40.0, 30.0], [0.0, 30.0], [0.0, 0.0]])
    pieces = dashes(ring, 5.0)
    length = sum(float(np.hypot(*np.diff(piece, axis=0).T).sum()) for piece in pieces)
    assert length == pytest.approx(70.0)
    assert len(pieces) == 14
    assert np.array_equal(pieces[0][0], ring[0])


def test_a_line_shorter_than_a_dash_is_seen() -> None:
    (piece,) = dashes(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]), 50.0)
    assert np.hypot(*np.diff(piece, axis=0).T).sum() == pytest.approx(1.0)


def test_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a true mask must have the image's shape \(8, 8\), received \(8, 9\)"):
        ComparedSlice(np.zeros((8, 8), np.uint8), np.zeros((8, 9), np.bool_), np.zeros((8, 8), np.bool_), "", "")
    with pytest.raises(InputError, match="at least one slice"):
        disagreement_figure([], tmp_path / "a.png", title="P", summary="")
