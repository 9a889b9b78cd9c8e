from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gliascope.evaluate.score import PatientScore, SliceScore
from gliascope.evaluate.worst import LARGEST, WorstPatients, compared_slices
from gliascope.findings import Finding, SliceFinding
from gliascope.present.disagreement import SIDE
from gliascope.present.display import lesion_window
from gliascope.rules import OperatingPoint
from gliascope.scan import Case, Mask, Scan, Source

SHAPE = (48, 64)
POINT = OperatingPoint("balanced", 0.5, 0.5, "all")


def box(top: int, left: int, side: int) -> NDArray[np.bool_]:
    mask = np.zeros(SHAPE, np.bool_)
    mask[top : top + side, left : left + side] = True
    return mask


def case_of(name: str, pairs: list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]) -> tuple[Case, Finding]:
    """A case from its slices' true and predicted outlines: a grey head, and the lesion a little brighter."""
    pixels = np.zeros((len(pairs), *SHAPE, 1), np.uint8)
    pixels[:, 4:44, 12:52, 0] = np.random.default_rng(0).integers(30, 70, (40, 40), dtype=np.uint8)
    pixels[:, 4:6, 12:52] = 250  # fat of the scalp
    for number, (true, _) in enumerate(pairs):
        pixels[number, true, 0] = 90
    sources = tuple(Source(Path(f"{name}_{number}.tif"), 0, 1, f"{number:064d}") for number in range(len(pairs)))
    scan = Scan(pixels, ("flair",), sources, is_volume=len(pairs) > 1)
    slices = tuple(
        SliceFinding(source, 0.9, "tumour" if found.any() else "no tumour", found)
        for source, (_, found) in zip(sources, pairs, strict=True)
    )
    case = Case(name, (scan,), tuple(Mask(true) for true, _ in pairs))
    return case, Finding(name, "tumour", 0.9, POINT, slices, (), (), {})


def score_of(name: str, case: Case, finding: Finding, folder: str = "") -> PatientScore:
    scored = []
    for one, truth in zip(finding.slices, case.truths, strict=True):
        assert truth is not None
        assert one.source.path is not None
        both = int(np.count_nonzero(one.mask & truth.pixels))
        counts = int(np.count_nonzero(truth.pixels)), one.area_px, both
        scored.append(SliceScore(folder or name, one.source.path.name, 0, 0.9, one.verdict, *counts, seen=False))
    return PatientScore(name, "AA", (folder or name,), tuple(scored))


def look(keeper: WorstPatients, name: str, shift: int, folder: str = "") -> None:
    """Show the keeper a patient whose outline is that many pixels off."""
    case, finding = case_of(folder or name, [(box(12, 20, 10), box(12, 20 + shift, 10))])
    keeper(case, finding, score_of(name, case, finding, folder))


def test_the_lowest_are_kept_in_order_and_equal_ones_by_name(tmp_path: Path) -> None:
    keeper = WorstPatients(3)
    for name, shift in (("D", 2), ("A", 0), ("C", 5), ("B", 5), ("E", 1)):
        look(keeper, name, shift)
    pictures = keeper.draw(tmp_path / "worst")
    assert [one.patient for one in pictures] == ["B", "C", "D"]
    assert [one.path.name for one in pictures] == ["01-B.png", "02-C.png", "03-D.png"]
    assert sorted(one.path for one in pictures) == sorted((tmp_path / "worst").iterdir())
    with Image.open(pictures[0].path) as picture:
        assert picture.info["Title"] == "1. B"
        assert "Comment" not in picture.info


def test_a_patient_without_a_dice_is_never_kept(tmp_path: Path) -> None:
    keeper = WorstPatients(2)
    nothing = np.zeros(SHAPE, np.bool_)
    case, finding = case_of("N", [(nothing, nothing)])
    keeper(case, finding, score_of("N", case, finding))
    assert keeper.draw(tmp_path) == []


