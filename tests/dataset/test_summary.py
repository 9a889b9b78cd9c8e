from __future__ import annotations

from pathlib import Path

from gliascope.dataset.layout import PatientFolder, PatientStatistics, patient_of
from gliascope.dataset.split import Split
from gliascope.dataset.summary import SideRow, summarise
from gliascope.read import CaseFiles


def measured(name: str, slices: int, tumour_slices: int, tumour_px: int) -> PatientStatistics:
    folder = PatientFolder(Path(name), name, patient_of(name), name.split("_")[1], CaseFiles(name, Path(name), ()))
    return PatientStatistics(folder, slices, tumour_slices, tumour_px)


def test_sides_are_counted_by_institution() -> None:
    split = Split(train=("TCGA_DU_1_1", "TCGA_CS_1_1", "TCGA_CS_1_2"), validation=(), test=("TCGA_CS_2_1",))
    folders = [
        measured("TCGA_CS_1_1", 20, 5, 100),
        measured("TCGA_CS_1_2", 30, 6, 10),
        measured("TCGA_CS_2_1", 40, 7, 1),
        measured("TCGA_DU_1_1", 50, 8, 1000),
        measured("TCGA_DU_9_1", 60, 9, 5),
    ]
    assert summarise(split, folders) == [
        SideRow("train", "CS", 1, 50, 11, 110, 0, 1, 0),
        SideRow("train", "DU", 1, 50, 8, 1000, 0, 0, 1),
        SideRow("train", "all", 2, 100, 19, 1110, 0, 1, 1),
        SideRow("validation", "all", 0, 0, 0, 0, 0, 0, 0),
        SideRow("test", "CS", 1, 40, 7, 1, 1, 0, 0),
        SideRow("test", "all", 1, 40, 7, 1, 1, 0, 0),
    ]
