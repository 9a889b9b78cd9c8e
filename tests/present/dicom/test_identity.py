"""Whose object it is: carried over untouched, or told to nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from gliascope.geometry import Grid
from gliascope.present.dicom.files import write_object
from gliascope.present.dicom.identity import BLANK, carried_from, moment_of
from gliascope.present.dicom.seg import make_seg
from gliascope.present.dicom.source import origin_of
from gliascope.present.dicom.sr import make_sr
from gliascope.present.dicom.uids import Uids
from tests.dicom_series import finding_of, instance, source_of, write_series
from tests.dicom_tools import complaints

SHAPE = (8, 7, 6)
GRID = Grid(SHAPE, np.diag([0.5, 0.75, 3.0, 1.0]))
MASK = np.zeros(SHAPE, dtype=np.bool_)
MASK[2:6, 1:4, 2:4] = True

NAMES = {
    "Japanese": (["", "ISO 2022 IR 87"], "Yamada^Tarou=山田^太郎=やまだ^たろう"),
    "Japanese, half width": (["ISO 2022 IR 13", "ISO 2022 IR 87"], "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"),
    "Cyrillic": ("ISO_IR 144", "Ямада^Иван"),
    "Greek": ("ISO_IR 126", "Διονυσιος^Ελενη"),
    "Latin": ("ISO_IR 100", "Äneas^Rüdiger"),
    "Unicode": ("ISO_IR 192", "Wang^XiaoDong=王^小东"),
}
LOUD = "LOUDLY^SHOUTED"
TOLD: dict[str, Any] = {
    "PatientName": LOUD,
    "PatientID": "LOUDID77",
    "PatientBirthDate": "19510711",
    "PatientComments": "LOUD comment",
    "AccessionNumber": "LOUDACC",
    "StudyID": "LOUDSTUDY",
    "StudyDescription": "LOUD brain",
    "SeriesDescription": "LOUD flair",
    "ReferringPhysicianName": "LOUDDOCTOR^A",
    "InstitutionName": "LOUD hospital",
    "StudyDate": "20010911",
    "SeriesDate": "20010912",
    "AcquisitionDate": "20010913",
    "ContentDate": "20010914",
    "DeviceSerialNumber": "LOUD123",
}


def written(folder: Path, *, anonymise: bool = False, **tags: Any) -> list[Path]:
    paths = write_series(folder / "series", np.zeros(SHAPE[::-1], np.uint16), GRID.affine, **tags)
    origin = origin_of(*source_of(paths), GRID, anonymise=anonymise)
    finding, uids = finding_of(MASK), Uids("key")
    seg = make_seg(finding, GRID, origin, uids)
    assert seg is not None
    write_object(seg, folder / "seg.dcm")
    write_object(make_sr(finding, origin, uids, seg), folder / "sr.dcm")
    return [folder / "seg.dcm", folder / "sr.dcm"]


@pytest.mark.parametrize("language", NAMES)
def test_names_survive_in_every_character_set(tmp_path: Path, language: str) -> None:
    character_set, name = NAMES[language]
    for path in written(tmp_path, SpecificCharacterSet=character_set, PatientName=name):
        read = pydicom.dcmread(path)
        assert read.PatientName == name
        source = pydicom.dcmread(tmp_path / "series" / "0001.dcm")
        assert read.SpecificCharacterSet == source.SpecificCharacterSet
        assert complaints(path) == []
        again, before = pydicom.dcmread(path), pydicom.dcmread(tmp_path / "series" / "0001.dcm")
        assert again.get_item(Tag("PatientName")).value == before.get_item(Tag("PatientName")).value


def test_patient_and_study_are_carried_over(tmp_path: Path) -> None:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "24590-2", "LN", "MR Brain"
    tags = {**TOLD, "PatientAge": "050Y", "PatientWeight": 71.5, "ProcedureCodeSequence": [code]}
    carried = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "PatientWeight", "StudyID")
    study = ("StudyInstanceUID", "StudyDate", "StudyTime", "StudyDescription", "AccessionNumber")
    paths = written(tmp_path, **tags)
    source = pydicom.dcmread(tmp_path / "series" / "0001.dcm")
    for path in paths:
        read = pydicom.dcmread(path)
        for keyword in (*carried, *study, "ReferringPhysicianName", "PatientComments", "ProcedureCodeSequence"):
            assert read[keyword] == source[keyword], keyword
        assert read.Manufacturer == "gliascope"
        assert "InstitutionName" not in read
        assert read.ContentDate == source.SeriesDate


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_they_are_carried_over_from_every_encoding(tmp_path: Path, syntax: UID) -> None:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "24590-2", "LN", "MR Brain"
    paths = []
    for place in range(SHAPE[2]):
        made = instance(np.zeros(SHAPE[::-1], np.uint16), GRID.affine, place, **TOLD, ProcedureCodeSequence=[code])
        made.file_meta.TransferSyntaxUID = syntax
        encoding = {"implicit_vr": syntax.is_implicit_VR, "little_endian": syntax.is_little_endian}
        pydicom.dcmwrite(tmp_path / str(place), made, **encoding)
        paths.append(tmp_path / str(place))
    seg = make_seg(finding_of(MASK), GRID, origin_of(*source_of(paths), GRID), Uids("key"))
    assert seg is not None
    write_object(seg, tmp_path / "seg.dcm")
    again = pydicom.dcmread(tmp_path / "seg.dcm")
    assert again.PatientName == LOUD
    assert again.ProcedureCodeSequence[0].CodeMeaning == "MR Brain"
    assert complaints(tmp_path / "seg.dcm") == []


def test_values_that_break_their_rules_are_neither_repaired_nor_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    # Written raw: pydicom would refuse the birth date, highdicom would warn of the name and quote it.
    paths = write_series(tmp_path / "series", np.zeros(SHAPE[::-1], np.uint16), GRID.affine, PatientName="LOUD")
    for path in paths:
        content = path.read_bytes().replace(b"19700131", b"1970.1.3")
        path.write_bytes(content)
    origin = origin_of(*source_of(paths), GRID)
    seg = make_seg(finding_of(MASK), GRID, origin, Uids("key"))
    assert seg is not None
    with caplog.at_level("DEBUG"):
        write_object(seg, tmp_path / "seg.dcm")
    assert b"1970.1.3" in (tmp_path / "seg.dcm").read_bytes()
    captured = capsys.readouterr()
    assert "LOUD" not in captured.out + captured.err + caplog.text
    assert "1970" not in captured.out + captured.err + caplog.text


def test_what_is_missing_is_left_empty() -> None:
    carried = carried_from(Dataset())
    assert sorted(one.keyword for one in carried) == sorted(BLANK)
    assert all(one.is_empty for one in carried)


@pytest.mark.parametrize(
    ("tags", "moment"),
    [
        ({"SeriesDate": "20200102", "SeriesTime": "030405.5"}, ("20200102", "030405.5")),
        ({"SeriesDate": "2020", "AcquisitionDate": "20200103"}, ("20200103", "000000")),
        ({"SeriesDate": "20209999", "StudyDate": "20200104", "StudyTime": "99"}, ("20200104", "000000")),
        ({}, ("19000101", "000000")),
    ],
)
def test_an_object_is_as_old_as_its_source(tags: dict[str, str], moment: tuple[str, str]) -> None:
    made = Dataset()
    for keyword, value in tags.items():
        made.add(pydicom.DataElement(keyword, "LO", value))
    assert moment_of(made) == moment


def leaves(read: Dataset) -> list[pydicom.DataElement]:
    """Every element, those within sequences too."""
    found: list[pydicom.DataElement] = []
    read.walk(lambda _, element: found.append(element))
    return found


def test_anonymised_objects_tell_nothing(tmp_path: Path) -> None:
    for path in written(tmp_path, anonymise=True, **TOLD):
        content = path.read_bytes()
        for word in (b"LOUD", b"1951", b"2001", b"Phantom"):
            assert word not in content, (path.name, word)
        read = pydicom.dcmread(path)
        assert read.PatientIdentityRemoved == "YES"
        assert read.DeidentificationMethodCodeSequence[0].CodeValue == "113100"
        assert str(read.PatientID).startswith("ANON-")


def test_anonymised_identifiers_are_others_and_agree(tmp_path: Path) -> None:
    (seg, sr) = (pydicom.dcmread(one) for one in written(tmp_path, anonymise=True))
    source = pydicom.dcmread(tmp_path / "series" / "0001.dcm")
    real = {str(one.value) for one in leaves(source) if one.VR == "UI"} - {str(source.SOPClassUID)}
    assert real
    for read in (seg, sr):
        assert not real & {str(one.value) for one in leaves(read) if one.VR == "UI"}
    assert seg.StudyInstanceUID == sr.StudyInstanceUID
    named = {one.ReferencedSOPInstanceUID for one in seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence}
    evidence = sr.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert named <= {one.ReferencedSOPInstanceUID for series in evidence for one in series.ReferencedSOPSequence}
    again = pydicom.dcmread(written(tmp_path / "again", anonymise=True)[0])
    assert again.StudyInstanceUID == seg.StudyInstanceUID


def test_anonymised_objects_hold_to_the_profile(tmp_path: Path) -> None:
    """Table E.1-1 of PS3.15 as another project keeps it, against every element that is written."""
    profile = pytest.importorskip("dicomanonymizer.simpledicomanonymizer", reason="pip install dicom-anonymizer")
    actions = profile.initialize_actions("dicomfields_2026c")
    removed = {Tag(one[0], one[1]) for one, what in actions.items() if len(one) == 2 and what is profile.delete}
    assert Tag("PatientComments") in removed
    for path in written(tmp_path, anonymise=True, **TOLD):
        for element in leaves(pydicom.dcmread(path)):
            assert element.tag not in removed, (path.name, element.keyword)
            assert not element.tag.is_private