def test_folders_of_one_patient_count_together(tmp_path: Path) -> None:
    keeper = WorstPatients(1)
    look(keeper, "A", 4)
    look(keeper, "B", 6, "B_1")
    assert [one.patient for one in keeper.draw(tmp_path)] == ["B"]
    look(keeper, "B", 0, "B_2")
    (picture,) = keeper.draw(tmp_path)
    assert picture.patient == "A"  # with both folders, B is better than A
    look(keeper, "C", 5)
    look(keeper, "C", 5, "C_2")
    (picture,) = keeper.draw(tmp_path)
    assert picture.patient == "C"
    with Image.open(picture.path) as drawn:
        left = 16 + SIDE + 10
        second = np.asarray(drawn.convert("L"))[90 : 80 + SIDE, left : left + SIDE]
    assert second.mean() > 30  # a slice of the second folder beside that of the first


def test_the_largest_and_the_most_different_slices_are_shown_in_order() -> None:
    nothing = np.zeros(SHAPE, np.bool_)
    pairs = [
        (nothing, nothing),
        (box(10, 20, 4), box(10, 20, 4)),
        (nothing, box(10, 20, 9)),
        (box(10, 20, 12), box(10, 20, 12)),
        (box(10, 20, 14), box(10, 20, 14)),
        (box(10, 20, 13), nothing),
        (box(10, 20, 5), nothing),
        (box(10, 20, 6), box(10, 20, 7)),
        (box(10, 20, 2), box(10, 20, 3)),
    ]
    shown = compared_slices(*case_of("P", pairs))
    assert [one.label for one in shown] == [f"P_{number}.tif" for number in (2, 3, 4, 5, 6, 7)]
    assert len(shown) == 2 * LARGEST
    assert shown[0].note == "tumour, probability 0.900; true 0 px, predicted 81 px"


def test_slices_without_any_outline_are_not_shown() -> None:
    nothing = np.zeros(SHAPE, np.bool_)
    shown = compared_slices(*case_of("P", [(nothing, nothing), (box(10, 20, 5), nothing), (nothing, nothing)]))
    assert [one.label for one in shown] == ["P_1.tif"]


def test_the_head_and_every_outline_are_inside_the_cut() -> None:
    outside = box(1, 1, 3)  # predicted in the air, beside the head
    (one,) = compared_slices(*case_of("P", [(box(20, 30, 6), outside)]))
    assert np.count_nonzero(one.truth) == 36
    assert np.count_nonzero(one.found) == 9
    assert one.grey.shape == one.truth.shape == one.found.shape
    assert one.grey.shape[1] <= SHAPE[1]
    (near,) = compared_slices(*case_of("P", [(box(20, 30, 6), box(20, 30, 6))]))
    assert near.grey.shape[1] < SHAPE[1]
    assert np.count_nonzero(near.grey) >= 0.95 * 40 * 40


def test_slices_of_different_sizes_are_not_cut() -> None:
    first, second = case_of("P", [(box(20, 30, 6), box(20, 30, 6))]), np.zeros((20, 20), np.bool_)
    source = Source(Path("Q.tif"), 0, 1, "a" * 64)
    lone = Scan(np.full((1, 20, 20, 1), 50, np.uint8), ("flair",), (source,), is_volume=False)
    second[5:9, 5:9] = True
    case = Case("P", (*first[0].scans, lone), (*first[0].truths, Mask(second)))
    found = SliceFinding(source, 0.9, "tumour", second)
    finding = Finding("P", "tumour", 0.9, POINT, (*first[1].slices, found), (), (), {})
    assert [one.grey.shape for one in compared_slices(case, finding)] == [SHAPE, (20, 20)]


def test_the_lesion_keeps_its_texture_beside_bright_fat() -> None:
    case, finding = case_of("P", [(box(20, 30, 6), box(20, 30, 6))])
    plane = case.scans[0].pixels[0, ..., 0]
    low, high = lesion_window([plane], [finding.slices[0].mask])
    assert 90 < high < 250
    assert low < 60
    (one,) = compared_slices(case, finding)
    assert 150 < one.grey[one.truth].mean() < 250


@pytest.mark.parametrize("value", [0, 7])
def test_a_flat_image_has_a_window(value: int) -> None:
    low, high = lesion_window([np.full((4, 4), value, np.uint8)], [np.zeros((4, 4), np.bool_)])
    assert high > low
