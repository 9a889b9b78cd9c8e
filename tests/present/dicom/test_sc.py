"""Pictures of outlined slices as secondary captures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.uid import SecondaryCaptureImageStorage

from gliascope.findings import Finding
from gliascope.geometry import Grid
from gliascope.present.canvas import INK, PREDICTION
from gliascope.present.dicom.files import write_object
from gliascope.present.dicom.sc import FOOT, MARGIN, SIDE, SIZE, make_captures
from gliascope.present.dicom.source import Origin, origin_of
from gliascope.present.dicom.uids import Uids
from tests.dicom_series import drawn_source, finding_of
from tests.dicom_tools import complaints

SHAPE = (32, 24, 5)
GRID = Grid(SHAPE, np.diag([1.0, 1.0, 4.0, 1.0]))
MASK = np.zeros(SHAPE, dtype=np.bool_)
MASK[8:16, 6:12, 1:3] = True
PIXELS = np.full((5, 24, 32, 1), 100, dtype=np.float32)


@pytest.fixture(scope="module")
def origin() -> Origin:
    return origin_of(*drawn_source(SHAPE, GRID.affine), GRID)


def picture_of(finding: Finding, origin: Origin, folder: Path) -> NDArray[np.uint8]:
    made = make_captures(finding, PIXELS, ("flair",), origin, Uids("key"))
    assert [int(one.InstanceNumber) for one in made] == [1, 2]
    write_object(made[0], folder / "sc.dcm")
    pixels: NDArray[np.uint8] = pydicom.dcmread(folder / "sc.dcm").pixel_array
    return pixels


def test_the_outline_is_drawn_where_the_mask_is(origin: Origin, tmp_path: Path) -> None:
    picture = picture_of(finding_of(MASK), origin, tmp_path)
    assert picture.shape == (SIDE + FOOT, SIDE, 3)
    rows, columns = np.nonzero((np.abs(picture.astype(int) - PREDICTION) < 40).all(axis=2))
    scale = SIDE / SHAPE[0]
    assert columns.min() / scale == pytest.approx(8, abs=0.3)
    assert columns.max() / scale == pytest.approx(16, abs=0.3)
    top = (SIDE - SHAPE[1] * scale) / 2
    assert (rows.min() - top) / scale == pytest.approx(6, abs=0.3)
    assert (rows.max() - top) / scale == pytest.approx(12, abs=0.3)


def test_right_and_left_are_told(origin: Origin, tmp_path: Path) -> None:
    picture = picture_of(finding_of(MASK), origin, tmp_path)
    middle = picture[SIDE // 2 - SIZE : SIDE // 2 + SIZE].astype(int)
    ink = np.abs(middle - INK).max(axis=2) < 40
    edge = MARGIN + SIZE
    right, left = ink[:, :edge].sum(), ink[:, SIDE - edge :].sum()
    assert right > left > 0  # R has more strokes than L
    assert not ink[:, edge : SIDE - edge].any()


def test_it_is_a_valid_capture_of_the_series(origin: Origin, tmp_path: Path) -> None:
    picture_of(finding_of(MASK), origin, tmp_path)
    read = pydicom.dcmread(tmp_path / "sc.dcm")
    assert read.SOPClassUID == SecondaryCaptureImageStorage
    assert read.ConversionType == "WSD"
    assert read.PatientOrientation == ["L", "P"]
    assert "Research use only" in read.ImageComments
    assert [one.ReferencedSOPInstanceUID for one in read.SourceImageSequence] == list(origin.references)
    assert complaints(tmp_path / "sc.dcm") == []


def test_nothing_is_drawn_where_nothing_is_outlined(origin: Origin) -> None:
    assert make_captures(finding_of(MASK, "no tumour"), PIXELS, ("flair",), origin, Uids("key")) == []
