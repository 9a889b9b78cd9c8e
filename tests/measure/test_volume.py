"""Millimetres and millilitres: held against shapes of known size and SimpleITK's own statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import SimpleITK
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from gliascope.errors import InputError
from gliascope.geometry import Grid, to_world
from gliascope.measure.diameter import diameters
from gliascope.measure.side import side_of, symmetry_plane
from gliascope.measure.volume import measure_volume

Affine = NDArray[np.float64]


def affine_of(edges: tuple[float, float, float], turn: tuple[float, float, float] = (0, 0, 0)) -> Affine:
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", turn, degrees=True).as_matrix() * edges
    affine[:3, 3] = (-70, 20, 35)
    return affine


def ellipsoid(shape: tuple[int, int, int], affine: Affine, radii: tuple[float, float, float]) -> NDArray[np.bool_]:
    """Centred on the grid, its axes along the world's; shape (slice, row, column)."""
    indices = np.moveaxis(np.indices(shape[::-1])[::-1], 0, -1)
    middle = to_world(affine, (np.array(shape) - 1) / 2)
    return np.asarray((((to_world(affine, indices) - middle) / radii) ** 2).sum(axis=-1) <= 1)


def measured(mask: NDArray[np.bool_], affine: Affine, image: NDArray[Any] | None = None) -> Any:
    return measure_volume(np.ascontiguousarray(mask.transpose(2, 1, 0)), affine, mask, affine, image)


@pytest.mark.parametrize("edges", [(1.0, 1.0, 1.0), (0.8, 0.8, 5.0), (2.0, 2.0, 1.5)])
@pytest.mark.parametrize("turn", [(0, 0, 0), (0, 0, 25)])
def test_an_ellipsoid_has_its_size_within_a_voxel(
    edges: tuple[float, float, float], turn: tuple[float, float, float]
) -> None:
    affine, radii = affine_of(edges, turn), (20.0, 30.0, 24.0)
    shape = tuple(int(90 / one) for one in edges)
    mask = ellipsoid((shape[0], shape[1], shape[2]), affine, radii)
    found = measured(mask, affine)
    assert found.volume_ml == pytest.approx(4 / 3 * np.pi * np.prod(radii) / 1000, rel=0.03)
    across = np.hypot(*edges[:2])  # corner to corner of a voxel: what one voxel more or less makes of a diameter
    assert found.diameter_mm == pytest.approx(60, abs=across)
    assert found.perpendicular_mm == pytest.approx(40, abs=across)
    assert found.components == 1
    voxel = np.abs(affine[:3, :3]).sum(axis=1)  # along the world's axes
    assert (np.abs(np.array(found.extent_mm) - (40, 60, 48)) <= voxel).all()
    assert found.centroid_mm is None
    assert found.diameter_slice == pytest.approx((len(mask) - 1) / 2, abs=3)
    assert max(found.areas_mm2) == pytest.approx(np.pi * 20 * 30, rel=0.05)


@pytest.mark.parametrize("edges", [(1.0, 1.0, 1.0), (0.9, 0.9, 5.5), (0.45, 2.0, 3.0)])
def test_a_box_has_its_size_exactly(edges: tuple[float, float, float]) -> None:
    mask = np.zeros((12, 40, 44), dtype=np.bool_)
    mask[3:8, 10:30, 5:35] = True
    found = measured(mask, affine_of(edges), np.zeros(mask.shape, np.float32))
    size = np.array([30, 20, 5]) * edges
    assert found.volume_ml == pytest.approx(np.prod(size) / 1000)
    assert found.extent_mm == pytest.approx(tuple(size))
    assert found.diameter_mm == pytest.approx(np.hypot(*size[:2]), rel=1e-5)
    assert found.centroid_mm == pytest.approx((-70 + 19.5 * edges[0], 20 + 19.5 * edges[1], 35 + 5 * edges[2]))
    assert [round(one) for one in found.areas_mm2] == [0] * 3 + [round(size[0] * size[1])] * 5 + [0] * 4
    assert found.components == 1


