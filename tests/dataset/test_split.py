from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.dataset.layout import PatientFolder, PatientStatistics, patient_of
from gliascope.dataset.split import SIDES, Split, make_split, split_patients
from gliascope.errors import SplitError
from gliascope.read import CaseFiles

MakeSet = Callable[[dict[str, list[int]]], Path]


def measured(name: str, tumour_px: int) -> PatientStatistics:
    files = CaseFiles(name, Path(name), ())
    return PatientStatistics(
        PatientFolder(Path(name), name, patient_of(name), name.split("_")[1], files), 20, 5, tumour_px
    )


PATIENTS = st.lists(
    st.tuples(st.sampled_from(["CS", "DU", "HT", "EZ"]), st.integers(0, 15), st.integers(1, 3), st.integers(0, 9999)),
    min_size=8,
    max_size=60,
    unique_by=lambda drawn: drawn[:3],
).map(lambda drawn: [measured(f"TCGA_{place}_{number}_{date}", px) for place, number, date, px in drawn])


def sides(split: Split) -> dict[str, tuple[str, ...]]:
    return {side: getattr(split, side) for side in SIDES}


@given(PATIENTS, st.integers(0, 99))
def test_every_folder_is_on_one_side_and_no_patient_on_two(folders: list[PatientStatistics], seed: int) -> None:
    split = split_patients(folders, seed=seed, test=0.4)
    names = [name for side in sides(split).values() for name in side]
    assert sorted(names) == sorted(one.folder.name for one in folders)
    sides_of: dict[str, set[str]] = {}
    for side, held in sides(split).items():
        for name in held:
            sides_of.setdefault(patient_of(name), set()).add(side)
    assert all(len(found) == 1 for found in sides_of.values())
    assert all(split.side_of(name) == side for side, held in sides(split).items() for name in held)


@given(PATIENTS, st.integers(0, 99), st.sampled_from([0.2, 0.25, 0.5]), st.sampled_from([0.0, 0.15, 0.3]))
def test_the_shares_are_met_within_one_patient(
    folders: list[PatientStatistics], seed: int, test: float, validation: float
) -> None:
    everybody = {one.folder.patient for one in folders}
    split = split_patients(folders, seed=seed, test=test, validation=validation)
    count = {side: len({patient_of(name) for name in held}) for side, held in sides(split).items()}
    assert abs(count["test"] - test * len(everybody)) <= 1
    assert abs(count["validation"] - validation * (len(everybody) - count["test"])) <= 1


@given(PATIENTS, st.integers(0, 99))
def test_no_side_that_was_asked_for_is_empty(folders: list[PatientStatistics], seed: int) -> None:
    split = split_patients(folders, seed=seed, test=0.01, validation=0.01)
    assert all(sides(split).values())
    assert not split_patients(folders, seed=seed, validation=0).validation


@given(PATIENTS, st.integers(0, 99), st.randoms())
def test_the_order_of_the_folders_does_not_matter(
    folders: list[PatientStatistics], seed: int, chance: random.Random
) -> None:
    shuffled = folders.copy()
    chance.shuffle(shuffled)
    assert split_patients(shuffled, seed=seed, test=0.4) == split_patients(folders, seed=seed, test=0.4)


@given(PATIENTS, st.data())
def test_held_out_patients_are_tested_with_all_their_folders(
    folders: list[PatientStatistics], data: st.DataObject
) -> None:
    some = data.draw(st.lists(st.sampled_from(folders), max_size=3))
    ids = [data.draw(st.sampled_from([one.folder.name, one.folder.patient])) for one in some]
    split = split_patients(folders, test=0.4, hold_out=ids)
    held = {one.folder.patient for one in some}
    assert {one.folder.name for one in folders if one.folder.patient in held} <= set(split.test)
    assert split.hold_out == tuple(sorted(set(ids)))


def test_the_split_of_known_patients_stays_as_it_was_made() -> None:
    folders = [measured(f"TCGA_{'CS' if number % 3 else 'DU'}_{number:04}_1", 100 * number) for number in range(24)]
    split = split_patients(folders, seed=0, hold_out=["TCGA_CS_0001"])
    assert split.sha256 == "26962dad71101d5fc63334b02cd8016c56beba3d579041c93c39b77b280ab3a7"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"test": 0.0}, "test share must be above 0 and below 1, received 0.0"),
        ({"test": 1.0}, "test share must be above 0 and below 1, received 1.0"),
        ({"validation": -0.1}, "validation share must be 0 or more and below 1, received -0.1"),
        ({"validation": 1.0}, "validation share must be 0 or more and below 1, received 1.0"),
        ({"hold_out": ["TCGA_CS_7", "TCGA_CS_9999"]}, "must be in the data set, received TCGA_CS_9999"),
        ({"hold_out": [f"TCGA_CS_{number}" for number in range(8)]}, "left to train, received 0 who are not tested"),
    ],
)
def test_what_makes_no_split_is_refused(options: dict[str, float], message: str) -> None:
    folders = [measured(f"TCGA_CS_{number}_1", number) for number in range(8)]
    with pytest.raises(SplitError, match=message):
        split_patients(folders, **options)  # type: ignore[arg-type]  # options of several types


def test_a_set_on_disk_is_split_whatever_its_listing_order(make_set: MakeSet, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make_set({f"TCGA_{place}_{number}_1": [0, number] for place in ("CS", "DU") for number in range(8)})
    split = make_split(root, hold_out=["TCGA_DU_3"])
    assert (len(split.train), len(split.validation), len(split.test)) == (10, 2, 4)
    assert "TCGA_DU_3_1" in split.test
    assert Counter(name.split("_")[1] for name in split.test) == {"CS": 2, "DU": 2}
    listed = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda self: reversed(list(listed(self))))
    assert make_split(root, hold_out=["TCGA_DU_3"]) == split
