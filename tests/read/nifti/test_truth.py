"""Truths are laid on their scan by what both headers say, and where they end nothing is made up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from nibabel.affines import from_matvec
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from gliascope.read import read_cases
from gliascope.read.volume.places import SAME_ORDER
from gliascope.scan import Case

SaveVolume = Callable[..., Path]
POSTERIOR = np.array([[-2.0, 0, 0, 7], [0, -2, 0, 11], [0, 0, 3, -5], [0, 0, 0, 1]])
"""Rows rise to posterior, unlike those of a file without orientation: read by its own header, a truth is mirrored."""


def unoriented(path: Path, edges: tuple[float, float, float] = (2, 2, 3)) -> None:
    """Take qform and sform away, in place; nibabel would write them again."""
    raw = bytearray(path.read_bytes())
    raw[252:256] = bytes(4)
    raw[80:92] = np.array(edges, "<f4").tobytes()
    path.write_bytes(raw)


def unspaced(path: Path) -> None:
    unoriented(path, (0, 0, 0))


def read(
    save: SaveVolume,
    truth: NDArray[Any],
    affine: NDArray[Any] = POSTERIOR,
    change: Callable[[Path], None] | None = None,
) -> Case:
    """A FLAIR of 8 x 6 x 5 voxels with a truth beside it."""
    values = np.random.default_rng(0).integers(1, 900, (8, 6, 5)).astype(np.int16)
    path = save("p/p_seg.nii", truth.astype(np.uint8), affine)
    if change is not None:
        change(path)
    (case,) = read_cases([save("p/p_flair.nii", values, POSTERIOR).parent])
    return case


def corner() -> NDArray[np.bool_]:
    truth = np.zeros((8, 6, 5), np.bool_)
    truth[1:3, 1, 1:4] = True
    return truth


@pytest.mark.parametrize("change", [unoriented, unspaced])
def test_a_truth_without_orientation_lies_as_its_scan_does(
    save_volume: SaveVolume, change: Callable[[Path], None]
) -> None:
    case = read(save_volume, corner(), change=change)
    assert not case.problems
    assert np.array_equal(np.stack([one.pixels for one in case.truths if one is not None]), corner().transpose(2, 1, 0))
    assert f"p_seg.nii: {SAME_ORDER}" in case.warnings
    assert not any("columns are taken to rise" in one or "no voxel spacing" in one for one in case.warnings)


@pytest.mark.parametrize(
    ("change", "received"),
    [(unoriented, "7 x 6 x 5 of 2 x 2 x 3 mm and 8 x 6 x 5 of 2 x 2 x 3 mm"), (unspaced, "7 x 6 x 5 and 8 x 6 x 5 of")],
)
def test_without_orientation_another_size_is_refused(
    save_volume: SaveVolume, change: Callable[[Path], None], received: str
) -> None:
    case = read(save_volume, corner()[1:], change=change)
    assert case.truths == (None,) * 5
    assert "its scan's size and spacing where either file has no spacing or no orientation" in case.problems[0].message
    assert received in case.problems[0].message


def test_without_orientation_another_spacing_is_refused(save_volume: SaveVolume) -> None:
    case = read(save_volume, corner(), change=lambda path: unoriented(path, (2, 2, 2.5)))
    assert "received 8 x 6 x 5 of 2 x 2 x 2.5 mm" in case.problems[0].message


def test_what_is_odd_about_a_truth_is_told(save_volume: SaveVolume) -> None:
    def disagree(path: Path) -> None:
        other = POSTERIOR + np.eye(4, k=3) * 4
        save_volume("p/p_seg.nii", corner().astype(np.uint8), POSTERIOR, lambda header: header.set_qform(other, code=1))
        assert path.exists()

    case = read(save_volume, corner(), change=disagree)
    assert "p_seg.nii: sform and qform disagree by 4.0 mm; sform is used" in case.warnings


def test_slices_that_a_truth_does_not_reach_have_none(save_volume: SaveVolume) -> None:
    case = read(save_volume, corner()[..., :3])
    assert [one is not None for one in case.truths] == [True, True, True, False, False]
    assert "p_seg.nii: covers 3 of the scan's 5 slices; the others have no truth" in case.warnings
    assert not any("lie outside" in one for one in case.warnings)


def test_voxels_outside_the_scan_are_told(save_volume: SaveVolume) -> None:
    truth = np.pad(corner(), ((2, 2), (0, 0), (0, 0)))
    truth[0, 0, :4] = True
    beside = POSTERIOR @ from_matvec(np.eye(3), [-2, 0, 0])
    case = read(save_volume, truth, beside)
    assert np.array_equal(np.stack([one.pixels for one in case.truths if one is not None]), corner().transpose(2, 1, 0))
    assert "p_seg.nii: 4 of its 10 voxels lie outside the scan and are left out" in case.warnings


def test_a_truth_cut_to_a_part_of_all_slices_counts_on_all(save_volume: SaveVolume) -> None:
    case = read(save_volume, corner()[:4])
    assert None not in case.truths
    assert "p_seg.nii: covers 50% of these slices; what lies beside it is taken as outside the outline" in case.warnings


def test_a_truth_of_no_slice_says_nothing(save_volume: SaveVolume) -> None:
    case = read(save_volume, np.zeros((8, 6, 5)), POSTERIOR + np.eye(4, k=3) * 500)
    assert case.truths == (None,) * 5
    assert any("covers 0 of the scan's 5 slices" in one for one in case.warnings)


def test_a_truth_too_small_for_the_scan_s_voxels_is_not_said_to_lie_elsewhere(save_volume: SaveVolume) -> None:
    truth = np.zeros((32, 24, 20), np.bool_)
    truth[9, 9, 9] = True
    case = read(save_volume, truth, POSTERIOR @ np.diag([0.25, 0.25, 0.25, 1]))
    assert "must fill half a voxel of its scan" in case.problems[0].message


def test_slices_beside_a_tilted_volume_have_its_truth(save_volume: SaveVolume) -> None:
    affine = from_matvec(Rotation.from_euler("x", 40, degrees=True).as_matrix() @ np.diag([-1.0, -1, 1]))
    values = np.random.default_rng(0).integers(1, 900, (12, 14, 16)).astype(np.int16)
    path = save_volume("q/q_flair.nii", values, affine)
    for crop in (0, 1):  # on the same grid, and on another that is smaller by a row
        truth = (values > 300).astype(np.uint8)[:, : 14 - crop]
        save_volume("q/q_seg.nii", truth, affine)
        (case,) = read_cases([path.parent])
        assert sum(one is None for one in case.truths) <= 2 * crop
        assert not case.problems


@pytest.mark.parametrize("change", [unoriented, unspaced])
def test_a_sequence_without_orientation_lies_as_the_reference_does(
    save_volume: SaveVolume, change: Callable[[Path], None]
) -> None:
    values = np.random.default_rng(0).integers(1, 900, (8, 6, 5)).astype(np.int16)
    path = save_volume("p/p_flair.nii", values, POSTERIOR)
    change(save_volume("p/p_t1.nii", values[::-1] // 2, POSTERIOR))
    (case,) = read_cases([path.parent])
    assert np.array_equal(case.scans[0].pixels[..., 0], (values[::-1] // 2).transpose(2, 1, 0))
    assert f"p_t1.nii: {SAME_ORDER}" in case.warnings
    assert not any("registered" in one or "columns are taken to rise" in one for one in case.warnings)
    change(save_volume("p/p_t1.nii", values[1:], POSTERIOR))
    (case,) = read_cases([path.parent])
    assert case.scans[0].sequences == ("flair",)
    assert "must have the reference's size and spacing" in case.problems[0].message


def test_a_reference_without_orientation_gives_its_places_to_the_others(save_volume: SaveVolume) -> None:
    values = np.random.default_rng(0).integers(1, 900, (8, 6, 5)).astype(np.int16)
    path = save_volume("p/p_flair.nii", values, POSTERIOR)
    unoriented(path)
    save_volume("p/p_t1.nii", values // 2, POSTERIOR)
    unoriented(save_volume("p/p_t1ce.nii", values // 3, POSTERIOR))
    (case,) = read_cases([path.parent])
    pixels = case.scans[0].pixels
    assert np.array_equal(pixels[..., 0], pixels[..., 1] // 2)
    assert np.array_equal(pixels[..., 2], pixels[..., 1] // 3)
    assert [one.partition(":")[0] for one in case.warnings if SAME_ORDER in one] == ["p_t1.nii"]
    assert [one.partition(":")[0] for one in case.warnings if "columns are taken to rise" in one] == ["p_flair.nii"]
