"""Damaged files and archives: a rule that names them, bounded cost, and the other studies are done."""

from __future__ import annotations

import shutil
import struct
import sys
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from gliascope.errors import InputError
from gliascope.read import find_cases, read_case
from gliascope.read.dicom import bounds, open_instance
from gliascope.read.dicom.files import Place, read_dataset
from gliascope.read.dicom.header import read_header
from gliascope.read.dicom.series import TWO_PATIENTS
from gliascope.scan import Case
from tests.dicom_series import T1, write_series

WriteFlair = Callable[..., list[Path]]
Pack = Callable[..., Path]


def only(path: Path) -> Case:
    (files_of,) = find_cases(path)
    return read_case(files_of)


def messages(case: Case) -> list[str]:
    return [one.message for one in case.problems]


def spoil(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def test_every_encoding_gives_the_same_values(flair: WriteFlair, values: NDArray[np.uint16], tmp_path: Path) -> None:
    for number, syntax in enumerate((ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)):

        def change(place: int, data: Any, syntax: Any = syntax) -> None:
            data.file_meta.TransferSyntaxUID = syntax
            if syntax == ExplicitVRBigEndian:
                data.PixelData = values[place].astype(">u2").tobytes()

        paths = []
        for place, path in enumerate(flair(folder=f"plain{number}")):
            data = pydicom.dcmread(path)
            change(place, data)
            implicit, little = syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian
            pydicom.dcmwrite(path, data, implicit_vr=implicit, little_endian=little, force_encoding=True)
            paths.append(path)
        case = only(tmp_path / f"plain{number}")
        assert case.problems == ()
        assert np.array_equal(np.sort(case.scans[0].pixels.ravel()), np.sort(values.ravel()))


def test_files_without_preamble_and_meta_header(flair: WriteFlair, values: NDArray[np.uint16], tmp_path: Path) -> None:
    for number, path in enumerate(flair()):
        content = path.read_bytes()
        start = 132 + 12 + struct.unpack_from("<I", content, 140)[0]
        path.with_name(f"{number}").write_bytes(content[start:])
        path.unlink()
    case = only(tmp_path / "study")
    assert case.problems == ()
    assert case.scans[0].pixels.shape == (6, 8, 10, 1)


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.6, 0.9, 0.999])
def test_truncated_files(share: float, flair: WriteFlair, tmp_path: Path) -> None:
    paths = flair()
    content = paths[2].read_bytes()
    spoil(paths[2], content[: int(len(content) * share)])
    case = only(tmp_path / "study")
    assert case.scans == ()
    assert any(str(paths[2]) == one.path for one in case.problems) or "may be missing" in messages(case)[-1]


