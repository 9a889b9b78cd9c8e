"""Volumes become axial slices, their sequences on one grid, and go back to where they came from."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from nibabel.affines import apply_affine
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from gliascope.errors import InputError
from gliascope.geometry import flip_frame, orientation, spacing
from gliascope.read import case_of_volumes, find_cases, read_case, read_cases
from gliascope.read.volume.axial import to_stored
from gliascope.read.volume.join import LOST
from gliascope.read.volume.limits import MAX_VOXELS
from gliascope.scan import Case

SaveVolume = Callable[..., Path]
ORIENTATIONS = ["".join(letters) for axes in permutations(("RL", "AP", "IS")) for letters in product(*axes)]


def only(path: Path, *, register: bool = False) -> Case:
    (case,) = read_cases([path], register=register)
    return case


def head(shape: tuple[int, int, int] = (32, 36, 20), seed: int = 0) -> NDArray[np.float32]:
    """A smooth blob of a head with structure, brightest at one side."""
    rng = np.random.default_rng(seed)
    texture = ndimage.gaussian_filter(rng.normal(size=shape), 2)
    grid = np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij")
    inside = sum(one**2 for one in grid) < 0.7
    return np.where(inside, 300 + 2000 * texture + 80 * grid[0], 0).clip(0).astype(np.float32)


def stored_as(code: str, values: NDArray[Any], affine: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The same volume with other axes, by nibabel."""
    image = nibabel.Nifti1Image(values, affine)
    ends = nibabel.orientations.axcodes2ornt(tuple(code))
    turned = image.as_reoriented(nibabel.orientations.ornt_transform(nibabel.orientations.io_orientation(affine), ends))
    return np.asarray(turned.dataobj), np.asarray(turned.affine)


@pytest.mark.parametrize("code", ORIENTATIONS)
def test_slices_are_the_same_however_a_volume_is_stored(save_volume: SaveVolume, code: str) -> None:
    values, affine = head(), np.diag([-2.0, -2.0, 4.0, 1.0])
    affine[:3, 3] = [30, 40, -50]
    turned, its_affine = stored_as(code, values, affine)
    case = only(save_volume(f"{code}.nii", turned, its_affine))
    (scan,) = case.scans
    assert orientation(scan.affine) == "LPS"
    assert np.array_equal(scan.pixels[..., 0], values.transpose(2, 1, 0))
    assert np.allclose(scan.affine, flip_frame(affine), atol=1e-5)
    assert scan.is_volume
    assert scan.has_geometry
    mask = scan.pixels[..., 0] > 300
    assert np.array_equal(to_stored(mask, scan), turned > 300)


def test_a_tilt_within_the_scanner_s_is_left_as_it_is(save_volume: SaveVolume) -> None:
    affine = np.diag([-1.0, -1, 5, 1])
    affine[:3, :3] = Rotation.from_euler("x", 20, degrees=True).as_matrix() @ affine[:3, :3]
    (scan,) = only(save_volume("a.nii", head(), affine)).scans
    assert scan.volume is not None
    assert not scan.volume.is_resampled


@pytest.mark.parametrize(
    "matrix",
    [
        np.diag([-0.5, -1.5, 4.0]),
        Rotation.from_euler("xz", [40, 10], degrees=True).as_matrix() @ np.diag([-1.0, -1.0, 2.0]),
        np.array([[-1.0, 0.2, 0], [0, -1, 0], [0, 0, 3]]),
        np.array([[0, 0, 4.0], [-1.0, 0, 0], [0, 1.0, 0]]),
    ],
    ids=["not square", "tilted", "sheared", "sagittal"],
)
def test_pixels_are_made_square_and_slices_axial(save_volume: SaveVolume, matrix: NDArray[Any]) -> None:
    affine = np.eye(4)
    affine[:3, :3] = matrix
    values = ndimage.gaussian_filter(head(), 2)
    case = only(save_volume("a_flair.nii.gz", values, affine))
    (scan,) = case.scans
    assert scan.volume is not None
    assert scan.volume.is_resampled
    assert any("interpolation" in one for one in case.warnings)
    edges = spacing(scan.affine)
    assert edges[0] == pytest.approx(edges[1])
    threshold = float(np.percentile(values, 80))
    back = to_stored(scan.pixels[..., 0] > threshold, scan)
    assert back.shape == values.shape
    inside = values > threshold
    assert 2 * np.count_nonzero(back & inside) / (np.count_nonzero(back) + np.count_nonzero(inside)) > 0.9


