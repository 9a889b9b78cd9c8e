"""Adding a constant to a volume changes nothing: what has no voxels is filled with the background."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from gliascope.geometry import Grid
from gliascope.prepare import to_uint8
from gliascope.read import read_cases
from gliascope.read.volume.align import is_misaligned, register
from gliascope.scan import Scan, background_level

ADDED = [-1024, 4096]
TURNED = Rotation.from_euler("z", 35, degrees=True).as_matrix()


def head(shape: tuple[int, int, int] = (40, 44, 24)) -> NDArray[np.float32]:
    """A blob with structure, in whole numbers."""
    texture = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=shape), 2)
    grid = np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij")
    inside = sum(one**2 for one in grid) < 0.6
    return np.where(inside, 300 + 2000 * texture + 80 * grid[0], 0).clip(0).round().astype(np.float32)


def affine_of(matrix: NDArray[np.float64], shift: tuple[float, float, float] = (0, 0, 0)) -> NDArray[np.float64]:
    affine = np.eye(4)
    affine[:3, :3] = matrix
    affine[:3, 3] = shift
    return affine


def read(folder: Path, **volumes: tuple[NDArray[np.float32], NDArray[np.float64]]) -> Scan:
    folder.mkdir()
    for name, (values, affine) in volumes.items():
        nibabel.save(nibabel.Nifti1Image(values, affine), folder / f"p_{name}.nii")
    (case,) = read_cases([folder])
    (scan,) = case.scans
    return scan


@pytest.mark.parametrize("added", ADDED)
def test_a_turned_volume(tmp_path: Path, added: int) -> None:
    affine = affine_of(TURNED @ np.diag([-1.5, -1.5, 4]))
    plain, other = (read(tmp_path / str(one), flair=(head() + one, affine)) for one in (0, added))
    assert plain.pixels.min() == 0
    assert np.allclose(other.pixels - added, plain.pixels, atol=0.01)
    assert np.abs(to_uint8(other.pixels).astype(int) - to_uint8(plain.pixels)).max() <= 1


@pytest.mark.parametrize("added", ADDED)
def test_a_sequence_with_a_smaller_field(tmp_path: Path, added: int) -> None:
    affine = np.diag([-2.0, -2, 3, 1])
    cut, there = head()[6:-6, 5:], affine @ affine_of(np.eye(3), (6, 5, 0))
    plain, other = (read(tmp_path / str(one), flair=(head(), affine), t1=(cut + one, there)) for one in (0, added))
    assert np.allclose(other.pixels[..., 0] - added, plain.pixels[..., 0], atol=0.01)
    assert plain.pixels[..., 0].min() == 0


@pytest.mark.parametrize("added", ADDED)
def test_sequences_are_compared_above_their_background(added: int) -> None:
    grid = Grid((24, 44, 40), np.diag([3.0, 3, 3, 1]))
    still, moved = head(), np.roll(head(), 4, axis=0)
    assert not is_misaligned(still, grid, still + added, grid)
    assert is_misaligned(still + added, grid, moved, grid)
    plain, other = (register(still + one, grid, moved + one, grid) for one in (0, added))
    assert other.shift_mm == pytest.approx(plain.shift_mm, abs=0.01)
    assert plain.shift_mm == pytest.approx(12, abs=1)


def test_the_background_s_level() -> None:
    rng = np.random.default_rng(0)
    assert background_level(head()) == 0
    assert background_level(head() + 7) == 7
    normalised = np.where(head() > 0, (head() - 300) / 60, 0)  # the head alone was normalised: 0 is the background
    assert normalised.min() < -1
    assert background_level(normalised) == 0
    noise = rng.normal(100, 10, (8, 60, 60)).astype(np.float32)
    noise[0, 0, 0] = -32768  # no lone voxel decides
    assert 60 < background_level(noise) < 75
    paper = np.full((1, 20, 20), 255.0)
    paper[:, 5:15, 5:15] = rng.integers(1, 99, (10, 10))
    assert background_level(paper) < 99
    assert background_level(np.full((2, 3, 4), 7.0)) == 7
    assert background_level(np.full((1, 1), -3.0)) == -3
