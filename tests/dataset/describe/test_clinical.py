from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from gliascope.dataset.describe.clinical import find_clinical, join_clinical, read_clinical
from gliascope.dataset.layout import patients
from gliascope.errors import InputError


def test_types_know_missing_values(root: Path) -> None:
    found = read_clinical(root / "data.csv", patients(root))
    assert found.key == "Patient"
    assert str(found.as_read["gender"].dtype) == "float64"
    assert {name: str(kind) for name, kind in found.table.dtypes.items()} == {
        "patient": "string",
        "gender": "Int64",
        "age": "Int64",
        "note": "string",
    }
    assert found.without_images == ("TCGA_BB_9",)
    assert found.warnings == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_key_may_stand_anywhere_and_name_folders(root: Path, delimiter: str) -> None:
    path = root / "own.csv"
    text = "age,folder\n33,TCGA_AA_2_19990102\n"
    path.write_text("\ufeff" + text.replace(",", delimiter), encoding="utf-8")
    found = read_clinical(path, patients(root))
    assert found.key == "folder"
    assert list(found.table["patient"]) == ["TCGA_AA_2"]
    assert found.warnings == ("own.csv has no row for TCGA_AA_1, TCGA_BB_3",)


def test_a_name_that_is_taken_gets_an_ending(root: Path) -> None:
    path = root / "own.csv"
    path.write_text("Patient,slices\nTCGA_AA_1,99\n", encoding="utf-8")
    table = pd.DataFrame({"patient": ["TCGA_AA_1", "TCGA_AA_2"], "slices": [4, 3]})
    joined = join_clinical(table, read_clinical(path, patients(root)))
    assert list(joined["slices"]) == [4, 3]
    assert joined["slices_clinical"][0] == 99
    assert joined["slices_clinical"].isna()[1]
    assert join_clinical(table, None) is table


def test_the_table_is_found_beside_the_patients(root: Path) -> None:
    assert find_clinical(root.parent, patients(root.parent)) == root / "data.csv"
    assert find_clinical(root, patients(root)) == root / "data.csv"
    (root / "data.csv").unlink()
    assert find_clinical(root.parent, patients(root.parent)) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must be CSV in UTF-8 with a header"),
        (b"\xff\xfe\x00", "must be CSV in UTF-8 with a header"),
        (b"Patient,age\nsomebody,3\n", "must have a column with the patients' names, as TCGA_AA_1"),
        (b"Patient,age\nTCGA_AA_1,3\nTCGA_AA_1,4\n", "a patient must have one row, received several for TCGA_AA_1"),
    ],
)
def test_other_files_are_refused(root: Path, content: bytes, message: str) -> None:
    path = root / "own.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_clinical(path, patients(root))


def test_the_same_row_twice_is_one(root: Path) -> None:
    path = root / "own.csv"
    path.write_text("Patient,age\nTCGA_AA_1,3\nTCGA_AA_1,3\n,5\n", encoding="utf-8")
    assert len(read_clinical(path, patients(root)).table) == 1