def test_sequences_on_other_grids_meet_on_flair(save_volume: SaveVolume) -> None:
    values = head((40, 40, 30))
    affine = np.diag([-2.0, -2.0, 2.0, 1.0])
    save_volume("p/p_flair.nii", values, affine)
    turned, its_affine = stored_as("SAL", ndimage.gaussian_filter(values, 0.5), affine)
    save_volume("p/p_t1.nii", turned[2:-2], its_affine @ nibabel.affines.from_matvec(np.eye(3), [2, 0, 0]))
    case = only(tuple_folder(save_volume))
    (scan,) = case.scans
    assert scan.sequences == ("pre", "flair")
    assert np.corrcoef(scan.pixels[4:-4, ..., 0].ravel(), scan.pixels[4:-4, ..., 1].ravel())[0, 1] > 0.97
    assert any("another grid" in one for one in case.warnings)
    assert not any("registered" in one for one in case.warnings)


def tuple_folder(save_volume: SaveVolume) -> Path:
    return save_volume("other/x.nii", np.zeros((2, 2, 2), np.uint8)).parents[1] / "p"


def test_a_sequence_that_lies_elsewhere_is_registered(save_volume: SaveVolume) -> None:
    values = head((48, 48, 40))
    affine = np.diag([-3.0, -3.0, 3.0, 1.0])
    path = save_volume("p/p_flair.nii", values, affine)
    moved = affine.copy()
    moved[:3, 3] += [9, -6, 12]
    save_volume("p/p_t1ce.nii", 1000 - np.where(values > 0, values, 1000), moved)
    case = only(path.parent)
    assert any("does not lie on the reference; it was registered, moved by 16" in one for one in case.warnings)
    (scan,) = case.scans
    both = scan.pixels[6:-6, 6:-6, 6:-6]
    assert np.corrcoef((both[..., 0] > 0).ravel(), (both[..., 1] > 0).ravel())[0, 1] > 0.8


def test_registration_may_be_asked_for_and_finds_nothing_to_do(save_volume: SaveVolume) -> None:
    values = head((48, 48, 40))
    path = save_volume("p/p_flair.nii", values, np.diag([-3.0, -3.0, 3.0, 1.0]))
    save_volume("p/p_t1.nii", values * 0.5, np.diag([-3.0, -3.0, 3.0, 1.0]))
    case = only(path.parent, register=True)
    assert any("was to be registered" in one for one in case.warnings)
    assert not any("was to be" in one for one in only(path.parent).warnings)


def test_truth_is_on_the_slices_of_its_scan(save_volume: SaveVolume, values: NDArray[Any]) -> None:
    labels = np.where(values > 600, 4, np.where(values > 500, 1, 0)).astype(np.uint8)
    path = save_volume("p/p_flair.nii", values, np.diag([1.0, 1.0, 2.0, 1.0]))
    save_volume("p/p_seg.nii.gz", labels, np.diag([1.0, 1.0, 2.0, 1.0]))
    case = only(path.parent)
    (scan,) = case.scans
    assert np.array_equal(np.stack([one.pixels for one in case.truths if one is not None]), scan.pixels[..., 0] > 500)
    with pytest.raises(InputError, match="truth"):
        find_cases([path.parent / "p_seg.nii.gz"])


@pytest.mark.parametrize(
    ("labels", "rule"),
    [(np.arange(210), "at most 16 different values"), (np.ones(210), "lie within its scan")],
)
def test_a_truth_that_does_not_fit_is_a_problem(
    save_volume: SaveVolume, values: NDArray[Any], labels: NDArray[Any], rule: str
) -> None:
    path = save_volume("p/p_flair.nii", values)
    far = np.diag([-1.0, -1, 1, 1]) + np.eye(4, k=3) * 500
    save_volume("p/p_mask.nii", labels.reshape(7, 6, 5).astype(np.int16), far)
    case = only(path.parent)
    assert case.truths == (None,) * 5
    assert rule in case.problems[0].message


def test_without_flair_the_scan_says_so(save_volume: SaveVolume, values: NDArray[Any]) -> None:
    case = only(save_volume("p/p_t1c.nii", values).parent)
    assert case.scans[0].sequences == ("post",)
    case = only(save_volume("q/t2w.nii", values).parent)
    assert case.scans == ()
    assert "no FLAIR" in case.problems[0].message


