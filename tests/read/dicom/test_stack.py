"""Planes become a volume at the right place, or are refused by a rule."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from gliascope.geometry import shear, to_world
from gliascope.read import find_cases, read_case
from gliascope.read.dicom.decode import decode_series
from gliascope.read.dicom.files import Place
from gliascope.read.dicom.header import Instance, _instance
from gliascope.read.dicom.series import Series
from gliascope.read.dicom.stack import Stack, stack_planes
from gliascope.read.volume.axial import to_stored
from gliascope.scan import Problem
from tests.dicom_series import instance

WriteFlair = Callable[..., list[Path]]
SeriesOf = Callable[[list[Path]], Series]

ORIENTATIONS = [(axes, signs) for axes in permutations(range(3)) for signs in product((1.0, -1.0), repeat=3)]


def drawn(affine: NDArray[np.float64], values: NDArray[np.uint16]) -> tuple[Stack, list[Instance]]:
    """Stack slices that were never written, out of order."""
    made = [_instance(Place(Path(f"{place}.dcm")), instance(values, affine, place)) for place in range(len(values))]
    random.Random(1).shuffle(made)
    return stack_planes([(one, one.planes[0]) for one in made]), made


def check_places(stack: Stack, affine: NDArray[np.float64], values: NDArray[np.uint16]) -> None:
    """Every slice's corners lie where the affine that they were written with says."""
    slices, rows, columns = values.shape
    for number, (one, _) in enumerate(stack.members):
        place = int(one.place.path.stem)
        for column, row in product((0, columns - 1), (0, rows - 1)):
            written = to_world(affine, [column, row, place])
            assert np.abs(to_world(stack.grid.affine, [column, row, number]) - written).max() < 1e-3
    assert stack.grid.shape == (columns, rows, slices)
    assert np.linalg.det(stack.grid.affine[:3, :3]) > 0


@pytest.mark.parametrize(("axes", "signs"), ORIENTATIONS)
def test_every_orientation(axes: tuple[int, ...], signs: tuple[float, ...], values: NDArray[np.uint16]) -> None:
    affine = np.eye(4)
    affine[:3, :3] = 0
    for column, (axis, sign, edge) in enumerate(zip(axes, signs, (0.9, 1.1, 5.5), strict=True)):
        affine[axis, column] = sign * edge
    affine[:3, 3] = (-90.25, 30.5, -41.125)
    stack, _ = drawn(affine, values)
    check_places(stack, affine, values)


@settings(max_examples=25)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    edges=st.tuples(*[st.floats(0.3, 7)] * 3),
    origin=st.tuples(*[st.floats(-500, 500)] * 3),
)
def test_any_affine(angles: Any, edges: Any, origin: Any) -> None:
    values = np.zeros((5, 4, 3), np.uint16)
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() * edges
    affine[:3, 3] = origin
    stack, _ = drawn(affine, values)
    check_places(stack, affine, values)


def test_marked_corners_come_back_as_a_scan(flair: WriteFlair, values: NDArray[np.uint16], tmp_path: Path) -> None:
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", (5, 90, -8), degrees=True).as_matrix() * (2.0, 2.0, 2.0)
    affine[:3, 3] = (40, -60, 25)
    paths = flair(affine=affine, pixels=values)
    for number, path in enumerate(random.Random(2).sample(paths, len(paths))):
        path.rename(path.with_name(f"x{number}"))
    (files,) = find_cases(tmp_path / "study")
    case = read_case(files)
    (scan,) = case.scans
    assert scan.volume is not None
    assert not scan.volume.is_resampled
    for place, row, column in product((0, -1), (0, -1), (0, -1)):
        value = int(values[place, row, column])
        ((found, down, across),) = np.argwhere(scan.pixels[..., 0] == value)
        index = [column % 10, row % 8, place % 6]
        assert np.abs(to_world(scan.affine, [across, down, found]) - to_world(affine, index)).max() < 1e-3
        marked = to_stored(scan.pixels[..., 0] == value, scan)
        ((i, j, k),) = np.argwhere(marked)
        assert np.abs(to_world(scan.volume.grid.affine, [i, j, k]) - to_world(affine, index)).max() < 1e-3
        assert scan.volume.dicom is not None
        assert scan.volume.dicom.images[k].path.is_file()


def test_values_are_scaled_and_turned_round(flair: WriteFlair, values: NDArray[np.uint16], series_of: SeriesOf) -> None:
    def change(place: int, data: Any) -> None:
        data.RescaleSlope, data.RescaleIntercept = 2, place

    problems: list[Problem] = []
    stored = decode_series(series_of(flair(change)), "flair", problems)
    assert stored is not None
    expected = values * 2.0 + np.arange(6)[:, np.newaxis, np.newaxis]
    assert np.array_equal(stored.values.transpose(2, 1, 0), expected.astype(np.float32))
    assert not problems


