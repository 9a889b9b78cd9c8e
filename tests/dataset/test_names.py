"""Whose a folder is: names as data sets use them, each with the patient that must not be on two sides."""

from __future__ import annotations

from pathlib import Path

import pytest

from gliascope.dataset.layout import patients
from gliascope.dataset.members import Split
from gliascope.dataset.names import UNKNOWN, institution_of, patient_of
from gliascope.dataset.rules import check_split
from gliascope.dataset.split import make_split
from gliascope.errors import InputError, SplitError
from gliascope.phantom import make_phantom, write_phantom_volumes

KNOWN = [
    ("TCGA_CS_4941_19960909", "TCGA_CS_4941", "CS"),
    ("TCGA_CS_1_1", "TCGA_CS_1", "CS"),
    ("TCGA-CS-4941_1996.10.16", "TCGA-CS-4941", "CS"),
    ("TCGA-06-0125", "TCGA-06-0125", "06"),
    ("Brats19_CBICA_AAB_1", "Brats19_CBICA_AAB", "CBICA"),
    ("BraTS2021_01476", "BraTS2021_01476", UNKNOWN),
    ("BraTS-GLI-00005-100", "BraTS-GLI-00005", UNKNOWN),
    ("UPENN-GBM-00001_21", "UPENN-GBM-00001", UNKNOWN),
    ("UCSF-PDGM-0004_FU001d", "UCSF-PDGM-0004", UNKNOWN),
    ("PatientID_0003_Timepoint_1", "PatientID_0003", UNKNOWN),
    ("sub-01_ses-02", "sub-01", UNKNOWN),
    ("sub-01/ses-02", "sub-01", UNKNOWN),
    ("P1_ses-pre", "P1", UNKNOWN),
    ("Patient-001/week-000-1", "Patient-001", UNKNOWN),
    ("P1_2020-01-31", "P1", UNKNOWN),
    ("patient7_t2", "patient7", UNKNOWN),
    ("site_A_patient_01", "site_A_patient_01", "A"),
    ("site_A_patient_02_20200101", "site_A_patient_02", "A"),
    ("someone", "someone", UNKNOWN),
    ("001", "001", UNKNOWN),
]


@pytest.mark.parametrize(("name", "patient", "institution"), KNOWN)
def test_names_tell_the_patient(name: str, patient: str, institution: str) -> None:
    assert (patient_of(name), institution_of(name)) == (patient, institution)


@pytest.fixture(scope="module")
def visits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five patients of two dates each, whose folders all have the same two names."""
    root = tmp_path_factory.mktemp("visits") / "set"
    for seed in range(10):
        place = root / f"Patient-{seed // 2:03d}"
        made = write_phantom_volumes(make_phantom(seed, slices=2, size=64, lesion_radius_px=6), place)
        made.rename(place / f"week-{seed % 2}")
    return root


def test_all_dates_of_a_patient_are_on_one_side(visits: Path) -> None:
    assert [one.name for one in patients(visits)][:3] == [
        "Patient-000/week-0",
        "Patient-000/week-1",
        "Patient-001/week-0",
    ]
    for seed in range(5):
        split = make_split(visits, seed=seed, test=0.3, validation=0.3)
        sides = [{patient_of(name) for name in side} for side in (split.train, split.validation, split.test)]
        assert sum(map(len, sides)) == len(set.union(*sides)) == 5
        assert [len(split.train) % 2, len(split.validation) % 2, len(split.test) % 2] == [0, 0, 0]


def test_a_split_that_parts_the_dates_of_a_patient_is_refused() -> None:
    with pytest.raises(SplitError, match="must be on one side, received sub-01 in train and test"):
        check_split(Split(train=("sub-01/ses-01", "sub-02/ses-01"), validation=(), test=("sub-01/ses-02",)), "x")


def test_cases_in_one_folder_are_named_by_their_files(visits: Path, tmp_path: Path) -> None:
    for number, name in enumerate(("20200101", "20210101")):
        for path in (visits / "Patient-000" / f"week-{number}").glob("*.nii.gz"):
            target = tmp_path / "P1" / f"{name}_{path.name.rsplit('_', 1)[1]}"
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(path.read_bytes())
    assert [(one.name, one.patient) for one in patients(tmp_path)] == [("P1/20200101", "P1"), ("P1/20210101", "P1")]


def test_volumes_of_one_name_are_refused(visits: Path, tmp_path: Path) -> None:
    for place in ("one", "two"):
        folder = tmp_path / place / "P1"
        folder.mkdir(parents=True)
        for path in (visits / "Patient-000" / "week-0").glob("*.nii.gz"):
            (folder / path.name).write_bytes(path.read_bytes())
    with pytest.raises(InputError, match="must have its own name, received more than one of P1"):
        patients(tmp_path)
