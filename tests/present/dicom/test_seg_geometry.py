"""Geometry as a contract: whoever reads a segmentation finds every voxel where its source has it in the world."""

from __future__ import annotations

from itertools import permutations, product
from pathlib import Path

import highdicom
import numpy as np
import pydicom
import pytest
import SimpleITK
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from gliascope.errors import InputError
from gliascope.geometry import Grid, to_world
from gliascope.present.dicom.files import write_object
from gliascope.present.dicom.seg import make_seg
from gliascope.present.dicom.source import origin_of
from gliascope.present.dicom.uids import Uids
from tests.dicom_series import drawn_source, finding_of

Places = NDArray[np.float64]

SHAPE = (7, 6, 5)
"""Columns, rows, slices."""
CLOSE = 1e-3
"""Millimetres."""
TURNS = [
    (np.eye(3)[:, list(axes)] * signs).tolist()
    for axes in permutations(range(3))
    for signs in product((1, -1), repeat=3)
]


def outline() -> NDArray[np.bool_]:
    """A shape that looks different from every side, with an empty slice between its two parts."""
    mask = np.zeros(SHAPE, dtype=np.bool_)
    mask[1:4, 1:3, 1] = mask[1, 1:5, 1] = mask[5, 4, 3] = True
    return mask


def affine_of(directions: NDArray[np.float64], edges: tuple[float, float, float]) -> NDArray[np.float64]:
    affine = np.eye(4)
    affine[:3, :3] = directions * np.asarray(edges)
    affine[:3, 3] = (-71.123456, 33.3, 12.25)
    return affine


def written(folder: Path, affine: NDArray[np.float64]) -> Path:
    grid = Grid(SHAPE, affine)
    made = make_seg(finding_of(outline()), grid, origin_of(*drawn_source(SHAPE, affine), grid), Uids("key"))
    assert made is not None
    write_object(made, folder / "seg.dcm")
    return folder / "seg.dcm"


def places_by_pydicom(path: Path) -> Places:
    read = pydicom.dcmread(path)
    shared = read.SharedFunctionalGroupsSequence[0]
    cosines = np.asarray(shared.PlaneOrientationSequence[0].ImageOrientationPatient, dtype=float)
    down, right = (float(one) for one in shared.PixelMeasuresSequence[0].PixelSpacing)
    found = []
    for frame, group in zip(read.pixel_array, read.PerFrameFunctionalGroupsSequence, strict=True):
        corner = np.asarray(group.PlanePositionSequence[0].ImagePositionPatient, dtype=float)
        rows, columns = np.nonzero(frame)
        found.append(corner + columns[:, None] * right * cosines[:3] + rows[:, None] * down * cosines[3:])
    return np.concatenate(found)


def places_by_highdicom(path: Path) -> Places:
    volume = highdicom.seg.segread(path).get_volume(combine_segments=True)
    return np.asarray(to_world(volume.affine, np.argwhere(volume.array)))


def image_of(path: Path) -> SimpleITK.Image:
    """Convert a segmentation into a volume as an importer does: frames sorted and spaced along their normal."""
    read = pydicom.dcmread(path)
    shared = read.SharedFunctionalGroupsSequence[0]
    cosines = np.asarray(shared.PlaneOrientationSequence[0].ImageOrientationPatient, dtype=float)
    normal = np.cross(cosines[:3], cosines[3:])
    corners = np.array(
        [one.PlanePositionSequence[0].ImagePositionPatient for one in read.PerFrameFunctionalGroupsSequence],
        dtype=float,
    )
    measures = shared.PixelMeasuresSequence[0]
    step = float(measures.SpacingBetweenSlices)
    heights = corners @ normal
    numbers = np.rint((heights - heights.min()) / step).astype(int)
    stack = np.zeros((numbers.max() + 1, read.Rows, read.Columns), dtype=np.uint8)
    stack[numbers] = read.pixel_array
    image = SimpleITK.GetImageFromArray(stack)
    image.SetOrigin([float(one) for one in corners[heights.argmin()]])
    image.SetSpacing([float(measures.PixelSpacing[1]), float(measures.PixelSpacing[0]), step])
    image.SetDirection([float(one) for one in np.column_stack([cosines[:3], cosines[3:], normal]).ravel()])
    return image


