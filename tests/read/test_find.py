from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from gliascope.errors import InputError
from gliascope.read import find_cases
from gliascope.scan import Problem

Touch = Callable[..., Path]


@pytest.fixture
def touch(tmp_path: Path) -> Touch:
    """Make empty files below the test's folder: finding decodes nothing."""

    def make(*names: str) -> Path:
        for name in names:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
        return tmp_path

    return make


def test_a_patient_folder_is_one_case_in_natural_order(touch: Touch) -> None:
    root = touch("p/s_10.tif", "p/s_9.tif", "p/s_9_mask.tif", "p/notes.txt", "p/.complete", "p/.s_1.tif")
    (case,) = find_cases(root / "p")
    assert case.name == "p"
    assert case.is_folder
    assert [one.name for one in case.images] == ["s_9.tif", "s_10.tif"]
    assert [one.name for one in case.masks] == ["s_9_mask.tif"]
    assert case.problems == ()
    assert case.warnings == ()


def test_a_folder_of_patients_at_any_depth(touch: Touch) -> None:
    root = touch("set/p10/1.png", "set/p9/1.png", "set/centre/p1/1.png", "set/data.csv", "set/.git/1.png")
    assert [case.name for case in find_cases(root)] == ["p1", "p9", "p10"]
    assert [case.name for case in find_cases([str(root / "set" / "p10"), root / "set" / "p9"])] == ["p10", "p9"]


def test_a_folder_with_images_and_patients_below_holds_both(touch: Touch) -> None:
    root = touch("set/1.png", "set/p/1.png", "set/notes/readme.txt")
    assert [(case.name, len(case.images)) for case in find_cases(root / "set")] == [
        ("set", 1),
        ("notes", 0),
        ("p", 1),
    ]


def test_what_lies_below_a_patient_without_images_is_no_case(touch: Touch) -> None:
    root = touch("p/1.png", "p/notes/readme.txt")
    assert [case.name for case in find_cases(root / "p")] == ["p"]


def test_an_image_is_a_case_with_the_mask_beside_it(touch: Touch) -> None:
    root = touch("a/1.png", "a/2.png", "a/1_mask.tif", "a/2_mask.png")
    one, two = find_cases([root / "a" / "1.png", root / "a" / "2.png"])
    assert (one.name, two.name) == ("1", "2")
    assert not one.is_folder
    assert [mask.name for mask in one.masks] == ["1_mask.tif"]
    assert [mask.name for mask in two.masks] == ["2_mask.png"]


def test_any_named_file_is_a_case_whatever_its_suffix(touch: Touch) -> None:
    (case,) = find_cases(touch("scan.nii") / "scan.nii")
    assert case.images == (case.path,)


def test_equal_names_are_numbered_and_told(touch: Touch) -> None:
    root = touch("a/1.png", "b/1.png")
    one, two = find_cases([root / "a" / "1.png", root / "b" / "1.png"])
    assert (one.name, one.warnings) == ("1", ())
    assert two.name == "1-2"
    assert two.warnings == (f"another input is named 1 too; {two.path} is called 1-2",)


def test_an_input_named_twice_is_read_once_and_told(touch: Touch, caplog: pytest.LogCaptureFixture) -> None:
    root = touch("set/p/1.png")
    with caplog.at_level(logging.WARNING, "gliascope"):
        (case,) = find_cases([root / "set", root / "set" / "p"])
    assert case.name == "p"
    assert caplog.messages == [f"{root / 'set' / 'p'}: named twice, read once"]


def test_folders_without_images_are_problems(touch: Touch) -> None:
    root = touch("set/p1/1.png", "set/p2/scan.bmp", "set/p3/1_mask.png")
    (root / "set" / "p4").mkdir()
    p1, *others = find_cases(root / "set")
    assert p1.problems == ()
    rule = "a folder must hold images (.tif, .tiff, .png, .jpg, .jpeg, .nii.gz, .nii) or DICOM, received"
    assert [case.problems for case in others] == [
        (Problem(str(root / "set" / "p2"), f"{rule} 1 other files, as scan.bmp"),),
        (Problem(str(root / "set" / "p3"), f"{rule} 1 other files, as 1_mask.png"),),
        (Problem(str(root / "set" / "p4"), f"{rule} none"),),
    ]


def test_results_of_an_earlier_run_are_no_input(touch: Touch) -> None:
    root = touch(
        "set/p/1.png",
        "set/out/cases.csv",
        "set/out/slices.csv",
        "set/out/p/findings.json",
        "set/out/p/figures/1.png",
        "set/q/cases.csv",
        "set/q/1.png",
    )
    assert [case.name for case in find_cases(root / "set")] == ["p", "q"]
    (case,) = find_cases(root / "set" / "out")
    assert case.problems[0].message.endswith("received the results of an earlier run")


def test_several_images_of_one_name_are_told(touch: Touch) -> None:
    (case,) = find_cases(touch("p/1.png", "p/1.tif", "p/2.png") / "p")
    assert case.warnings == ("several images have one name: 1.png, 1.tif",)