@given(seed=st.integers(0, 1000), turn=st.tuples(*[st.floats(-30, 30)] * 3), edges=st.tuples(*[st.floats(0.4, 6)] * 3))
@settings(max_examples=25)
def test_volume_parts_and_centroid_are_simpleitk_s(
    seed: int, turn: tuple[float, float, float], edges: tuple[float, float, float]
) -> None:
    mask = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(9, 14, 12)), 1) > 0.35
    affine = affine_of(edges, turn)
    found = measured(mask, affine, np.zeros(mask.shape, np.float32))
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(list(edges))
    image.SetDirection((affine[:3, :3] / edges).ravel().tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    statistics = SimpleITK.LabelShapeStatisticsImageFilter()
    statistics.Execute(image)
    assert found.voxels == statistics.GetNumberOfPixels(1)
    assert found.volume_ml == pytest.approx(statistics.GetPhysicalSize(1) / 1000, rel=1e-6)
    assert found.centroid_mm == pytest.approx(statistics.GetCentroid(1), abs=1e-6)
    parts = SimpleITK.ConnectedComponentImageFilter()
    parts.FullyConnectedOn()
    parts.Execute(image)
    assert found.components == parts.GetObjectCount()


@given(seed=st.integers(0, 1000))
@settings(max_examples=20)
def test_the_longest_diameter_is_simpleitk_s_feret_diameter(seed: int) -> None:
    rough = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(40, 36)), 3)
    labels, _ = ndimage.label(rough > 0.05, structure=np.ones((3, 3)))
    mask = labels == 1
    found = diameters(mask, affine_of((0.7, 0.7, 3)))
    assert found is not None
    image = SimpleITK.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing([0.7, 0.7])
    statistics = SimpleITK.LabelShapeStatisticsImageFilter()
    statistics.ComputeFeretDiameterOn()
    statistics.Execute(image)
    assert found.longest_mm == pytest.approx(statistics.GetFeretDiameter(1), abs=1.5 * 0.7)
    assert found.perpendicular_mm <= found.longest_mm + 1e-9


@given(seed=st.integers(0, 1000))
@settings(max_examples=20)
def test_the_ends_of_both_diameters_are_where_they_were_measured(seed: int) -> None:
    rough = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(40, 36)), 3)
    mask = rough > 0.05
    affine = affine_of((0.7, 1.1, 3))
    found = diameters(mask, affine)
    assert found is not None
    longest, across = (np.array([[*end, 0.0] for end in line]) for line in (found.longest, found.perpendicular))
    along, over = (to_world(affine, line[1]) - to_world(affine, line[0]) for line in (longest, across))
    assert np.linalg.norm(along) == pytest.approx(found.longest_mm, abs=1e-4)
    assert np.linalg.norm(over) == pytest.approx(found.perpendicular_mm, abs=1e-4)
    assert abs(along @ over) <= 1e-4 * found.longest_mm * max(found.perpendicular_mm, 1.0)
    for column, row, _ in longest:
        near = mask[max(0, int(row - 1)) : int(row + 2), max(0, int(column - 1)) : int(column + 2)]
        assert near.any()


def test_a_rectangle_and_a_single_pixel() -> None:
    mask = np.zeros((20, 20), np.bool_)
    mask[4:7, 3:15] = True
    found = diameters(mask, affine_of((0.5, 2.0, 1)))
    assert found is not None
    assert found.longest_mm == pytest.approx(np.hypot(6, 6))
    assert found.perpendicular_mm == pytest.approx(np.hypot(6, 6))
    one = np.zeros((5, 5), np.bool_)
    one[2, 2] = True
    found = diameters(one, affine_of((1.0, 1.0, 1)))
    assert found is not None
    assert (found.longest_mm, found.perpendicular_mm) == pytest.approx((np.sqrt(2), np.sqrt(2)))
    assert diameters(np.zeros((3, 3), np.bool_), np.eye(4)) is None


def test_of_several_parts_the_longest_is_measured() -> None:
    mask = np.zeros((30, 30), np.bool_)
    mask[2:4, 2:22] = True
    mask[10:20, 10:20] = True
    found = diameters(mask, np.eye(4))
    assert found is not None
    assert found.longest_mm == pytest.approx(np.hypot(2, 20), abs=1e-3)
    assert found.perpendicular_mm < 3


def test_nothing_inside() -> None:
    found = measured(np.zeros((3, 4, 5), np.bool_), np.eye(4))
    assert (found.volume_ml, found.voxels, found.components) == (0, 0, 0)
    assert found.diameter_mm is None
    assert found.extent_mm is None
    assert found.side is None


