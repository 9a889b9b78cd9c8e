"""What tells a patient is hidden however it is written, and nothing else is."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from gliascope.read.dicom.files import Place
from gliascope.read.dicom.header import Instance, read_header
from gliascope.read.dicom.hide import Hide
from gliascope.read.dicom.recognise import recognise
from tests.dicom_series import instance


def read(path: Path, **tags: Any) -> Instance:
    tags = {"ProtocolName": None, "SpecificCharacterSet": "ISO_IR 192", **tags}
    instance(np.zeros((3, 4, 4), np.uint16), np.diag([1.0, 1, 5, 1]), 0, **tags).save_as(path)
    one = read_header(Place(path))
    assert one is not None
    return one


@pytest.mark.parametrize(
    ("name", "told", "shown"),
    [
        ("MUELLER^HANS", "T1 Müller", "T1 ***"),
        ("Müller", "T1 Mu\u0308ller tra", "T1 *** tra"),
        ("Mu\u0308ller", "T1 MÜLLER", "T1 ***"),
        ("Müller", "T1 MUELLER muller", "T1 *** ***"),
        ("Muller", "T1 Müller Mueller", "T1 *** ***"),
        ("Meyer-Schmidt^Eva", "T1 SCHMIDT", "T1 ***"),
        ("Meyer-Schmidt^Eva", "T1 meyer schmidt", "T1 ***"),
        ("Meyer_Schmidt", "T1 MeyerSchmidt_FLAIR", "T1 ***_FLAIR"),
        ("O'Brien^Pat", "T2 OBrien", "T2 ***"),
        ("O'Brien^Pat", "T2 O\u2019BRIEN", "T2 ***"),
        ("OBRIEN^Pat", "T2 O'Brien O`Brien", "T2 *** ***"),
        ("Wałęsa", "T1 Walesa", "T1 ***"),
        ("Walesa", "T1 WAŁĘSA", "T1 ***"),
        ("Sørensen", "T1 Sorensen Soerensen So\u0338rensen", "T1 *** *** ***"),
        ("Sorensen", "T1 Sørensen", "T1 ***"),
        ("Aagaard", "T1 Ågård Aagård", "T1 *** ***"),
        ("Ågård", "T1 Aagaard Agard", "T1 *** ***"),
        ("Weiß", "T1 WEISS", "T1 ***"),
        ("Weiss", "T1 weiß WEIẞ", "T1 *** ***"),
        ("K\u0131l\u0131ç", "T1 KILIC", "T1 ***"),
        ("Đorđević", "T1 Dordevic", "T1 ***"),
        ("Lœb", "T1 Loeb", "T1 ***"),
        ("Noël", "T1 Noel", "T1 ***"),
        ("Noel", "T1 NOËL", "T1 ***"),
        ("김^민수", unicodedata.normalize("NFD", "T1 김민수"), "T1 ******"),
        ("ﾀﾅｶﾞﾜ", "T1 タナガワ", "T1 ***"),
        ("Kim^Minsu", "T1 Min-su", "T1 ***"),
        ("Öz", "T1 öz oz Oezil", "T1 *** *** Oezil"),
    ],
)
def test_names_in_other_spellings(name: str, told: str, shown: str) -> None:
    assert Hide([name])(told) == shown


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Kim^Hans=김^한", "T1 인 나 tra FLAIR 3 mm"),
        ("A-B^C", "T1 Axial before C+ a b1"),
        ("D'Or", "cor T1 order"),
        ("Patient_012", "T1 12 mm 512x512"),
        ("Case-100", "TR 1000 TE 100"),
        ("タナカ", "T1 タナガ"),
        ("", "T1 Müller Mu\u0308ller 김 ÄÖÜ ß ﬁ"),
        ("^^", "T1 ^ tra"),
        ("Müller", "T1 M\u0308ill\u00adimetre \u0301"),
    ],
)
def test_texts_that_stay_as_they_are(name: str, told: str) -> None:
    assert Hide([name])(told) == told


@pytest.mark.parametrize(
    "told",
    [
        *(
            "01-JAN-1970",
            "1 Jan 70",
            "January 1, 1970",
            "1st of January 1970",
            "1970 Jan 01",
            "01JAN1970",
            "01. Jan. 1970",
        ),
        *(
            "1. Januar 1970",
            "1. Jänner 1970",
            "1er janvier 1970",
            "1 de enero de 1970",
            "1 gennaio 1970",
            "01. 01. 1970",
        ),
    ],
)
def test_dates_of_birth_with_the_names_of_months(told: str) -> None:
    assert Hide([], birth="19700101")(f"FLAIR {told} TE 120") == "FLAIR *** TE 120"
    assert Hide([], birth="19700201")(f"FLAIR {told} TE 120") == f"FLAIR {told} TE 120"


MONTHS = """January Januar janvier enero gennaio
February Februar février febrero febbraio
March März Maerz marzo
April avril abril aprile
May Mai mayo maggio
June Juni juin junio giugno
July Juli juillet julio luglio
August août agosto
September septembre septiembre settembre
October Oktober octobre ottobre
November novembre noviembre
December Dezember décembre diciembre"""


@pytest.mark.parametrize(("month", "names"), list(enumerate(MONTHS.splitlines(), 1)))
def test_every_month_has_its_own_names(month: int, names: str) -> None:
    for name in (*names.split(), names[:3].upper()):
        for other in range(1, 13):
            shown = Hide([], birth=f"1960{other:02}17")(f"17-{name}-1960")
            assert (shown == "***") == (other == month), (name, other)


@pytest.mark.parametrize(
    ("number", "told", "shown"),
    [
        ("0012345", "ID 12345", "ID ***"),
        ("0012345", "ID 0012345 012345", "ID *** ***"),
        ("12345", "ID 0012345 a12345b 1234567", "ID *** a***b ***67"),
        ("0012345", "ID 123456 912345", "ID 123456 912345"),
        ("MRN-0004711", "4711 mrn4711 MRN 0004711", "*** mrn*** ***"),
        ("0012", "T1 12 mm 0012", "T1 12 mm ***"),
        ("0120", "TE 120 TR 1200", "TE 120 TR 1200"),
        ("120", "TR 1200", "TR 1200"),
        ("7", "T1 7 mm", "T1 7 mm"),
        ("BRAIN-0042", "BRAIN 42 brain_0042", "BRAIN 42 ***"),
        ("000", "T1 0", "T1 0"),
    ],
)
def test_numbers_with_and_without_zeros(number: str, told: str, shown: str) -> None:
    assert Hide([], [number])(told) == shown


def test_a_file_s_other_numbers_are_hidden(tmp_path: Path) -> None:
    item = Dataset()
    item.PatientID = "X-5550123"
    tags = {"OtherPatientIDs": ["0088123", "A77"], "OtherPatientIDsSequence": Sequence([item])}
    one = read(tmp_path / "x.dcm", SeriesDescription="FLAIR 88123 a77 x5550123", **tags)
    assert one.description == "FLAIR *** *** ***"
    assert "88123" not in repr(one)


def test_names_are_hidden_in_what_is_read_of_a_file(tmp_path: Path) -> None:
    tags = {"PatientName": "Wałęsa-O'Brien^Pat", "PatientBirthDate": "19700101"}
    one = read(tmp_path / "x.dcm", SeriesDescription="T2 FLAIR OBrien Walesa 01-JAN-1970", **tags)
    assert one.description == "T2 FLAIR *** *** ***"


def test_a_name_of_any_length_is_hidden() -> None:
    name = "ae" * 2000
    assert Hide([name], [name])(f"T1 {name.upper()} tra") == "T1 *** tra"


def test_a_patient_called_as_a_sequence_is_still_read_as_one(tmp_path: Path) -> None:
    one = read(tmp_path / "x.dcm", PatientName="T1^Flair", SeriesDescription="AX FLAIR", PatientID="Flair")
    assert one.description == "AX ***"
    assert recognise(one, one.planes).sequence == "flair"
    assert pydicom.dcmread(tmp_path / "x.dcm").SeriesDescription == "AX FLAIR"
