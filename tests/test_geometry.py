"""Index and world arithmetic: exact both ways, for every orientation, tilt and spacing."""

from __future__ import annotations

from itertools import permutations, product

import nibabel
import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from nibabel.orientations import aff2axcodes
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from gliascope import geometry
from gliascope.errors import InputError

Affine = NDArray[np.float64]

ORIENTATIONS = ["".join(letters) for axes in permutations(("RL", "AP", "IS")) for letters in product(*axes)]


def axis_affine(code: str, edges: tuple[float, float, float] = (1, 1, 1)) -> Affine:
    """Affine whose axes rise exactly to the letters of `code`."""
    affine = np.eye(4)
    affine[:3, :3] = 0
    for i, letter in enumerate(code):
        world = next(w for w, pair in enumerate(geometry.LETTERS) if letter in pair)
        affine[world, i] = edges[i] * (1 if letter == geometry.LETTERS[world][1] else -1)
    return affine


@st.composite
def affines(draw: st.DrawFn, tilt: float = 40.0) -> Affine:
    """Affines of any orientation, tilted, anisotropic, anywhere."""
    edge = st.floats(0.3, 8.0)
    affine = axis_affine(draw(st.sampled_from(ORIENTATIONS)), (draw(edge), draw(edge), draw(edge)))
    axis = np.array([draw(st.floats(-1, 1)), draw(st.floats(-1, 1)), draw(st.floats(0.01, 1))])
    angle = np.radians(draw(st.floats(-tilt, tilt)))
    affine[:3, :3] = Rotation.from_rotvec(axis / np.linalg.norm(axis) * angle).as_matrix() @ affine[:3, :3]
    affine[:3, 3] = [draw(st.floats(-300, 300)) for _ in range(3)]
    return affine


shapes = st.tuples(*[st.integers(1, 9)] * 3)


@given(affines(), st.lists(st.tuples(*[st.floats(-50, 300)] * 3), min_size=1, max_size=5))
def test_indices_and_millimetres_are_each_other_s_inverse(affine: Affine, indices: list[tuple[float, ...]]) -> None:
    world = geometry.to_world(affine, indices)
    assert np.allclose(geometry.to_index(affine, world), indices, atol=1e-6)
    assert np.allclose(world, nibabel.affines.apply_affine(affine, np.array(indices)), atol=1e-9)