def places_by_simpleitk(path: Path) -> Places:
    image = image_of(path)
    inside = np.argwhere(SimpleITK.GetArrayFromImage(image))[:, ::-1]
    return np.array([image.TransformIndexToPhysicalPoint([int(one) for one in index]) for index in inside])


def check(path: Path, affine: NDArray[np.float64]) -> None:
    expected = to_world(affine, np.argwhere(outline()))
    for reader in (places_by_pydicom, places_by_highdicom, places_by_simpleitk):
        found = reader(path)
        assert found.shape == expected.shape, reader.__name__
        apart = np.linalg.norm(found[:, None] - expected[None], axis=2)
        assert apart.min(axis=1).max() < CLOSE, reader.__name__
        assert apart.min(axis=0).max() < CLOSE, reader.__name__


@pytest.mark.parametrize("directions", TURNS, ids=[str(one) for one in range(len(TURNS))])
def test_every_orientation(tmp_path: Path, directions: list[list[float]]) -> None:
    affine = affine_of(np.array(directions), (0.9, 1.1, 4.5))
    check(written(tmp_path, affine), affine)


@given(
    directions=st.sampled_from(TURNS),
    angles=st.tuples(*[st.floats(-45, 45)] * 3),
    edges=st.tuples(st.floats(0.3, 3), st.floats(0.3, 3), st.floats(0.5, 9)),
)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_oblique_and_anisotropic(
    tmp_path: Path,
    directions: list[list[float]],
    angles: tuple[float, float, float],
    edges: tuple[float, float, float],
) -> None:
    turned = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() @ np.array(directions)
    affine = affine_of(turned, edges)
    check(written(tmp_path, affine), affine)


def test_a_sheared_grid_is_refused(tmp_path: Path) -> None:
    affine = affine_of(np.eye(3), (1, 1, 4))
    affine[:3, 2] += (0.0, 0.5, 0.0)
    with pytest.raises(InputError, match=r"right angles within 0\.1 degrees, received 7\.1\d degrees of shear"):
        written(tmp_path, affine)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ((0, 3, 1.0), r"slice 1 of a DICOM series must lie where its grid says.*received 1\.000 mm"),
        ((1, 0, 0.02), r"must have its grid's directions and spacing within 0\.005, received directions 0\.0\d+ apart"),
        ((0, 0, 0.02), r"must have its grid's directions and spacing.* and spacing 0\.0\d+"),
    ],
)
def test_instances_elsewhere_are_refused(change: tuple[int, int, float], message: str) -> None:
    affine = affine_of(np.eye(3), (1, 1, 4))
    source, headers = drawn_source(SHAPE, affine)
    moved = affine.copy()
    moved[change[:2]] += change[2]
    with pytest.raises(InputError, match=message):
        origin_of(source, headers, Grid(SHAPE, moved))


def test_headers_that_round_otherwise_are_one_direction(tmp_path: Path) -> None:
    affine = affine_of(Rotation.from_euler("xyz", (3, 5, 7), degrees=True).as_matrix(), (1, 1, 4))
    source, headers = drawn_source(SHAPE, affine)
    for number, one in enumerate(headers.values()):
        one.ImageOrientationPatient = [f"{float(value):.{4 + number % 2}f}" for value in one.ImageOrientationPatient]
        one.ImagePositionPatient = [f"{float(value):.1f}" for value in one.ImagePositionPatient]
    made = make_seg(
        finding_of(outline()), Grid(SHAPE, affine), origin_of(source, headers, Grid(SHAPE, affine)), Uids("key")
    )
    assert made is not None
    write_object(made, tmp_path / "seg.dcm")
    expected = to_world(affine, np.argwhere(outline()))
    apart = np.linalg.norm(places_by_pydicom(tmp_path / "seg.dcm")[:, None] - expected[None], axis=2)
    assert apart.min(axis=1).max() < 0.2
