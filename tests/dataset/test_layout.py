from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gliascope.dataset.check.check import check_data
from gliascope.dataset.layout import measure_patient, patients
from gliascope.errors import InputError

MakeSet = Callable[[dict[str, list[int]]], Path]


def test_names_tell_patient_and_institution(make_set: MakeSet) -> None:
    root = make_set({"TCGA_HT_A61B_19991127": [0], "TCGA_CS_4941_19960909": [0], "someone": [0]})
    found = [(one.name, one.patient, one.institution, one.path.name) for one in patients(root)]
    assert found == [
        ("TCGA_CS_4941_19960909", "TCGA_CS_4941", "CS", "TCGA_CS_4941_19960909"),
        ("TCGA_HT_A61B_19991127", "TCGA_HT_A61B", "HT", "TCGA_HT_A61B_19991127"),
        ("someone", "someone", "unknown", "someone"),
    ]
    assert patients(root.parent) == patients(root)


def test_a_patient_is_measured(make_set: MakeSet) -> None:
    (folder,) = patients(make_set({"TCGA_CS_1_1": [0, 3, 10, 0, 1]}))
    measured = measure_patient(folder)
    assert (measured.slices, measured.tumour_slices, measured.tumour_px) == (5, 3, 14)


def test_a_file_that_cannot_be_used_ends_the_measuring(make_set: MakeSet) -> None:
    root = make_set({"TCGA_CS_1_1": [0, 3]})
    bad = root / "TCGA_CS_1_1" / "TCGA_CS_1_1_2_mask.tif"
    bad.write_bytes(bad.read_bytes()[:50])
    with pytest.raises(InputError, match=r"TCGA_CS_1_1_2_mask\.tif: an image must be undamaged|all of an image's data"):
        measure_patient(patients(root)[0])


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must be a folder, received none"):
        patients(tmp_path / "gone")
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="must be a folder, received a file"):
        patients(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="must hold patients' folders with images, received none"):
        patients(tmp_path / "empty")


def test_a_patient_stays_whose_folder_holds_an_unused_volume(make_set: MakeSet) -> None:
    root = make_set({"TCGA_CS_1_1": [0, 3], "TCGA_CS_2_1": [0]})
    extra = root / "TCGA_CS_1_1" / "extra_t2.nii.gz"
    extra.touch()
    assert [one.name for one in patients(root)] == ["TCGA_CS_1_1", "TCGA_CS_2_1"]
    assert measure_patient(patients(root)[0]).tumour_slices == 1
    told = [(one.rule, one.path) for one in check_data(root).remarks if "TCGA_CS_1_1" in one.path]
    assert "mask-without-image" not in dict(told)
    assert [path for rule, path in told if rule == "stray-file"] == ["TCGA_CS_1_1/extra_t2.nii.gz"]


def test_two_folders_of_one_name_are_refused(make_set: MakeSet) -> None:
    root = make_set({"TCGA_CS_1_1": [0], "TCGA_CS_2_1": [0]})
    (root / "centre").mkdir()
    shutil.copytree(root / "TCGA_CS_1_1", root / "centre" / "TCGA_CS_1_1")
    with pytest.raises(InputError, match=r"must have its own name, received more than one of TCGA_CS_1_1$"):
        patients(root)


@pytest.mark.realdata
def test_the_real_layout(lgg_root: Path) -> None:
    found = patients(lgg_root)
    assert [one.name for one in found] == sorted(one.name for one in lgg_root.iterdir() if one.is_dir())
    assert all(one.patient.startswith("TCGA_") and len(one.institution) == 2 for one in found)
    measured = measure_patient(found[0])
    assert 20 <= measured.slices <= 88
    assert 3 <= measured.tumour_slices <= 37
    assert measured.tumour_px > measured.tumour_slices
