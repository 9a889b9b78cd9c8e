"""Which series is used as what, how one is named instead, and how the sequences meet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.read import find_cases, read_case
from gliascope.read.dicom.plan import Plan, parse_named
from tests.dicom_series import FLAIR, T1, T1_CONTRAST, drawn_enhanced, uid

WriteFlair = Callable[..., list[Path]]
CORONAL = np.array([[1.5, 0, 0, 0], [0, 0, 5, 0], [0, -1.5, 0, 0], [0, 0, 0, 1.0]])


def plan_of(root: Path, *named: str) -> Plan:
    (found,) = find_cases(root, named)
    assert found.study is not None
    return found.study


def numbers(plan: Plan) -> dict[str, int | None]:
    return {sequence: series.first.series_number for sequence, series in plan.chosen.items()}


def series_uid(description: str, number: int) -> str:
    return uid("series", "PHANTOM-1", "1", number, description)


@pytest.fixture
def study(flair: WriteFlair, tmp_path: Path) -> Path:
    """FLAIR, T1 and T1 after contrast, with a T2 and a localiser beside them."""
    flair()
    flair(folder="study/3", **T1)
    flair(folder="study/5", **T1_CONTRAST)
    flair(folder="study/2", SeriesNumber=2, SeriesDescription="AX T2", InversionTime=None, ScanningSequence="SE")
    flair(folder="study/1", SeriesNumber=1, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    return tmp_path / "study"


def test_a_usual_study(study: Path) -> None:
    plan = plan_of(study)
    assert numbers(plan) == {"flair": 4, "pre": 3, "post": 5}
    assert [one.sequence for one in plan.uses] == [None, None, "pre", "flair", "post"]
    assert plan.problems == ()
    assert plan.warnings == ()
    (files,) = find_cases(study)
    case = read_case(files)
    assert case.name == uid("study", "PHANTOM-1", "1")
    (scan,) = case.scans
    assert scan.sequences == ("pre", "flair", "post")
    assert case.problems == ()
    assert scan.volume is not None
    assert scan.volume.dicom is not None
    assert [one.sequence for one in scan.volume.dicom.others] == ["pre", "post"]
    assert [one.instance_uid for one in scan.volume.dicom.images] == [
        uid("instance", "PHANTOM-1", "1", 4, "AX T2 FLAIR", place) for place in range(6)
    ]


def test_the_last_of_several_is_taken_and_told(study: Path, flair: WriteFlair) -> None:
    flair(folder="study/7", SeriesNumber=7, SeriesDescription="AX FLAIR repeat")
    plan = plan_of(study)
    assert numbers(plan)["flair"] == 7
    (warning,) = plan.warnings
    assert warning == (
        "FLAIR is there several times: series 7 (AX FLAIR repeat) is used, not series 4 (AX T2 FLAIR); "
        "--series names another"
    )
    assert "it is the last" in next(one.reason for one in plan.uses if one.series.first.series_number == 4)


def test_axial_goes_before_coronal_and_original_before_derived(study: Path, flair: WriteFlair) -> None:
    flair(folder="study/8", affine=CORONAL, SeriesNumber=8, SeriesDescription="COR FLAIR")
    flair(folder="study/9", SeriesNumber=9, SeriesDescription="AX FLAIR f", ImageType=["DERIVED", "PRIMARY", "OTHER"])
    plan = plan_of(study)
    assert numbers(plan)["flair"] == 4
    reasons = {one.series.first.series_number: one.reason for one in plan.uses}
    assert "its slices are axial" in reasons[8]
    assert "it is original" in reasons[9]


def test_a_broken_series_gives_way_and_is_a_problem_where_it_stands_alone(
    study: Path, flair: WriteFlair, values: NDArray[np.uint16]
) -> None:
    flair(lambda place, _: place != 3, folder="study/7", SeriesNumber=7, SeriesDescription="AX FLAIR repeat")
    plan = plan_of(study)
    assert numbers(plan)["flair"] == 4
    assert plan.problems == ()
    assert "no slice of a series may be missing" in next(
        one.reason for one in plan.uses if one.series.first.series_number == 7
    )
    (study / "5" / "0004.dcm").unlink()
    plan = plan_of(study)
    assert numbers(plan) == {"flair": 4, "pre": 3}
    (problem,) = plan.problems
    assert problem.message.startswith("T1 after contrast, series 5 (AX T1 +C): no slice of a series may be missing")
    (files,) = find_cases(study)
    case = read_case(files)
    assert case.scans[0].sequences == ("pre", "flair")
    assert not any("missing: on its test patients" in one for one in case.warnings)


def test_a_study_without_flair_and_one_without_anything(flair: WriteFlair, tmp_path: Path) -> None:
    flair(folder="study/3", **T1)
    plan = plan_of(tmp_path / "study")
    assert plan.warnings == ("the study has no FLAIR that can be used: it is not assessable",)
    flair(folder="other", SeriesDescription="AX DWI")
    plan = plan_of(tmp_path / "other")
    (problem,) = plan.problems
    assert problem.message == (
        "a study must have FLAIR or T1 that can be used, received series 4 (AX DWI): diffusion, "
        "as the series description says"
    )


def test_series_that_are_named(study: Path, flair: WriteFlair) -> None:
    flair(
        folder="study/7",
        SeriesNumber=7,
        SeriesDescription="head",
        ProtocolName=None,
        RepetitionTime=None,
        EchoTime=None,
    )
    named = series_uid("head", 7)
    plan = plan_of(study, named)
    assert numbers(plan) == {"flair": 7, "pre": 3, "post": 5}
    assert "as was asked for; the headers say neither description nor timing" in plan.warnings[0]
    assert "it was asked for" in next(one.reason for one in plan.uses if one.series.first.series_number == 4)
    plan = plan_of(study, f"t1={series_uid('AX T2', 2)}", f"flair={series_uid('AX T2 FLAIR', 1)}")
    assert numbers(plan) == {"flair": 1, "pre": 2, "post": 5}


def test_naming_breaks_no_rule_of_geometry(study: Path) -> None:
    (study / "2" / "0003.dcm").unlink()
    plan = plan_of(study, series_uid("AX T2", 2))
    assert "flair" not in plan.chosen
    assert "FLAIR, series 2 (AX T2): no slice of a series may be missing" in plan.problems[0].message


def test_naming_that_cannot_be(study: Path) -> None:
    for named in (["t2=1.2"], ["flair="], ["1.2", "flair=1.3"], ["1.2", "t1=1.2"]):
        with pytest.raises(InputError, match=r"series must be given|sequence must be given"):
            parse_named(named)
    with pytest.raises(InputError, match=r"received 1\.2\.3: not found"):
        find_cases(study, ["1.2.3"])


def test_results_and_captures_are_never_input_even_if_named(study: Path, flair: WriteFlair) -> None:
    capture = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7", "SeriesNumber": 9, "SeriesDescription": "FLAIR overlay"}
    flair(folder="study/9", **capture)
    assert numbers(plan_of(study))["flair"] == 4
    plan = plan_of(study, series_uid("FLAIR overlay", 9))
    assert "flair" not in plan.chosen
    assert "received Secondary Capture Image Storage" in plan.problems[0].message


def test_series_in_another_frame_of_reference_are_registered(
    flair: WriteFlair, tmp_path: Path, values: NDArray[np.uint16]
) -> None:
    flair()
    flair(folder="study/3", **{**T1, "FrameOfReferenceUID": "1.2.3"})
    (files,) = find_cases(tmp_path / "study")
    case = read_case(files)
    assert any("is in another frame of reference, so its place had to be found" in one for one in case.warnings)
    assert any("T1 before contrast was to be registered" in one for one in case.warnings)


def test_studies_of_many_folders_are_one_case_each(flair: WriteFlair, tmp_path: Path) -> None:
    flair(folder="a/x")
    flair(folder="b/c/y", **T1)
    flair(folder="a/z", PatientID="P-2", **FLAIR)
    cases = find_cases([tmp_path / "a", tmp_path / "b"])
    assert len(cases) == 2
    assert numbers(cases[0].study) == {"flair": 4, "pre": 3}  # type: ignore[arg-type]  # it is a study
    assert find_cases([tmp_path / "a", tmp_path / "a" / "x", tmp_path / "b"])[0].name == cases[0].name


def test_files_named_one_by_one_are_one_study(flair: WriteFlair) -> None:
    (case,) = find_cases(flair())
    assert case.study is not None
    assert len(case.study.uses[0].series.instances) == 6


def only_scan(root: Path, *named: str) -> Any:
    (files,) = find_cases(root, named)
    return read_case(files).scans[0]


def test_enhanced_images_are_read_as_classic_ones(
    flair: WriteFlair, values: NDArray[np.uint16], tmp_path: Path
) -> None:

    affine = np.diag([1.5, 1.5, 5.0, 1.0])
    flair()
    _, read = drawn_enhanced((10, 8, 6), affine)
    (data,) = read.values()
    data.PixelData = np.ascontiguousarray(values[::-1]).tobytes()
    (tmp_path / "enhanced").mkdir()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    pydicom.dcmwrite(tmp_path / "enhanced" / "1.dcm", data, enforce_file_format=True)
    classic = only_scan(tmp_path / "study")
    enhanced = only_scan(tmp_path / "enhanced", str(data.SeriesInstanceUID))
    assert np.array_equal(classic.pixels, enhanced.pixels)
    assert classic.grid.is_at(enhanced.grid)
    assert [one.frame for one in enhanced.volume.dicom.images] == [5, 4, 3, 2, 1, 0]
