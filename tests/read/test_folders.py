"""How folders are called: alike in a data set, and one patient's apart from another's."""

from __future__ import annotations

from pathlib import Path

import pytest

from gliascope.read.folders import case_name, folder_name


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("set/sub-01/ses-02/anat", "sub-01/ses-02"),
        ("set/sub-01/ses-pre/anat", "sub-01/ses-pre"),
        ("set/Patient-001/week-000-1", "Patient-001/week-000-1"),
        ("set/P1/20200131", "P1/20200131"),
        ("set/P1/2020-01-31_MRI", "P1/2020-01-31_MRI"),
        ("set/P1/1.2.840.113619.2", "P1/1.2.840.113619.2"),
        ("set/P1/baseline", "P1/baseline"),
        ("set/P1/t1", "P1/t1"),
        ("set/HGG/Brats19_CBICA_AAB_1", "Brats19_CBICA_AAB_1"),
        ("set/P1/nifti", "P1"),
        ("set/007", "007"),
    ],
)
def test_sessions_are_named_with_their_patient(place: str, name: str) -> None:
    assert folder_name(Path("/data") / place) == name


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("set/sub-01/anat", "sub-01"),
        ("set/sub-01/ses-02/anat", "sub-01_ses-02"),
        ("set/sub-01/ses-pre", "sub-01_ses-pre"),
        ("set/P1/2020-01-31/MRI", "P1_2020-01-31"),
        ("set/P1/images", "P1"),
        ("set/sub-01", "sub-01"),
        ("set/P1/week-000-1", "week-000-1"),
        ("set/P1/20200131", "20200131"),
        ("set/P1/t1", "t1"),
        ("set/007", "007"),
        ("anat/set/../P1", "P1"),
    ],
)
def test_a_case_is_named_with_its_subject_where_its_folder_only_says_what_it_holds(place: str, name: str) -> None:
    assert case_name(Path("/data") / place) == name


def test_folders_without_a_name_above() -> None:
    assert case_name(Path("/")) == ""
    assert case_name(Path("/anat")) == "anat"


def test_a_relative_folder_is_named_by_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "sub-07" / "anat"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    assert case_name(Path()) == "sub-07"
    assert case_name(Path("..")) == "sub-07"