@given(affines())
def test_world_coordinates_are_those_of_simpleitk(affine: Affine) -> None:
    image = SimpleITK.Image([2, 2, 2], SimpleITK.sitkUInt8)
    image.SetSpacing(geometry.spacing(affine).tolist())
    image.SetDirection(geometry.directions(affine).ravel().tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    point = (3.0, -2.5, 7.0)
    assert np.allclose(
        image.TransformContinuousIndexToPhysicalPoint(point), geometry.to_world(affine, point), atol=1e-6
    )


@given(affines(tilt=30))
def test_orientation_is_nibabel_s(affine: Affine) -> None:
    assert geometry.orientation(affine) == "".join(aff2axcodes(geometry.flip_frame(affine)))


@given(affines())
def test_frames_are_flipped_there_and_back(affine: Affine) -> None:
    assert np.array_equal(geometry.flip_frame(geometry.flip_frame(affine)), affine)
    assert np.array_equal(geometry.flip_frame(affine)[:2], -affine[:2])


@given(affines(), shapes, st.sampled_from(ORIENTATIONS))
def test_a_turned_voxel_stays_where_it_is(affine: Affine, shape: tuple[int, int, int], code: str) -> None:
    stored = geometry.Grid(shape, affine)
    values = np.arange(np.prod(shape)).reshape(shape)
    turn = geometry.turn_to(code, affine)
    turned, grid = turn.forward(values), turn.grid(stored)
    assert turned.shape == grid.shape
    assert np.array_equal(turn.back(turned), values)
    for index in np.ndindex(shape):
        place = np.argwhere(turned == values[index])[0]
        assert np.allclose(geometry.to_world(grid.affine, place), geometry.to_world(affine, index), atol=1e-6)


@pytest.mark.parametrize("code", ORIENTATIONS)
def test_every_orientation_is_named_and_turned_to_axial(code: str) -> None:
    affine = axis_affine(code, (0.7, 1.3, 5.0))
    assert geometry.orientation(affine) == code
    grid = geometry.turn_to(geometry.AXIAL, affine).grid(geometry.Grid((4, 5, 6), affine))
    assert geometry.orientation(grid.affine) == "LPS"
    assert np.allclose(grid.affine[:3, :3], np.diag(geometry.spacing(grid.affine)))


@given(st.sampled_from(ORIENTATIONS), st.floats(0, 35), st.integers(0, 2))
def test_obliquity_is_the_angle_of_the_tilt(code: str, angle: float, about: int) -> None:
    affine = axis_affine(code)
    turn = np.zeros(3)
    turn[about] = np.radians(angle)
    affine[:3, :3] = Rotation.from_rotvec(turn).as_matrix() @ affine[:3, :3]
    assert geometry.obliquity(affine) == pytest.approx(angle, abs=1e-5)
    assert geometry.shear(affine) == pytest.approx(0, abs=1e-6)


@given(affines(), st.floats(0.5, 30))
def test_shear_is_the_missing_angle(affine: Affine, angle: float) -> None:
    edges = geometry.spacing(affine)
    affine[:3, 1] += np.tan(np.radians(angle)) * affine[:3, 0] * edges[1] / edges[0]
    assert geometry.shear(affine) == pytest.approx(angle, abs=1e-4)
    assert geometry.voxel_volume(affine) == pytest.approx(np.prod(edges), rel=1e-6)


@given(affines(), shapes, st.floats(0.3, 3))
def test_square_pixels_cover_the_same_slices(affine: Affine, shape: tuple[int, int, int], step: float) -> None:
    grid = geometry.turn_to("LPS", affine).grid(geometry.Grid(shape, affine))
    square = geometry.square_pixels(grid, step)
    assert np.allclose(geometry.spacing(square.affine), [step, step, geometry.spacing(grid.affine)[2]])
    assert np.allclose(geometry.directions(square.affine), geometry.directions(grid.affine))
    assert np.allclose(square.outline().mean(axis=0), grid.outline().mean(axis=0), atol=1e-6)
    inside = geometry.to_index(square.affine, grid.outline())
    assert (inside >= -0.5 - 1e-3).all()
    assert (inside <= np.array(square.shape) - 0.5 + 1e-3).all()


@given(affines(), shapes)
def test_an_upright_grid_holds_the_whole_box(affine: Affine, shape: tuple[int, int, int]) -> None:
    grid = geometry.Grid(shape, affine)
    cover = geometry.upright(grid, (1.0, 1.0, 2.0))
    assert geometry.orientation(cover.affine) == "LPS"
    assert geometry.obliquity(cover.affine) == 0
    inside = geometry.to_index(cover.affine, grid.outline())
    assert (inside >= -0.5 - 1e-3).all()
    assert (inside <= np.array(cover.shape) - 0.5 + 1e-3).all()


def test_a_grid_is_at_another_within_a_tolerance() -> None:
    grid = geometry.Grid((4, 5, 6), axis_affine("LPS"))
    moved = grid.affine.copy()
    moved[0, 3] += 5e-4
    assert grid.is_at(geometry.Grid((4, 5, 6), moved))
    assert not grid.is_at(geometry.Grid((4, 5, 6), moved), tolerance=1e-4)
    assert not grid.is_at(geometry.Grid((4, 5, 7), grid.affine))


@pytest.mark.parametrize(
    ("affine", "rule"),
    [
        (np.eye(3), "4 x 4"),
        (np.full((4, 4), np.nan), "finite"),
        (np.diag([1, 1, 1, 2.0]), "last row"),
        (np.diag([0, 1, 1, 1.0]), "voxel edges"),
        (np.diag([1e9, 1, 1, 1.0]), "voxel edges"),
        (np.array([[1, 2, 0, 0], [1, 2, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]]), "singular"),
    ],
)
def test_an_affine_no_scan_can_have_is_refused(affine: Affine, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        geometry.check_affine(affine)


@given(affines())
def test_a_sound_affine_passes(affine: Affine) -> None:
    assert np.array_equal(geometry.check_affine(affine), affine)


@pytest.mark.parametrize("code", ["LPX", "LLS", "LP"])
def test_an_unknown_orientation_is_refused(code: str) -> None:
    with pytest.raises(InputError, match="orientation"):
        geometry.turn_to(code, np.eye(4))
