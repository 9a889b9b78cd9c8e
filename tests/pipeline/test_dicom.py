"""A DICOM study through the pipeline: the objects that are written, or the rule that forbids them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import highdicom
import nibabel
import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray

from gliascope.bundle import load_bundle
from gliascope.engine.fake import FakeEngine
from gliascope.errors import InputError
from gliascope.geometry import to_world
from gliascope.pipeline import Analyser, analyse_into
from gliascope.pipeline.dicom import write_objects
from gliascope.pipeline.outputs import Outputs, parse_outputs
from gliascope.read import find_cases, read_case
from tests.dicom_series import FLAIR, T1, enhanced, write_series
from tests.dicom_tools import complaints

BundleFactory = Callable[..., Path]
RESULTS = Outputs(parse_outputs(["seg", "sr"]))
EVERYTHING = Outputs(parse_outputs(["nifti", "seg", "sr", "sc"]))


@pytest.fixture(scope="module")
def analyser(tiny_bundle: BundleFactory) -> Analyser:
    return Analyser(load_bundle(tiny_bundle()), engine=FakeEngine("shared"))


def head(*, tumour: bool = True) -> NDArray[np.uint16]:
    """A grey head of 12 slices, with a bright box to the left and posterior."""
    grid = np.meshgrid(*[np.linspace(-1, 1, n) for n in (12, 44, 40)], indexing="ij")
    values = np.where(np.hypot(grid[1], grid[2]) < 0.9, 300, 0).astype(np.uint16)
    if tumour:
        values[5:9, 24:34, 22:32] = 900
    return values


def affine_of(*, shear: float = 0) -> NDArray[np.float64]:
    affine = np.diag([2.0, 2.0, 5.0, 1.0])
    affine[:3, 3] = (-40, -44, 13)
    affine[1, 2] = shear
    return affine


def study(folder: Path, *, tumour: bool = True, shear: float = 0, **tags: Any) -> Path:
    write_series(folder / "flair", head(tumour=tumour), affine_of(shear=shear), **{**FLAIR, **tags})
    write_series(folder / "t1", head(tumour=False), affine_of(shear=shear), **{**T1, **tags})
    return folder


def analysed(analyser: Analyser, source: Path, out: Path, outputs: Outputs = RESULTS, **options: Any) -> Any:
    options = {"figures": False, **options}
    (outcome,) = analyse_into(analyser, find_cases(source), out, outputs=outputs, **options)
    return outcome


def test_every_object_is_written_and_named(analyser: Analyser, tmp_path: Path) -> None:
    outcome = analysed(analyser, study(tmp_path / "study"), tmp_path / "out", EVERYTHING)
    assert outcome.record["problems"] == []
    said = outcome.record["dicom"]
    assert (said["seg"], said["sr"], said["anonymised"]) == ("dicom/seg.dcm", "dicom/sr.dcm", False)
    assert said["sc"] == [f"dicom/sc_{number:04d}.dcm" for number in range(1, 5)]
    assert json.loads((outcome.folder / "findings.json").read_text(encoding="utf-8"))["dicom"] == said
    for name in (said["seg"], said["sr"], said["sc"][0]):
        assert complaints(outcome.folder / name) == []
    assert not any(one.name.startswith(".") for one in (outcome.folder / "dicom").iterdir())


def test_studies_go_to_other_processes_and_back(tiny_bundle: BundleFactory, tmp_path: Path) -> None:
    for number in (1, 2):
        uid = pydicom.uid.generate_uid(entropy_srcs=[str(number)])
        study(tmp_path / "studies" / str(number), StudyInstanceUID=uid, PatientID=f"ID{number}")
    own = Analyser(load_bundle(tiny_bundle()), threads=2)
    found = []
    for jobs in (1, 2):
        out, files = tmp_path / str(jobs), find_cases(tmp_path / "studies")
        done = analyse_into(own, files, out, outputs=EVERYTHING, figures=False, jobs=jobs)
        assert [one.record["problems"] for one in done] == [[], []]
        written = (one for one in sorted(out.rglob("*")) if one.is_file())
        found.append({one.relative_to(out): one.read_bytes() for one in written})
    assert found[0] == found[1]
    assert sum(one.name == "seg.dcm" for one in found[0]) == 2


def test_the_segmentation_lies_where_the_nifti_mask_does(analyser: Analyser, tmp_path: Path) -> None:
    folder = analysed(analyser, study(tmp_path / "study"), tmp_path / "out").folder
    volume = highdicom.seg.segread(folder / "dicom" / "seg.dcm").get_volume(combine_segments=True)
    found = to_world(volume.affine, np.argwhere(volume.array))
    image = nibabel.Nifti1Image.from_filename(folder / "mask.nii.gz")
    expected = to_world(image.affine, np.argwhere(image.get_fdata() > 0)) * [-1, -1, 1]
    assert len(found) == len(expected) > 0
    apart = np.linalg.norm(found[:, None] - expected[None], axis=2)
    assert apart.min(axis=0).max() < 1e-3


def test_frames_of_one_instance_are_named(analyser: Analyser, tmp_path: Path) -> None:
    source = enhanced(head(), affine_of())
    source.save_as(tmp_path / "IM1", enforce_file_format=True)
    outcome = analysed(analyser, tmp_path / "IM1", tmp_path / "out")
    assert outcome.record["problems"] == []
    assert complaints(outcome.folder / "dicom" / "seg.dcm") == []
    read = pydicom.dcmread(outcome.folder / "dicom" / "seg.dcm")
    for frame, group in zip(read.pixel_array, read.PerFrameFunctionalGroupsSequence, strict=True):
        (image,) = group.DerivationImageSequence[0].SourceImageSequence
        assert image.ReferencedSOPInstanceUID == source.SOPInstanceUID
        number = int(image.ReferencedFrameNumber) - 1
        place = source.PerFrameFunctionalGroupsSequence[number].PlanePositionSequence[0].ImagePositionPatient
        assert group.PlanePositionSequence[0].ImagePositionPatient == place
        assert source.pixel_array[number][frame > 0].min() == 900


def test_without_tumour_the_report_says_so_and_nothing_else_is_written(analyser: Analyser, tmp_path: Path) -> None:
    outcome = analysed(analyser, study(tmp_path / "study", tumour=False), tmp_path / "out", EVERYTHING)
    assert outcome.record["verdict"] == "no tumour"
    assert outcome.record["dicom"] == {"seg": None, "sr": "dicom/sr.dcm", "sc": [], "anonymised": False}
    assert [one.name for one in (outcome.folder / "dicom").iterdir()] == ["sr.dcm"]


def test_a_tilted_gantry_gets_a_report_and_no_segmentation(analyser: Analyser, tmp_path: Path) -> None:
    outcome = analysed(analyser, study(tmp_path / "study", shear=0.9), tmp_path / "out", EVERYTHING)
    assert outcome.record["verdict"] == "tumour"
    (problem,) = outcome.record["problems"]
    assert "seg was not written: a DICOM segmentation must have axes at right angles" in problem["message"]
    assert (outcome.record["dicom"]["seg"], outcome.record["dicom"]["sr"]) == (None, "dicom/sr.dcm")
    assert complaints(outcome.folder / "dicom" / "sr.dcm") == []
    assert (outcome.folder / "mask.nii.gz").is_file()


def test_a_repeat_gives_the_same_bytes(analyser: Analyser, tmp_path: Path) -> None:
    source = study(tmp_path / "study")
    one, other = (analysed(analyser, source, tmp_path / name, EVERYTHING).folder / "dicom" for name in "ab")
    names = sorted(path.name for path in one.iterdir())
    assert names == sorted(path.name for path in other.iterdir())
    for name in names:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name


def test_other_outputs_are_not_taken_over(analyser: Analyser, tmp_path: Path) -> None:
    source = study(tmp_path / "study")
    analysed(analyser, source, tmp_path / "out", Outputs())
    assert analysed(analyser, source, tmp_path / "out", Outputs(), resume=True).continued
    again = analysed(analyser, source, tmp_path / "out", Outputs(parse_outputs(["sr"])), resume=True)
    assert not again.continued
    assert again.record["dicom"]["sr"] == "dicom/sr.dcm"
    assert analysed(analyser, source, tmp_path / "out", Outputs(parse_outputs(["sr"])), resume=True).continued


def test_what_was_not_read_from_dicom_is_refused(analyser: Analyser, tmp_path: Path) -> None:
    path = tmp_path / "case" / "case_flair.nii.gz"
    path.parent.mkdir()
    nibabel.save(nibabel.Nifti1Image(head().T.astype(np.int16), np.diag([-2.0, -2, 5, 1])), path)
    record = analysed(analyser, path, tmp_path / "out").record
    (problem,) = record["problems"]
    assert problem["message"] == "seg, sr must refer to a DICOM study, received a case that was not read from one"
    assert record["dicom"] is None
    assert record["verdict"] == "tumour"


def test_headers_that_cannot_be_used_are_a_problem_and_no_end(
    analyser: Analyser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("LOUDLY^SHOUTED")

    monkeypatch.setattr("gliascope.present.dicom.seg.make_seg", fail)
    record = analysed(analyser, study(tmp_path / "study"), tmp_path / "out").record
    (problem,) = record["problems"]
    assert problem["message"] == "seg was not written: the object could not be made: ValueError"
    assert record["dicom"]["seg"] is None
    assert record["dicom"]["sr"] == "dicom/sr.dcm"


@pytest.mark.parametrize("anonymise", [False, True])
def test_a_source_that_is_gone_is_a_problem(analyser: Analyser, tmp_path: Path, anonymise: bool) -> None:
    (files,) = find_cases(study(tmp_path / "LOUD"))
    case = read_case(files)
    finding = analyser.analyse(case)
    (tmp_path / "LOUD" / "flair" / "0003.dcm").unlink()
    outputs = Outputs(RESULTS.write, anonymise=anonymise)
    record, problems = write_objects(finding, case, tmp_path / "out", outputs)
    assert record is None
    assert "a DICOM result was not written" in problems[0].message
    assert ("LOUD" in problems[0].message) is not anonymise


def test_nothing_is_said_of_an_analysis_that_failed(
    analyser: Analyser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("out of luck")

    monkeypatch.setattr(analyser, "_analyse", fail)
    record = analysed(analyser, study(tmp_path / "study"), tmp_path / "out").record
    assert [one["message"] for one in record["problems"]] == ["the analysis failed: RuntimeError: out of luck"]
    assert record["dicom"] is None


def test_anonymised_results_tell_nothing(
    analyser: Analyser, tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    loud: dict[str, Any] = {"PatientName": "LOUDLY^SHOUTED", "PatientID": "LOUDID", "PatientBirthDate": "19510711"}
    source = study(tmp_path / "LOUD" / "study", **loud, AccessionNumber="LOUDACC", StudyDate="20010911")
    with caplog.at_level("DEBUG"):
        outputs = Outputs(EVERYTHING.write, anonymise=True)
        outcome = analysed(analyser, source, tmp_path / "out", outputs, figures=True)
    assert outcome.record["dicom"]["anonymised"]
    assert outcome.record["case"].startswith("ANON-")
    objects = [pydicom.dcmread(one) for one in outcome.folder.glob("dicom/*.dcm")]
    assert {str(one.PatientID) for one in objects} == {outcome.record["case"]} == {outcome.folder.name}
    uids = {str(pydicom.dcmread(one).SeriesInstanceUID).encode() for one in source.rglob("*.dcm")}
    for path in (tmp_path / "out").rglob("*"):
        assert "LOUD" not in path.relative_to(tmp_path / "out").as_posix()
        content = path.read_bytes() if path.is_file() else b""
        for word in (b"LOUD", b"19510711", b"20010911", *uids):
            assert word not in content, path.name
    captured = capsys.readouterr()
    for text in (captured.out, captured.err, caplog.text):
        assert "LOUD" not in text
        assert "19510711" not in text


def test_results_are_not_written_among_the_images_of_a_study(analyser: Analyser, tmp_path: Path) -> None:
    source = study(tmp_path / "study")
    one_by_one = sorted(source.rglob("*.dcm"))
    for inputs in (source, one_by_one):
        with pytest.raises(InputError, match="must not go into a folder that is read"):
            list(analyse_into(analyser, find_cases(inputs), source / "flair"))
    assert sorted(one for one in source.rglob("*") if one.is_file()) == one_by_one


def test_what_is_no_dicom_cannot_be_anonymised(analyser: Analyser, tmp_path: Path) -> None:
    path = tmp_path / "LOUD" / "LOUD_flair.nii.gz"
    path.parent.mkdir()
    nibabel.save(nibabel.Nifti1Image(head().T.astype(np.int16), np.diag([-2.0, -2, 5, 1])), path)
    record = analysed(analyser, path, tmp_path / "out", Outputs(anonymise=True)).record
    assert record["problems"][0]["message"].startswith("an anonymised case must be a DICOM study")
    assert record["slices"] == []
    assert "LOUD" not in json.dumps(record)