def test_white_is_zero(flair: WriteFlair, values: NDArray[np.uint16], series_of: SeriesOf) -> None:
    def change(_: int, data: Any) -> None:
        data.PhotometricInterpretation = "MONOCHROME1"

    stored = decode_series(series_of(flair(change)), "flair", [])
    assert stored is not None
    assert np.array_equal(stored.values.transpose(2, 1, 0), 481.0 - values)


def test_signed_values_and_padding(flair: WriteFlair, values: NDArray[np.uint16], series_of: SeriesOf) -> None:
    def change(place: int, data: Any) -> None:
        signed = values[place].astype(np.int16) - 100
        signed[0, 0] = -2000
        data.PixelRepresentation, data.PixelData = 1, signed.astype("<i2").tobytes()
        data.add_new(0x00280120, "SS", -2000)

    stored = decode_series(series_of(flair(change)), "flair", [])
    assert stored is not None
    back = stored.values.transpose(2, 1, 0)
    assert back.min() == min(int(one.ravel()[1:].min()) for one in values) - 100
    assert np.array_equal(back[:, 1:], values[:, 1:].astype(np.float32) - 100)


@pytest.mark.parametrize("padding", [65535, 0])
def test_padding_of_a_negative_is_dark(
    flair: WriteFlair, values: NDArray[np.uint16], series_of: SeriesOf, padding: int
) -> None:
    def change(place: int, data: Any) -> None:
        pixels = values[place].copy()
        pixels[:3] = padding
        data.PhotometricInterpretation, data.PixelData = "MONOCHROME1", pixels.astype("<u2").tobytes()
        data.add_new(0x00280120, "US", padding)

    stored = decode_series(series_of(flair(change)), "flair", [])
    assert stored is not None
    back, others = stored.values.transpose(2, 1, 0), values[:, 3:]
    assert np.array_equal(back[:, 3:], float(others.max()) + float(others.min()) - others)
    assert all((back[place, :3] == back[place, 3:].min()).all() for place in range(6))


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_a_slice_of_padding_is_dark(
    flair: WriteFlair, values: NDArray[np.uint16], series_of: SeriesOf, photometric: str
) -> None:
    def change(place: int, data: Any) -> None:
        data.PhotometricInterpretation = photometric
        data.add_new(0x00280120, "US", 60000)
        if place == 5:
            data.PixelData = np.full((8, 10), 60000, "<u2").tobytes()

    stored = decode_series(series_of(flair(change)), "flair", [])
    assert stored is not None
    back = stored.values.transpose(2, 1, 0)
    assert (back[5] == back[:5].min()).all()
    assert back.max() == values[:5].max()


def test_a_tilted_gantry_is_a_sheared_volume(values: NDArray[np.uint16]) -> None:
    affine = np.diag([1.0, 1.0, 5.0, 1.0])
    affine[1, 2] = 5 * np.tan(np.radians(14))
    stack, _ = drawn(affine, values)
    assert shear(stack.grid.affine) == pytest.approx(14, abs=0.01)
    assert "sheared by 14.0 degrees" in stack.notes[0]
    check_places(stack, affine, values)


def flawed(flair: WriteFlair, series_of: SeriesOf, change: Any, **more: Any) -> str:
    series = series_of(flair(change, **more))
    assert series.stack is None
    assert series.recognition.sequence == "flair"
    return series.flaw


def test_a_missing_slice(flair: WriteFlair, series_of: SeriesOf) -> None:
    rule = flawed(flair, series_of, lambda place, _: place != 2)
    assert "no slice of a series may be missing" in rule
    assert "received gaps of 5 mm and, behind 5 mm along the normal, of 10 mm: 1 seems to be missing" in rule


def test_a_repeated_slice(flair: WriteFlair, series_of: SeriesOf) -> None:
    def change(place: int, data: Any) -> None:
        if place == 3:
            data.ImagePositionPatient = [0, 0, 10]

    assert "a place of its own, received 1 repeated at 10 mm" in flawed(flair, series_of, change)