def test_truncated_and_bursting_deflated_files(
    flair: WriteFlair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = flair()
    for path in paths:
        data = pydicom.dcmread(path)
        data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
        data.save_as(path, implicit_vr=False, little_endian=True, enforce_file_format=True)
    content = paths[1].read_bytes()
    spoil(paths[1], content[:-40])
    case = only(tmp_path / "study")
    assert "a deflated data set must be whole, received one that ends early" in messages(case)
    machine = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    start = 132 + 12 + struct.unpack_from("<I", content, 140)[0]
    spoil(paths[1], content[:start] + machine.compress(bytes(2**22)) + machine.flush())
    monkeypatch.setattr(bounds, "MAX_HEADER", 2**16)
    tracemalloc.start()
    case = only(tmp_path / "study")
    assert tracemalloc.get_traced_memory()[1] < 2**22
    tracemalloc.stop()
    assert "a header must have at most" in messages(case)[0]


def test_wrong_representations_are_read_as_what_they_hold(flair: WriteFlair, tmp_path: Path) -> None:
    for path in flair():
        content = path.read_bytes()
        for tag in (b"\x20\x00\x32\x00DS", b"\x28\x00\x30\x00DS", b"\x18\x00\x80\x00DS"):
            assert tag in content
            content = content.replace(tag, tag[:4] + b"LO")
        spoil(path, content)
    case = only(tmp_path / "study")
    assert case.problems == ()
    assert len(case) == 6


def test_wrong_representations_that_hold_something_else(flair: WriteFlair, tmp_path: Path) -> None:
    paths = flair()
    spoil(paths[0], paths[0].read_bytes().replace(b"\x20\x00\x32\x00DS", b"\x20\x00\x32\x00FD"))
    (problem,) = only(tmp_path / "study").problems
    assert "every slice must have ImagePositionPatient, received 1 of 6 without" in problem.message


@pytest.mark.parametrize("keyword", ["SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID"])
def test_instances_that_do_not_say_what_they_are(keyword: str, flair: WriteFlair, tmp_path: Path) -> None:
    def change(place: int, data: Any) -> None:
        if place == 5:
            delattr(data, keyword)

    case = only_with_problem(flair(change), tmp_path)
    assert f"a DICOM instance must have a valid {keyword}, received none" in messages(case)


def only_with_problem(paths: list[Path], root: Path) -> Case:
    assert paths
    return only(root / "study")


def test_pixel_data_shorter_than_stated(flair: WriteFlair, tmp_path: Path) -> None:
    def change(place: int, data: Any) -> None:
        if place == 2:
            data.PixelData = data.PixelData[:-20]
        if place == 3:
            del data.PixelData

    case = only_with_problem(flair(change), tmp_path)
    assert messages(case) == [
        "pixel data must have 160 bytes, received 140",
        "an image must have pixel data of whole numbers, received none",
    ]
    assert case.scans == ()


@pytest.mark.parametrize("limit", [1000, 20_000], ids=["usual", "raised by somebody else"])
def test_sequences_nested_a_thousand_deep(flair: WriteFlair, tmp_path: Path, limit: int) -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(limit)
    try:
        _check_nested(flair, tmp_path)
    finally:
        sys.setrecursionlimit(before)


def _check_nested(flair: WriteFlair, tmp_path: Path) -> None:
    nested = b""
    for _ in range(1000):
        item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + nested + b"\xfe\xff\x0d\xe0\x00\x00\x00\x00"
        nested = b"\x08\x00\x15\x11SQ\x00\x00\xff\xff\xff\xff" + item + b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
    paths = flair()
    content = paths[0].read_bytes()
    place = content.index(b"\x08\x00\x60\x00CS")
    spoil(paths[0], content[:place] + nested + content[place:])
    write_series(tmp_path / "study" / "other", np.ones((4, 8, 8), np.uint16), np.diag([1.0, 1, 5, 1]), PatientID="B")
    one, two = (read_case(found) for found in find_cases(tmp_path / "study"))
    assert [m for m in messages(one) if "sequences must be nested no deeper than can be read (64)" in m], messages(one)
    assert len(two) == 4
    assert two.problems == ()


def test_a_header_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.dcm"
    path.write_bytes(bytes(128) + b"DICM" + b"\x09\x00\x01\x00LO\x00\x00" * 5000)
    monkeypatch.setattr(bounds, "MAX_READS", 1000)
    with pytest.raises(InputError, match="a header must have at most"):
        read_header(Place(path))


def test_an_element_that_claims_four_gigabytes(flair: WriteFlair, tmp_path: Path) -> None:
    path = flair()[0]
    content = path.read_bytes()
    place = content.index(b"\x08\x00\x60\x00CS")
    spoil(path, content[:place] + b"\x08\x00\x3e\x10UN\x00\x00\xfe\xff\xff\xff" + content[place:])
    tracemalloc.start()
    case = only(tmp_path / "study")
    assert tracemalloc.get_traced_memory()[1] < 2**26
    tracemalloc.stop()
    assert case.problems


def test_files_that_are_no_dicom(flair: WriteFlair, tmp_path: Path) -> None:
    flair()
    (tmp_path / "study" / "empty.dcm").touch()
    (tmp_path / "study" / "words.ima").write_text("nothing but words " * 40)
    (tmp_path / "study" / "notes").write_text("passed over")
    (tmp_path / "study" / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    study, rest = (read_case(found) for found in find_cases(tmp_path / "study"))
    assert study.problems == ()
    assert len(study) == 6
    assert {Path(one.path).name for one in rest.problems} == {"empty.dcm", "words.ima"}


def test_a_directory_stands_for_its_folder(flair: WriteFlair, tmp_path: Path) -> None:
    flair(folder="disc/DICOM")
    (tmp_path / "disc" / "DICOMDIR").write_bytes(bytes(128) + b"DICM")
    assert len(only(tmp_path / "disc" / "DICOMDIR")) == 6


def test_two_patients_in_one_folder(flair: WriteFlair, tmp_path: Path) -> None:
    flair(folder="study")
    flair(folder="study/../other", PatientID="P-2", PatientName="Other^Drawn")
    for path in (tmp_path / "other").iterdir():
        path.rename(tmp_path / "study" / f"second{path.name}")
    cases = [read_case(found) for found in find_cases(tmp_path / "study")]
    assert [len(case) for case in cases] == [6, 6]
    assert len({case.name for case in cases}) == 2


def test_two_patients_in_one_study(flair: WriteFlair, tmp_path: Path) -> None:
    def change(_: int, data: Any) -> None:
        data.PatientID, data.PatientName = "P-2", "Other^Drawn"

    flair()
    flair(change, folder="study/3", **T1)
    case = only(tmp_path / "study")
    assert messages(case) == [TWO_PATIENTS]
    assert case.scans == ()


def test_copies_are_read_once_and_false_copies_refused(flair: WriteFlair, tmp_path: Path) -> None:
    paths = flair()
    shutil.copytree(tmp_path / "study" / "4", tmp_path / "study" / "copy")
    case = only(tmp_path / "study")
    assert (len(case), case.problems) == (6, ())
    changed = tmp_path / "study" / "copy" / paths[0].name
    content = bytearray(changed.read_bytes())
    content[-1] ^= 1
    spoil(changed, bytes(content))
    assert "SOP Instance UID of its own, received two that differ" in messages(only(tmp_path / "study"))[0]


def test_an_archive_is_read_as_its_files_are(flair: WriteFlair, packed: Pack, tmp_path: Path) -> None:
    paths = flair()
    archive = packed({f"a/b/{one.name}": one.read_bytes() for one in paths} | {"a/readme.txt": b"words"})
    before = set(tmp_path.rglob("*"))
    zipped, plain = only(archive), only(tmp_path / "study")
    assert zipped.name == plain.name
    assert np.array_equal(zipped.scans[0].pixels, plain.scans[0].pixels)
    assert set(tmp_path.rglob("*")) == before
    volume = zipped.scans[0].volume
    assert volume is not None
    assert volume.dicom is not None
    assert volume.dicom.images[0].member == "a/b/0001.dcm"
    opened = open_instance(volume.dicom.images[5], pixels=True)
    assert opened.InstanceNumber == 6
    assert len(opened.PixelData) == 160


def test_members_that_lead_elsewhere(flair: WriteFlair, packed: Pack) -> None:
    paths = flair()
    names = ["../up.dcm", "/root.dcm", "a/../../b.dcm", "..\\win.dcm", "C:\\x.dcm"]
    content = paths[0].read_bytes()
    archive = packed({one.name: one.read_bytes() for one in paths} | dict.fromkeys(names, content))
    study, rest = (read_case(found) for found in find_cases(archive))
    assert len(study) == 6
    rule = "a member of an archive must stay below it, received a path that leads elsewhere"
    assert messages(rest) == [rule] * len(names)


def test_members_that_burst(flair: WriteFlair, packed: Pack) -> None:
    paths = flair()
    bomb = bytes(128) + b"DICM" + bytes(40_000_000)
    archive = packed({one.name: one.read_bytes() for one in paths} | {"bomb.dcm": bomb}, zipfile.ZIP_LZMA)
    tracemalloc.start()
    study, rest = (read_case(found) for found in find_cases(archive))
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()
    assert len(study) == 6
    assert "must be packed at most 1100 times smaller" in messages(rest)[0]


def test_headers_are_read_without_unpacking_the_pixels(
    flair: WriteFlair, packed: Pack, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = flair()[0].read_bytes()
    archive = packed({"1.dcm": content + bytes(30_000_000)}, zipfile.ZIP_STORED)
    tracemalloc.start()
    (found,) = find_cases(archive)
    assert tracemalloc.get_traced_memory()[1] < 2**23
    tracemalloc.stop()
    assert found.study is not None


def test_members_packed_by_bzip2(flair: WriteFlair, packed: Pack) -> None:
    archive = packed({"1.dcm": flair()[0].read_bytes()}, zipfile.ZIP_BZIP2)
    assert messages(only(archive)) == [
        "a member of an archive must be stored, deflated or packed by LZMA, received bzip2"
    ]


def test_members_that_lie_about_their_size(flair: WriteFlair, packed: Pack) -> None:
    paths = flair()
    archive = packed({one.name: one.read_bytes() for one in paths})
    content = bytearray(archive.read_bytes())
    place = content.rindex(b"PK\x01\x02")
    content[place + 24 : place + 28] = struct.pack("<I", 2**31)
    archive.write_bytes(bytes(content))
    cases = [read_case(found) for found in find_cases(archive)]
    assert any("must have at most" in message for case in cases for message in messages(case))


@pytest.mark.parametrize("content", [b"", b"PK\x05\x06", b"PK\x03\x04 not an archive", bytes(1000)])
def test_archives_that_are_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.zip"
    path.write_bytes(content)
    (problem,) = only(path).problems
    assert "a zip archive must be readable and undamaged" in problem.message


def test_an_archive_without_dicom_and_an_encrypted_one(flair: WriteFlair, packed: Pack, tmp_path: Path) -> None:
    assert "must hold DICOM files, received none" in messages(only(packed({"a.txt": b"words"})))[0]
    path = packed({"1.dcm": flair()[0].read_bytes()}, zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    path.write_bytes(bytes(content))
    assert "received one that is encrypted" in messages(only(path))[0]


def test_a_file_that_is_gone_or_too_large(flair: WriteFlair, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    paths = flair()
    (found,) = find_cases(tmp_path / "study")
    paths[3].unlink()
    assert "No such file" in messages(read_case(found))[0]
    monkeypatch.setattr(bounds, "MAX_FILE", 1000)
    with pytest.raises(InputError, match="at most 1000 bytes"):
        read_dataset(Place(paths[0]))


def test_warnings_and_logs_of_pydicom_stay_inside(
    flair: WriteFlair, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    paths = flair()
    for path in paths:
        spoil(path, path.read_bytes().replace(b"19700131", b"notadate").replace(b"Phantom^Drawn ", b"Phantom^=^=^=^"))
    case = only(tmp_path / "study")
    assert len(case) == 6
    assert not list(recwarn)
