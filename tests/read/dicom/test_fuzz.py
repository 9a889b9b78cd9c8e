"""Mutated files raise nothing but our errors. GLIASCOPE_FUZZ=2000 makes so many examples of each; 60 by default."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import imagecodecs
import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGLosslessSV1

from gliascope.read import find_cases, read_case
from tests.dicom_series import drawn_enhanced, write_series

EXAMPLES = int(os.environ.get("GLIASCOPE_FUZZ", "60"))
FORMS = ["explicit", "implicit", "deflated", "compressed", "enhanced", "archive"]

Mutations = list[tuple[float, int, bytes]]
"""Where in the file (as a share), how many bytes are taken away, and what is put there."""

mutations = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 40), st.binary(max_size=12)), min_size=1, max_size=6
)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Path]]:
    """Folder of a small sound series in one form, and the file of it that is to be mutated."""

    def make(form: str) -> tuple[Path, Path]:
        folder = tmp_path_factory.mktemp(form)
        pixels = np.random.default_rng(0).integers(0, 900, (4, 8, 8)).astype(np.uint16)
        affine = np.diag([1.0, 1.0, 5.0, 1.0])
        if form == "enhanced":
            _, read = drawn_enhanced((8, 8, 4), affine)
            (data,) = read.values()
            data.PixelData = pixels.tobytes()
            pydicom.dcmwrite(folder / "all.dcm", data, implicit_vr=False, little_endian=True, enforce_file_format=False)
            return folder, folder / "all.dcm"
        paths = write_series(folder, pixels, affine)
        for path in paths:
            data = pydicom.dcmread(path)
            if form == "implicit":
                data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
                data.save_as(path, implicit_vr=True, little_endian=True)
            elif form == "deflated":
                data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
                data.save_as(path)
            elif form == "compressed":
                stream = imagecodecs.jpeg8_encode(data.pixel_array, lossless=True, bitspersample=16)
                data.file_meta.TransferSyntaxUID = JPEGLosslessSV1
                data.PixelData = encapsulate([bytes(stream)])
                data["PixelData"].VR = "OB"
                data.save_as(path)
        return folder, _packed(folder, paths) if form == "archive" else paths[1]

    return make


def _packed(folder: Path, paths: list[Path]) -> Path:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, path.name)
            path.unlink()
    (folder / "all.zip").write_bytes(stream.getvalue())
    return folder / "all.zip"


@pytest.mark.parametrize("form", FORMS)
def test_mutated_files_end_in_named_errors(form: str, good: Callable[[str], tuple[Path, Path]]) -> None:
    folder, path = good(form)
    whole = path.read_bytes()

    @settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
    @given(changes=mutations)
    def mutate(changes: Mutations) -> None:
        content = whole
        for share, gone, put in changes:
            place = int(share * len(content))
            content = content[:place] + put + content[place + gone :]
        path.write_bytes(content)
        for files in find_cases(path if form == "archive" else folder):
            case = read_case(files)
            assert case.scans or case.problems
            for scan in case.scans:
                assert np.isfinite(scan.pixels).all()
                assert np.isfinite(scan.affine).all()

    mutate()
