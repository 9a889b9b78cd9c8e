"""Sequences by their headers, as vendors write them, and what is never an input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

from gliascope.read.dicom.files import Place
from gliascope.read.dicom.header import Instance, _instance
from gliascope.read.dicom.hide import Hide
from gliascope.read.dicom.recognise import Recognition, recognise, why_no_input
from gliascope.read.dicom.words import agent_said, contrast_said, names_agent
from tests.dicom_series import T1, drawn_enhanced, instance

BLACK = np.zeros((3, 4, 4), np.uint16)


def header(**tags: Any) -> Instance:
    made = instance(BLACK, np.diag([1.0, 1, 5, 1]), 0, **{"ProtocolName": None, **tags})
    return _instance(Place(Path("x.dcm")), made)


def recognised(**tags: Any) -> Recognition:
    one = header(**tags)
    return recognise(one, one.planes)


SE = {"ScanningSequence": "SE", "InversionTime": None}
VENDORS = """t2_tirm_tra_dark-fluid_4mm; 9000 94 2500; SE IR; flair
Sag CUBE FLAIR; 6500 119 1876; SE IR; flair
FLAIR_longTR; 11000 125 2800; IR; flair
AX FLAIR; 9000 120 -; SE; flair
; 6000 394 2200; SE IR; flair
t1_se_tra; 500 9 -; SE; pre
AX T1 FLAIR; 2500 24 860; SE IR; pre
t1_mpr_ns_sag_p2_iso; 1900 2.5 900; GR; pre
AX T1 POST GD; 500 9 -; SE; post
3D T1 MPRAGE KM; 2000 3 1000; GR; post
T1 W/O; 600 12 -; SE; pre
; 500 9 -; SE; pre
t1_fl2d_sag; 300 2.46 -; GR; pre
AX T1 GRE ASSET; 200 3 -; GR; pre
AX GRE; 700 20 -; GR; -
AX T2 FSE; 4000 100 -; SE; -
; 4000 100 -; SE; -
; 4000 12 -; SE; -
cor stir; 4000 40 150; SE IR; -
; 4000 40 150; SE IR; -
ep2d_diff_3scan_trace; 9000 90 -; EP; -
Ax SWAN; 50 25 -; GR; -
3-plane loc; 8 3 -; GR; -
; - - -; SE; -
"""
"""Description; TR, TE and TI; scanning sequence; what it is."""


@pytest.mark.parametrize("row", VENDORS.strip("\n").splitlines())
def test_sequences_as_vendors_write_them(row: str) -> None:
    described, times, scanning, expected = (one.strip() for one in row.split(";"))
    numbers = [None if one == "-" else float(one) for one in times.split()]
    tags = dict(zip(("RepetitionTime", "EchoTime", "InversionTime"), numbers, strict=True))
    found = recognised(SeriesDescription=described, ScanningSequence=scanning.split(), **tags)
    assert found.sequence == (None if expected == "-" else expected)
    assert found.reason


@pytest.mark.parametrize(
    ("tags", "sequence"),
    [
        ({"ContrastBolusAgent": "10 ml Gadavist"}, "post"),
        ({"ContrastBolusVolume": 7.5}, "post"),
        ({"ContrastBolusAgent": "NONE"}, "pre"),
    ],
)
def test_the_contrast_agent(tags: dict[str, Any], sequence: str) -> None:
    assert recognised(SeriesDescription="AX T1", RepetitionTime=500, EchoTime=9, **SE, **tags).sequence == sequence


def test_a_protocol_speaks_where_the_description_does_not() -> None:
    found = recognised(SeriesDescription="", ProtocolName="T2W_FLAIR")
    assert (found.sequence, found.reason[:28]) == ("flair", "the protocol's name says FLA")


def test_reasons_are_told() -> None:
    assert recognised().reason == "the series description says FLAIR; TR 9000, TE 120, TI 2500 ms agree"
    found = recognised(SeriesDescription="AX T1 +C", RepetitionTime=500, EchoTime=9, ContrastBolusAgent="Gd", **SE)
    assert found.reason == ("the series description says T1; TR 500, TE 9 ms agree; ContrastBolusAgent is 'Gd'")
    assert found.has_agent


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ({"RepetitionTime": 500, "EchoTime": 9, **SE}, "says FLAIR, but TR 500, TE 9 ms are those of T1"),
        ({"SeriesDescription": "T1"}, "says T1, but TR 9000, TE 120, TI 2500 ms are those of FLAIR"),
        (
            {"SeriesDescription": "T1 pre", "RepetitionTime": 500, "EchoTime": 9, "ContrastBolusAgent": "Gd", **SE},
            "the description says before contrast, but ContrastBolusAgent is 'Gd'",
        ),
        (
            {"SeriesDescription": "T1 without and with contrast", "RepetitionTime": 500, "EchoTime": 9, **SE},
            "the description says with and without contrast",
        ),
    ],
)
def test_contradictions_are_not_decided(tags: dict[str, Any], why: str) -> None:
    found = recognised(**tags)
    assert found.sequence is None
    assert why in found.reason
    assert "say what it is by --series" in found.reason


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (["ORIGINAL", "PRIMARY", "LOCALIZER"], "a localiser, as ImageType says"),
        (["DERIVED", "SECONDARY", "MPR"], "a reformatted or projected image, as ImageType says (MPR)"),
        (["DERIVED", "PRIMARY", "PROJECTION IMAGE"], "a reformatted or projected image"),
        (["DERIVED", "PRIMARY", "DIFFUSION", "ADC"], "a diffusion map"),
        (["ORIGINAL", "PRIMARY", "PHASE MAP", "P", "SE"], "no magnitude image"),
        (["DERIVED", "SECONDARY", "OTHER"], "made from other images, as ImageType says"),
        (["DERIVED", "SECONDARY", "SCREEN SAVE"], "a copy of a screen"),
    ],
)
def test_derived_images_are_set_aside(kind: list[str], why: str) -> None:
    found = recognised(ImageType=kind)
    assert found.sequence is None
    assert why in found.reason


def item(**values: Any) -> Sequence:
    group = Dataset()
    for keyword, value in values.items():
        setattr(group, keyword, value)
    return Sequence([group])


def test_enhanced_images_by_their_functional_groups() -> None:
    _, read = drawn_enhanced((4, 4, 3), np.diag([1.0, 1, 5, 1]))
    (made,) = read.values()
    made.SeriesDescription = made.ProtocolName = ""
    del made.ScanningSequence  # classic images have it
    shared = made.SharedFunctionalGroupsSequence[0]
    shared.MRTimingAndRelatedParametersSequence = item(RepetitionTime=500.0)
    shared.MREchoSequence = item(EffectiveEchoTime=9.0)
    made.ContrastBolusAgentSequence = item(CodeMeaning="Gadobutrol")
    made.file_meta = FileMetaDataset()
    one = _instance(Place(Path("x.dcm")), made)
    assert one.flaw == ""
    assert recognise(one, one.planes).sequence == "post"
    shared.MRTimingAndRelatedParametersSequence = item(RepetitionTime=8000.0)
    shared.MREchoSequence = item(EffectiveEchoTime=120.0)
    shared.MRModifierSequence = item(InversionRecovery="YES", InversionTimes=[2200.0])
    one = _instance(Place(Path("x.dcm")), made)
    assert recognise(one, one.planes).reason == "TR 8000, TE 120, TI 2200 ms are those of FLAIR"
    made.PerFrameFunctionalGroupsSequence[1].MRImageFrameTypeSequence = item(FrameType=["ORIGINAL", "PRIMARY", "P"])
    one = _instance(Place(Path("x.dcm")), made)
    assert "no magnitude image" in recognise(one, one.planes).reason
    made.NumberOfFrames = 5
    flaw = _instance(Place(Path("x.dcm")), made).flaw
    assert "a functional group for each of 1 to 16384 frames, received 3 groups for 5 frames" in flaw


def test_a_b_value_is_diffusion() -> None:
    assert recognised(DiffusionBValue=1000.0).reason == "diffusion: a b value is given"


@pytest.mark.parametrize(
    ("tags", "why"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66.4", "Modality": "SEG"}, "received Segmentation Storage"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.33", "Modality": "SR"}, "received Comprehensive SR Storage"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "received Secondary Capture Image Storage"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2", "Modality": "CT"}, "received CT Image Storage"),
        ({"Modality": "PT"}, "an input must have the modality MR, received PT"),
        ({"AnatomicalOrientationType": "QUADRUPED"}, "those of a biped"),
    ],
)
def test_what_is_never_an_input(tags: dict[str, Any], why: str) -> None:
    assert why in why_no_input(header(**tags))


def test_colour_is_no_input() -> None:
    made = instance(BLACK, np.diag([1.0, 1, 5, 1]), 0)
    made.SamplesPerPixel, made.PhotometricInterpretation = 3, "RGB"
    assert why_no_input(_instance(Place(Path("x.dcm")), made)) == "an image must be grey, received RGB"


def test_classic_images_with_several_frames_are_none() -> None:
    assert "must have one frame an instance, received 4" in why_no_input(header(NumberOfFrames=4))


@pytest.mark.parametrize(
    ("name", "told", "shown"),
    [
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "山田太郎 FLAIR", "****** FLAIR"),
        ("Müller^Jörg", "Mueller Jorg MÜLLER FLAIR", "*** *** *** FLAIR"),
        ("Sørensen^Zoë", "soerensen zoe FLAIR", "*** *** FLAIR"),
        ("Kim^Minsu=김^민수", "김 민수 FLAIR", "*** *** FLAIR"),
        ("Li^Wu", "AX FLAIR li_WU quality", "AX FLAIR ***_*** quality"),
        ("A^B", "AX FLAIR a B", "AX FLAIR a B"),
    ],
)
def test_short_names_and_those_of_other_alphabets_are_hidden(name: str, told: str, shown: str) -> None:
    assert Hide([name])(told) == shown


@pytest.mark.parametrize(
    "told",
    ["19601203", "1960-12-03", "03.12.1960", "3.12.60", "12/3/1960", "12/03/60", "601203", "3_12_1960", "03121960"],
)
def test_dates_of_birth_are_hidden_as_people_write_them(told: str) -> None:
    for birth in ("19601203", "1960.12.03"):
        assert Hide([], birth=birth)(f"FLAIR {told} TE 120") == "FLAIR *** TE 120"
        assert Hide([], birth=birth)(f"FLAIR 9{told}9") == f"FLAIR 9{told}9"


def test_other_names_and_numbers_are_hidden_too() -> None:
    tags = {"PatientID": "MRN-4711", "OtherPatientNames": ["Roe^Jane", "Smith"], "PatientBirthName": "Jones"}
    one = header(SeriesDescription="FLAIR mrn-4711 roe SMITH jones", **tags)
    assert one.description == "FLAIR *** *** *** ***"


@pytest.mark.parametrize("name", ["Doe^John^^MR", "MR^MONOCHROME2", "SE^IR", "Flair^T2"])
def test_nothing_is_decided_by_what_a_patient_is_called(name: str) -> None:
    one = header(PatientName=name)
    assert why_no_input(one) == ""
    assert recognise(one, one.planes).sequence == "flair"
    t1 = header(PatientName=f"No^{name}", **{**T1, "ContrastBolusAgent": "NO"})
    assert recognise(t1, t1.planes).sequence == "pre"


def test_names_are_hidden_in_what_is_shown_and_known_to_recognition() -> None:
    one = header(PatientName="Flair^Gadolinia", SeriesDescription="AX T2 FLAIR gadolinia 19700131", StationName="x")
    assert one.description == "AX T2 *** *** ***"
    assert recognise(one, one.planes).sequence == "flair"
    assert "Gadolinia" not in repr(one)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ("T1 nativ", "without"),
        ("T1 w/o contrast", "without"),
        ("T1 non-contrast", "without"),
        ("t1_tse_tra_pre", "without"),
        ("T1 C+", "with"),
        ("T1_KM", "with"),
        ("T1 post", "with"),
        ("T1ce", "with"),
        ("T1 con contraste", "with"),
        ("T1 sin contraste", "without"),
        ("T1 apres injection", "with"),
        ("AX T1 post op", None),
        ("AX T1", None),
    ],
)
def test_words_for_contrast(told: str, said: str | None) -> None:
    assert agent_said(told) == said


def test_words_for_sequences() -> None:
    assert contrast_said("sT1W_3D_TFE") == ("t1", "T1")
    assert contrast_said("T2*_GRE") == ("other", "susceptibility")
    assert contrast_said("head routine") is None
    assert names_agent("Dotarem 0.5 mmol/ml")
    assert not names_agent("No")


def test_no_word_of_pydicom_is_needed_to_show_a_class() -> None:
    assert pydicom.uid.UID("1.2.3.4").name == "1.2.3.4"
    assert "received 1.2.3.4" in why_no_input(header(SOPClassUID="1.2.3.4"))