def test_several_volumes_in_one_series(flair: WriteFlair, series_of: SeriesOf) -> None:
    def change(place: int, data: Any) -> None:
        data.ImagePositionPatient = [0, 0, place // 2 * 5]
        data.EchoTime = 20 + 70 * (place % 2)
        data.AcquisitionNumber = 1 + place % 2

    rule = flawed(flair, series_of, change)
    assert "a series must hold one volume, received 6 slices at 3 places: 2 volumes in one series" in rule
    assert "they differ in echo time, AcquisitionNumber" in rule


def test_two_echoes_at_different_places(flair: WriteFlair, series_of: SeriesOf) -> None:
    def change(place: int, data: Any) -> None:
        data.EchoTime = 90 + 30 * (place % 2)

    assert "must have one echo time, received 90 to 120 ms" in flawed(flair, series_of, change)


def test_uneven_spacing(flair: WriteFlair, series_of: SeriesOf) -> None:
    def change(place: int, data: Any) -> None:
        data.ImagePositionPatient = [0, 0, place * 5 + 0.1 * place**2]

    assert "slices must lie evenly, received gaps of 5.1 to 5.9 mm" in flawed(flair, series_of, change)


def test_a_shifted_slice(flair: WriteFlair, series_of: SeriesOf) -> None:
    def change(place: int, data: Any) -> None:
        data.ImagePositionPatient = [3 * (place == 2), 0, place * 5]

    assert "slices must lie on one line, received some 3 mm beside it" in flawed(flair, series_of, change)


def test_rounded_places_are_taken(flair: WriteFlair, series_of: SeriesOf) -> None:
    def change(place: int, data: Any) -> None:
        data.ImagePositionPatient = [0, 0, round(place * 5.0333, 1)]

    series = series_of(flair(change))
    assert series.stack is not None
    assert not series.flaw


def test_mixed_orientations(flair: WriteFlair, series_of: SeriesOf) -> None:
    def change(place: int, data: Any) -> None:
        if place > 2:
            data.ImageOrientationPatient = [0, 1, 0, 0, 0, -1]

    assert "must be parallel, received 2 orientations: a localiser" in flawed(flair, series_of, change)


@pytest.mark.parametrize(
    ("keyword", "value", "rule"),
    [
        ("ImageOrientationPatient", [1, 0, 0, 0.5, 0.5, 0], "two unit vectors at a right angle"),
        ("ImageOrientationPatient", None, "must have ImageOrientationPatient, received 6 of 6 without"),
        ("ImagePositionPatient", None, "must have ImagePositionPatient, received 6 of 6 without"),
        ("PixelSpacing", None, "must have PixelSpacing, received 6 of 6 without"),
        ("PixelSpacing", [0, 0], "one PixelSpacing above 0"),
        ("PixelSpacing", [400, 400], "at most 1000 mm long"),
        ("Rows", 0, "Rows and Columns of at least 1"),
        ("RescaleSlope", "RUINED", "RescaleSlope and RescaleIntercept must be numbers"),
    ],
)
def test_every_slice_breaks_a_rule(keyword: str, value: Any, rule: str, flair: WriteFlair, series_of: SeriesOf) -> None:
    def change(_: int, data: Any) -> None:
        if value is None:
            delattr(data, keyword)
        elif value == "RUINED":
            data.add_new(0x00281053, "LO", "two")
        else:
            setattr(data, keyword, value)

    assert rule in flawed(flair, series_of, change)


@pytest.mark.parametrize(
    ("keyword", "value", "rule"),
    [
        ("Rows", 4, "must have one size, received 4 x 10, 8 x 10"),
        ("PixelSpacing", [1.5, 1.6], "one PixelSpacing"),
        ("FrameOfReferenceUID", "1.2.3", "one frame of reference, received 2"),
        ("PhotometricInterpretation", "MONOCHROME1", "one photometric interpretation, received 2"),
        ("ImagePositionPatient", ["0", "0", "nan"], "received 1 of 6 without"),
    ],
)
def test_one_slice_differs(keyword: str, value: Any, rule: str, flair: WriteFlair, series_of: SeriesOf) -> None:
    def change(place: int, data: Any) -> None:
        if place == 4:
            if keyword == "ImagePositionPatient":
                del data.ImagePositionPatient
            else:
                setattr(data, keyword, value)

    assert rule in flawed(flair, series_of, change)


def test_two_slices_are_no_volume(flair: WriteFlair, series_of: SeriesOf) -> None:
    assert "at least 3 slices to be a volume, received 2" in flawed(flair, series_of, lambda place, _: place < 2)


def test_every_second_slice_missing_is_told(flair: WriteFlair, series_of: SeriesOf) -> None:
    series = series_of(flair(lambda place, _: place % 2 == 0))
    assert series.stack is not None
    assert "the slices lie 10 mm apart and the header says 5 mm" in series.stack.notes[0]


def test_images_missing_at_the_end_are_told(flair: WriteFlair, series_of: SeriesOf) -> None:
    series = series_of(flair(lambda place, _: place < 4, ImagesInAcquisition=6))
    assert series.stack is not None
    assert series.stack.notes == ("the header says 6 images in the acquisition, 4 are here",)


def test_the_most_images_that_any_header_says_are_told(flair: WriteFlair, series_of: SeriesOf) -> None:
    def change(place: int, data: Any) -> None:
        data.ImagesInAcquisition = (6, 60, 600)[place % 3]

    series = series_of(flair(change))
    assert series.stack is not None
    assert series.stack.notes == ("the header says 600 images in the acquisition, 6 are here",)
