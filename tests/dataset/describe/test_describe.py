from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("seaborn")

from gliascope.dataset.describe import survey
from gliascope.dataset.describe.describe import Description
from gliascope.dataset.describe.tables import TYPES
from gliascope.errors import InputError
from gliascope.read import read_case
from gliascope.scan import Case

Describe = Callable[..., Description]


def test_one_row_a_slice(root: Path, described: Describe) -> None:
    found = described(root)
    table = found.slices
    assert list(table.columns) == [*TYPES, "gender", "age", "note"]
    assert len(table) == 12
    assert list(table["slice"][:4]) == [1, 2, 3, 4]
    assert list(table["tumour_px"]) == [0, 10, 20, 0, 0, 0, 5, 0, 0, 12, 0, 0]
    assert list(table["tumour"].astype(str)[:3]) == ["no tumour", "tumour", "tumour"]
    assert table["image"][1] == "TCGA_AA_1_19990101/TCGA_AA_1_19990101_2.tif"
    assert table["mask"][1] == "TCGA_AA_1_19990101/TCGA_AA_1_19990101_2_mask.tif"
    assert all((root / one).is_file() for name in ("image", "mask") for one in table[name])
    assert list(table["position"][4:7]) == [0.0, 0.5, 1.0]
    assert list(table["post_real"]) == [True] * 4 + [False] * 3 + [True] * 5
    assert table["pre_real"].all()
    assert list(table["rows"].unique()) == [48, 40]
    assert (table["head_px"] > table["tumour_px"]).all()


def test_clinical_values_are_on_every_slice_of_their_patient(root: Path, described: Describe) -> None:
    table = described(root).slices
    assert list(table["age"]) == [40] * 4 + [51] * 3 + [62] * 5
    assert table["gender"][4:7].isna().all()
    assert str(table["gender"].dtype) == "Int64"


def test_one_row_a_patient(root: Path, described: Describe) -> None:
    table = described(root).patients.set_index("folder")
    first = table.loc["TCGA_AA_1_19990101"]
    assert (first["patient"], first["institution"], first["size"]) == ("TCGA_AA_1", "AA", "48 x 48")
    assert (first["slices"], first["outlined"], first["tumour_slices"]) == (4, 4, 2)
    assert (first["tumour_px"], first["largest_px"]) == (30, 20)
    assert list(table["missing"]) == ["", "post", ""]
    assert list(table["age"]) == [40, 51, 62]


def test_places_and_intensities_add_up(root: Path, described: Describe) -> None:
    found = described(root)
    assert found.places[0].max() <= 3
    assert found.places[1].max() == 3
    sums = found.intensities.groupby(["sequence", "stage", "region"])["pixels"].sum()
    for stage in ("before CLAHE", "after CLAHE"):
        assert sums["flair", stage, "tumour"] == found.slices["tumour_px"].sum()
        assert sums["flair", stage].sum() == found.slices["head_px"].sum()
        assert sums["post", stage, "tumour"] == 30 + 12
    flair = found.intensities.query("sequence == 'flair' and stage == 'before CLAHE' and region == 'tumour'")
    assert set(flair["level"]) == {190}


def test_after_clahe_is_what_the_networks_get(root: Path, described: Describe) -> None:
    before, after = (
        described(root).intensities.query(f"sequence == 'flair' and stage == '{one} CLAHE'")["level"]
        for one in ("before", "after")
    )
    assert set(before) != set(after)


def test_one_patient_is_in_memory_at_a_time(root: Path, described: Describe, monkeypatch: pytest.MonkeyPatch) -> None:
    alive: list[Any] = []
    most: list[int] = []

    def watched(files: Any) -> Case:
        gc.collect()
        most.append(sum(one() is not None for one in alive))
        case = read_case(files)
        alive.extend(weakref.ref(one.pixels) for one in case.scans)
        return case

    monkeypatch.setattr(survey, "read_case", watched)
    found = described(root)
    gc.collect()
    assert most == [0, 0, 0]
    assert not any(one() is not None for one in alive)
    assert len(found.slices) == 12


def test_a_set_without_a_clinical_table(root: Path, described: Describe) -> None:
    (root / "data.csv").unlink()
    found = described(root)
    assert found.clinical is None
    assert list(found.slices.columns) == list(TYPES)
    assert found.problems == ()


def test_a_table_nobody_asked_for_is_a_problem_and_no_end(root: Path, described: Describe) -> None:
    (root / "data.csv").write_text("name,value\nsomebody,1\n", encoding="utf-8")
    found = described(root)
    assert found.clinical is None
    assert [one.path for one in found.problems] == [str(root / "data.csv")]
    assert "must have a column with the patients' names" in found.problems[0].message
    with pytest.raises(InputError, match="must have a column"):
        described(root, root / "data.csv")


def test_damaged_files_are_problems_and_the_rest_is_described(root: Path, described: Describe) -> None:
    folder = root / "TCGA_BB_3_19990103"
    (folder / "TCGA_BB_3_19990103_1.tif").write_bytes(b"no image")
    (folder / "TCGA_BB_3_19990103_3_mask.tif").write_bytes(b"no mask")
    found = described(root)
    assert {Path(one.path).name for one in found.problems} == {
        "TCGA_BB_3_19990103_1.tif",
        "TCGA_BB_3_19990103_3_mask.tif",
    }
    mine = found.slices[found.slices["folder"] == folder.name]
    assert list(mine["slice"]) == [2, 3, 4, 5]
    assert list(mine["tumour"].isna()) == [False, True, False, False]
    assert mine["mask"].isna().sum() == 1


def test_a_set_of_damaged_files_alone_is_refused(tmp_path: Path, described: Describe) -> None:
    folder = tmp_path / "set" / "one"
    folder.mkdir(parents=True)
    (folder / "one_1.tif").write_bytes(b"no image")
    with pytest.raises(InputError, match="must have slices that can be read"):
        described(tmp_path / "set")


@pytest.mark.realdata
def test_real_patients(lgg_root: Path, described: Describe) -> None:
    found = described(lgg_root)
    assert found.clinical is not None
    assert found.problems == ()
    assert len(found.patients) == 6
    first = found.slices.query("folder == 'TCGA_CS_4941_19960909'")
    assert len(first) == 23
    assert int(first["tumour_px"].sum()) == 14379
    assert set(first["age_at_initial_pathologic"]) == {67}
    assert np.isclose(
        found.intensities.query("region == 'tumour'")["pixels"].sum(), 6 * found.slices["tumour_px"].sum()
    )