def test_an_outline_must_be_boolean_and_3_d() -> None:
    with pytest.raises(InputError, match="boolean and 3-D"):
        measured(np.zeros((3, 4, 5), np.uint8), np.eye(4))


def made_head(turn: float, move: float) -> tuple[NDArray[np.float32], Grid, Rotation]:
    """A symmetric head with structure, turned about the body's axis and moved to the left."""
    affine = affine_of((4.0, 4.0, 5.0))
    shape = (50, 55, 24)
    indices = np.moveaxis(np.indices(shape[::-1])[::-1], 0, -1)
    middle = to_world(affine, (np.array(shape) - 1) / 2) + np.array([move, 0, 0])
    rotation = Rotation.from_euler("z", turn, degrees=True)
    x, y, z = np.moveaxis((to_world(affine, indices) - middle) @ rotation.as_matrix(), -1, 0)
    inside = (x / 65) ** 2 + (y / 85) ** 2 + (z / 70) ** 2 < 1
    texture = 2 + np.cos(np.abs(x) / 9) + np.sin(y / 11) + np.cos(z / 15 + np.abs(x) / 20)
    return np.where(inside, 100 * texture, 0).astype(np.float32), Grid(shape, affine), rotation


@pytest.mark.parametrize(("turn", "move"), [(0, 0), (12, 8), (-15, -10)])
def test_the_plane_of_symmetry_is_found(turn: float, move: float) -> None:
    image, grid, rotation = made_head(turn, move)
    plane = symmetry_plane(image, grid)
    assert plane is not None
    assert np.degrees(np.arccos(plane.normal @ rotation.apply([1, 0, 0]))) < 2
    middle = to_world(grid.affine, (np.array(grid.shape) - 1) / 2) + np.array([move, 0, 0])
    assert abs(float(plane.distance(middle))) < 2


@pytest.mark.parametrize(("at", "side"), [(-35, "right"), (35, "left"), (0, "crossing the midline")])
def test_the_side_of_a_lesion(at: float, side: str) -> None:
    image, grid, rotation = made_head(12, 8)
    indices = np.moveaxis(np.indices(image.shape)[::-1], 0, -1)
    middle = to_world(grid.affine, (np.array(grid.shape) - 1) / 2) + np.array([8, 0, 0]) + rotation.apply([at, -20, 0])
    lesion = np.linalg.norm(to_world(grid.affine, indices) - middle, axis=-1) < 16
    image[lesion] = 900
    plane = symmetry_plane(image, grid, ignore=lesion)
    assert plane is not None
    assert side_of(lesion, grid.affine, plane)[0] == side
    assert side_of(lesion, grid.affine, plane)[1] == pytest.approx({-35: 0, 35: 1, 0: 0.5}[int(at)], abs=0.1)


@pytest.mark.parametrize("added", [-1024, 4096])
def test_the_plane_does_not_depend_on_the_background_s_value(added: int) -> None:
    image, grid, _ = made_head(12, 8)
    image = image.round()
    plain, other = symmetry_plane(image, grid), symmetry_plane(image + added, grid)
    assert plain is not None
    assert other is not None
    assert np.allclose(other.normal, plain.normal, atol=1e-3)
    assert other.offset == pytest.approx(plain.offset, abs=0.05)


@pytest.mark.parametrize("factor", [2.0**100, 2.0**-80])
def test_the_plane_does_not_depend_on_the_unit_of_intensity(factor: float) -> None:
    image, grid, _ = made_head(12, 8)
    plain, other = symmetry_plane(image, grid), symmetry_plane(image * np.float32(factor), grid)
    assert plain is not None
    assert other is not None
    assert np.array_equal(other.normal, plain.normal)
    assert other.offset == plain.offset


def test_noise_has_no_plane_of_symmetry() -> None:
    noise = ndimage.gaussian_filter(np.random.default_rng(0).normal(size=(24, 60, 60)), 4).astype(np.float32)
    assert symmetry_plane(np.clip(noise, 0, None), Grid((60, 60, 24), affine_of((3, 3, 6)))) is None
    assert symmetry_plane(np.zeros((4, 5, 6), np.float32), Grid((6, 5, 4), np.eye(4))) is None


def test_a_head_that_is_all_outline_has_no_plane_of_symmetry() -> None:
    image, grid, _ = made_head(0, 0)
    assert symmetry_plane(image, grid, ignore=np.ones(image.shape, np.bool_)) is None
