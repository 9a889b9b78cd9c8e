"""File names in use, understood."""

from __future__ import annotations

from pathlib import Path

import pytest

from gliascope.read.find import CaseFiles
from gliascope.read.nifti.group import group_volumes, lone_volume
from gliascope.read.nifti.names import is_volume_name, understand, volume_stem


@pytest.mark.parametrize(
    ("stem", "role", "prefix"),
    [
        ("BraTS2021_01476_flair", "flair", "BraTS2021_01476"),
        ("BraTS-GLI-00001-000-t2f", "flair", "BraTS-GLI-00001-000"),
        ("BraTS-GLI-00001-000-t1n", "pre", "BraTS-GLI-00001-000"),
        ("BraTS-GLI-00001-000-t1c", "post", "BraTS-GLI-00001-000"),
        ("BraTS-GLI-00001-000-seg", "truth", "BraTS-GLI-00001-000"),
        ("x_t1", "pre", "x"),
        ("x_t1ce", "post", "x"),
        ("x_T1-Gd", "post", "x"),
        ("x_t1gd", "post", "x"),
        ("x_t1_post", "post", "x"),
        ("x_t2_flair", "flair", "x"),
        ("sub-01_FLAIR", "flair", "sub-01"),
        ("sub-01_T1w", "pre", "sub-01"),
        ("sub-01_ce-gadolinium_T1w", "post", "sub-01"),
        ("UCSF-PDGM-0004_FLAIR_bias", "flair", "UCSF-PDGM-0004"),
        ("UCSF-PDGM-0004_tumor_segmentation", "truth", "UCSF-PDGM-0004"),
        ("x_flair_mask", "truth", "x"),
        ("x_brain_mask", "other", "x"),
        ("t2w", "other", ""),
        ("t2f", "flair", ""),
        ("患者_flair", "flair", "患者"),
        ("hello", "unknown", "hello"),
        ("", "unknown", ""),
    ],
)
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".NII.GZ"])
def test_names_in_use(stem: str, role: str, prefix: str, suffix: str) -> None:
    found = understand(Path("folder") / f"{stem}{suffix}")
    assert (found.role, found.prefix) == (role, prefix)


def test_what_is_a_volume() -> None:
    assert is_volume_name(Path("a.nii"))
    assert is_volume_name(Path("a.NII.gz"))
    assert not is_volume_name(Path(".a.nii"))
    assert not is_volume_name(Path("a.gz"))
    assert volume_stem(Path("a.b.nii.gz")) == "a.b"


def paths(*names: str) -> list[Path]:
    return [Path(one) for one in names]


def test_a_folder_with_each_sequence_once_is_a_case() -> None:
    (group,) = group_volumes(paths("a_seg.nii", "b_flair.nii", "c_t1.nii", "d_t2w.nii"))
    assert group.sequences == ("pre", "flair")
    assert group.images == (Path("c_t1.nii"), Path("b_flair.nii"))
    assert group.truth == Path("a_seg.nii")
    assert group.others == ["d_t2w.nii"]


def test_a_folder_of_several_patients_is_parted_by_prefix() -> None:
    first, second = group_volumes(paths("a_flair.nii", "a_seg.nii", "a_t1c.nii", "b_flair.nii"))
    assert (first.prefix, first.sequences, first.truth) == ("a", ("flair", "post"), Path("a_seg.nii"))
    assert (second.prefix, second.sequences, second.truth) == ("b", ("flair",), None)


def test_names_that_say_nothing_are_flair() -> None:
    groups = group_volumes(paths("one.nii", "two.nii"))
    assert [(one.prefix, one.sequences) for one in groups] == [("one", ("flair",)), ("two", ("flair",))]
    assert ["taken as FLAIR" in one.warnings[0] for one in groups] == [True, True]


def test_a_second_file_of_a_sequence_is_left_out_with_a_warning() -> None:
    groups = group_volumes(paths("x_flair.nii", "x_flair.nii.gz"))
    assert [one.images for one in groups] == [(Path("x_flair.nii"),)]
    assert "not used" in groups[0].warnings[0]


def test_the_first_of_several_truths_is_taken() -> None:
    (group,) = group_volumes(paths("x_flair.nii", "x_mask.nii", "x_seg.nii"))
    assert group.truth == Path("x_mask.nii")
    assert (group.truths, group.warnings) == (["x_mask.nii", "x_seg.nii"], [])
    files = CaseFiles("x", Path("x"), group.images, truths=tuple(group.truths), others=("x_t2.nii",))
    assert files.remarks == (
        "several truths: x_mask.nii, x_seg.nii; x_mask.nii is taken",
        "not used: x_t2.nii",
    )


def test_only_t2_is_no_case() -> None:
    assert group_volumes(paths("t2w.nii")) == []


def test_a_file_by_itself_finds_its_truth() -> None:
    group = lone_volume(Path("x_flair.nii"), paths("x_flair.nii", "x_t1.nii", "x_seg.nii", "y_seg.nii"))
    assert group.sequences == ("flair",)
    assert group.truth == Path("x_seg.nii")
    assert lone_volume(Path("x_t1.nii"), []).sequences == ("pre",)


def test_volumes_and_truths_of_no_case_are_told_by_the_first() -> None:
    first, second = group_volumes(
        paths("a_flair.nii", "a_t2.nii", "b_flair.nii", "b_seg.nii", "c_adc.nii", "d_seg.nii")
    )
    assert (first.truth, first.others) == (None, ["a_t2.nii", "c_adc.nii", "d_seg.nii"])
    assert (second.truths, second.others) == (["b_seg.nii"], [])
