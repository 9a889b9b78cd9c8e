"""Mutated files raise nothing but our errors. GLIASCOPE_FUZZ=2000 makes so many examples of each; 40 by default."""

from __future__ import annotations

import os
import struct
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

EXAMPLES = int(os.environ.get("GLIASCOPE_FUZZ", "40"))
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


Element = tuple[int, int, str, int, int]
"""Where an element begins, its length field lies and how it is packed, where its value begins, and how long it is."""

WORDS = (b"", b"\\", b"nan", b"1e400", b"-1", b"0", b"9" * 20, b"1\\2\\3", b"\xff\xff", bytes(8), b"a^b=c", b"\x1b$B")
KINDS = "AE AS AT CS DA DS DT FL FD IS LO LT OB OD OF OL OW PN SH SL SQ SS ST TM UC UI UL UN UR US UT SV OV ZZ"


def _elements(content: bytes) -> list[Element]:
    """Elements of a plain file in explicit little endian, file meta information included."""
    place, found = 132, []
    while place < len(content):
        is_long = content[place + 4 : place + 6] in {b"OB", b"OW", b"SQ", b"UN", b"UT"}
        offset, form = (8, "<I") if is_long else (6, "<H")
        length = struct.unpack_from(form, content, place + offset)[0]
        value = place + offset + struct.calcsize(form)
        found.append((place, offset, form, value, length))
        place = value + length
    return found


def _replaced(content: bytes, element: Element, how: str, choice: int) -> bytes:
    place, offset, form, value, length = element
    head, rest = content[: place + offset], content[value:]
    if how == "kind":
        kinds = KINDS.split()
        return content[: place + 4] + kinds[choice % len(kinds)].encode() + content[place + 6 :]
    if how == "length":
        return head + struct.pack(form, choice % (1 << 8 * struct.calcsize(form))) + rest
    if how == "gone":
        return content[:place] + rest[length:]
    word = WORDS[choice % len(WORDS)]
    word += b" " * (len(word) % 2)
    return head + struct.pack(form, len(word)) + word + rest[length:]


def test_mutated_elements_end_in_named_errors(good: Callable[[str], tuple[Path, Path]]) -> None:
    folder, path = good("explicit")
    whole = path.read_bytes()
    elements = _elements(whole)

    @settings(max_examples=2 * EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
    @given(st.sampled_from(elements), st.sampled_from(["kind", "length", "gone", "value"]), st.integers(0, 2**32))
    def mutate(element: Element, how: str, choice: int) -> None:
        path.write_bytes(_replaced(whole, element, how, choice))
        _check(folder)

    mutate()


def _check(path: Path) -> None:
    for files in find_cases(path):
        case = read_case(files)
        assert case.scans or case.problems
        for scan in case.scans:
            assert np.isfinite(scan.pixels).all()
            assert np.isfinite(scan.affine).all()


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
        _check(path if form == "archive" else folder)

    mutate()