def test_links_in_a_circle_end(touch: Touch) -> None:
    root = touch("set/p/1.png")
    try:
        (root / "set" / "p" / "back").symlink_to(root / "set", target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no symbolic links")
    assert [case.name for case in find_cases(root / "set")] == ["p"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="every folder opens to this user")
def test_a_folder_that_cannot_be_opened_is_a_problem(touch: Touch) -> None:
    root = touch("set/p/1.png", "set/q/1.png")
    (root / "set" / "p").chmod(0)
    try:
        cases = find_cases(root / "set")
    finally:
        (root / "set" / "p").chmod(0o700)
    assert "received a folder that cannot be opened: Permission denied" in cases[0].problems[0].message


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([], "at least one image or folder must be given, received none"),
        (["gone"], "gone: an input must exist, received a path that does not"),
        (["p/1.png", "p/1_mask.png"], "1_mask.png: a file named .* is truth and cannot be an input"),
    ],
)
def test_wrong_arguments_are_refused(
    touch: Touch, monkeypatch: pytest.MonkeyPatch, inputs: list[str], message: str
) -> None:
    monkeypatch.chdir(touch("p/1.png", "p/1_mask.png"))
    with pytest.raises(InputError, match=message):
        find_cases(inputs)


def test_a_pipe_is_no_input(tmp_path: Path) -> None:
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no named pipes")
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(InputError, match="must be a file or a folder, received neither"):
        find_cases(tmp_path / "pipe.png")


def test_the_listing_order_of_the_disk_does_not_matter(touch: Touch, monkeypatch: pytest.MonkeyPatch) -> None:
    root = touch(*(f"set/p{patient}/{number}.png" for patient in range(12) for number in range(12)))
    forward = find_cases(root)
    listed = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: reversed(list(listed(self))))
    assert find_cases(root) == forward


def test_a_case_named_after_the_current_folder(touch: Touch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(touch("patient/1.png") / "patient")
    assert [case.name for case in find_cases(".")] == ["patient"]


def test_images_are_kept_beside_a_volume_that_is_no_sequence(touch: Touch) -> None:
    root = touch("set/P1/1.png", "set/P1/2.png", "set/P1/1_mask.png", "set/P1/extra_t2.nii.gz", "set/P2/1.png")
    first, second = find_cases(root / "set")
    assert (first.name, second.name) == ("P1", "P2")
    assert [one.name for one in first.images] == ["1.png", "2.png"]
    assert [one.name for one in first.masks] == ["1_mask.png"]
    assert first.problems == ()
    assert first.warnings == ()
    assert first.remarks == ("not used: extra_t2.nii.gz",)


def test_a_folder_of_nothing_but_unused_volumes_is_a_problem(touch: Touch) -> None:
    root = touch("P1/x_t2.nii.gz", "P1/notes/readme.txt")
    (case,) = find_cases(root / "P1")
    assert case.images == ()
    assert case.problems[0].message == "a case must have FLAIR (or T1), received x_t2.nii.gz: no FLAIR"


@pytest.mark.parametrize("whole", ["P1/1.png", "P1/a_flair.nii.gz"])
def test_volumes_below_a_patient_that_cannot_be_used_are_told(touch: Touch, whole: str) -> None:
    root = touch(whole, "P1/t2only/x_t2.nii.gz", "P1/notes/readme.txt")
    case, below = find_cases(root / "P1")
    assert (case.name, case.problems) == ("P1", ())
    assert below.problems == (
        Problem(str(root / "P1" / "t2only"), "a case must have FLAIR (or T1), received x_t2.nii.gz: no FLAIR"),
    )


def test_a_folder_below_a_patient_that_cannot_be_opened_is_told(touch: Touch, monkeypatch: pytest.MonkeyPatch) -> None:
    root = touch("P1/1.png", "P1/more/1.png")
    listed = Path.iterdir

    def refuse(self: Path) -> object:
        if self.name == "more":
            raise PermissionError(13, "Permission denied")
        return listed(self)

    monkeypatch.setattr(Path, "iterdir", refuse)
    case, below = find_cases(root / "P1")
    assert len(case.images) == 1
    assert "received a folder that cannot be opened: Permission denied" in below.problems[0].message


def test_cases_of_bids_are_named_after_subject_and_session(touch: Touch) -> None:
    one = ("sub-01/anat/sub-01_FLAIR.nii.gz", "sub-01/anat/sub-01_T1w.nii.gz")
    two = ("sub-02/ses-1/anat/sub-02_ses-1_FLAIR.nii.gz", "sub-02/ses-2/anat/sub-02_ses-2_FLAIR.nii.gz")
    root = touch(*(f"bids/{name}" for name in (*one, *two, "sub-03/anat/readme.txt")))
    cases = find_cases(root / "bids")
    assert [case.name for case in cases] == ["sub-01", "sub-02_ses-1", "sub-02_ses-2", "sub-03"]
    assert not any(case.warnings for case in cases)
    assert find_cases(root / "bids" / "sub-02" / "ses-2" / "anat")[0].name == "sub-02_ses-2"


def test_a_link_to_a_folder_is_named_after_the_link(touch: Touch, monkeypatch: pytest.MonkeyPatch) -> None:
    root = touch("store/HC_0001/1.png", "store/HC_0002/a_flair.nii.gz", "set/readme.txt")
    try:
        for name, target in (("patient-7", "HC_0001"), ("patient-8", "HC_0002")):
            (root / "set" / name).symlink_to(root / "store" / target, target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no symbolic links")
    assert [case.name for case in find_cases(root / "set")] == ["patient-7", "patient-8"]
    monkeypatch.chdir(root / "set")
    assert [case.name for case in find_cases(["patient-8", "./patient-7/"])] == ["patient-8", "patient-7"]
    assert [case.name for case in find_cases(["patient-7", root / "store" / "HC_0001"])] == ["patient-7"]