def test_a_damaged_sequence_is_a_problem_and_the_rest_is_read(save_volume: SaveVolume, values: NDArray[Any]) -> None:
    path = save_volume("p/p_flair.nii", values)
    (path.parent / "p_t1.nii.gz").write_bytes(b"\x1f\x8bnothing")
    case = only(path.parent)
    assert case.scans[0].sequences == ("flair",)
    assert [one.path for one in case.problems] == [str(path.parent / "p_t1.nii.gz")]


def test_bytes_stay_bytes_and_a_constant_volume_is_told(save_volume: SaveVolume) -> None:
    case = only(save_volume("p/p_flair.nii", np.full((4, 4, 3), 7, np.uint8)).parent)
    assert case.scans[0].pixels.dtype == np.uint8
    assert any("same value" in one for one in case.warnings)


def test_one_voxel_is_a_lone_slice(save_volume: SaveVolume) -> None:
    (scan,) = only(save_volume("one.nii", np.ones((1, 1, 1), np.int16))).scans
    assert scan.pixels.shape == (1, 1, 1, 1)
    assert not scan.is_volume


def test_sequences_named_by_the_user(save_volume: SaveVolume, values: NDArray[Any]) -> None:
    flair, before = save_volume("a/7.nii", values), save_volume("b/9.nii", values)
    files = case_of_volumes({"pre": before, "flair": flair})
    assert files.name == "7"
    case = read_case(files)
    assert case.scans[0].sequences == ("pre", "flair")
    with pytest.raises(InputError, match="at least one"):
        case_of_volumes({})
    with pytest.raises(InputError, match="NIfTI file that exists"):
        case_of_volumes({"flair": flair.with_name("none.nii")})


def test_folders_links_and_odd_names(save_volume: SaveVolume, values: NDArray[Any]) -> None:
    path = save_volume("set/Größe 大きさ/flair.nii", values)
    save_volume("set/two/a_flair.nii", values)
    save_volume("set/two/b_flair.nii", values)
    root = path.parents[1]
    (root / "two" / "loop").symlink_to(root)
    assert sorted(one.name for one in find_cases(root)) == ["Größe 大きさ", "a", "b"]


def test_world_places_survive_the_way_in(save_volume: SaveVolume) -> None:
    values = np.zeros((9, 8, 7), np.int16)
    values[2, 3, 4] = 5
    affine = np.array([[0, 0, 3.0, -7], [1.2, 0, 0, 4], [0, -1.2, 0, 9], [0, 0, 0, 1]])
    (scan,) = only(save_volume("a.nii", values, affine)).scans
    k, j, i, _ = np.argwhere(scan.pixels == scan.pixels.max())[0]
    place = apply_affine(flip_frame(scan.affine), [i, j, k])
    assert np.allclose(place, apply_affine(affine, [2, 3, 4]), atol=0.7 * 3)


def test_what_a_missing_sequence_costs_is_what_was_measured(save_volume: SaveVolume, values: NDArray[Any]) -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "robustness.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")] for line in page.splitlines() if line.startswith("| ")]
    lost = {row[1]: -float(row[3]) for row in rows[2:]}
    assert lost["FLAIR and T1 after contrast"] == LOST[("pre",)]
    assert lost["FLAIR and T1 before contrast"] == LOST[("post",)]
    assert lost["FLAIR alone"] == LOST[("pre", "post")]
    case = only(save_volume("p/p_flair.nii", values).parent)
    assert any(
        "T1 before contrast and T1 after contrast missing" in one and f"{LOST['pre', 'post']:.2f}" in one
        for one in case.warnings
    )


@pytest.mark.parametrize(
    "matrix",
    [np.diag([0.01, 15.0, 5.0]), Rotation.from_euler("x", 45, degrees=True).as_matrix() @ np.diag([0.02, 9, 9])],
)
def test_odd_voxels_cost_bounded_memory(save_volume: SaveVolume, matrix: NDArray[Any]) -> None:
    affine = np.eye(4)
    affine[:3, :3] = matrix
    (scan,) = only(save_volume("a.nii", np.ones((60, 60, 60), np.uint8), affine)).scans
    assert scan.pixels.size <= MAX_VOXELS
    assert to_stored(np.ones(scan.pixels.shape[:3], np.bool_), scan).shape == (60, 60, 60)
