from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.dataset.folds import Folds, check_folds, fold_patients, load_folds, make_folds, save_folds
from gliascope.dataset.layout import PatientFolder, PatientStatistics, patient_of, patients
from gliascope.dataset.split import SIDES, Split, load_split, save_split
from gliascope.errors import SplitError
from gliascope.phantom import make_phantom, write_phantom
from gliascope.read import CaseFiles, read_case

MakeSet = Callable[[dict[str, list[int]]], Path]


def measured(name: str, tumour_px: int) -> PatientStatistics:
    folder = PatientFolder(Path(name), name, patient_of(name), name.split("_")[1], CaseFiles(name, Path(name), ()))
    return PatientStatistics(folder, 20, 5, tumour_px)


PATIENTS = st.lists(
    st.tuples(st.sampled_from(["CS", "DU", "HT", "EZ"]), st.integers(0, 15), st.integers(1, 3), st.integers(0, 9999)),
    min_size=8,
    max_size=60,
    unique_by=lambda drawn: drawn[:3],
).map(lambda drawn: [measured(f"TCGA_{place}_{number}_{date}", px) for place, number, date, px in drawn])
PATIENTS = PATIENTS.filter(lambda folders: len({one.folder.patient for one in folders}) >= 6)

SPREAD = [measured(f"TCGA_{'CS' if number % 3 else 'DU'}_{number:04}_1", 100 * number) for number in range(24)]


@given(PATIENTS, st.integers(2, 5), st.integers(0, 99))
def test_every_patient_is_tested_once_and_never_on_two_sides(
    folders: list[PatientStatistics], count: int, seed: int
) -> None:
    folds = fold_patients(folders, folds=count, seed=seed)
    check_folds(folds, "made")
    everybody = sorted(one.folder.name for one in folders)
    assert [one.fold for one in folds.splits] == list(range(count))
    assert sorted(name for one in folds.splits for name in one.test) == everybody
    for one in folds.splits:
        assert sorted(name for side in SIDES for name in getattr(one, side)) == everybody
        sides = [{patient_of(name) for name in getattr(one, side)} for side in SIDES]
        assert sum(map(len, sides)) == len(set.union(*sides))


@given(PATIENTS, st.integers(0, 99))
def test_the_validation_share_is_met_within_one_patient(folders: list[PatientStatistics], seed: int) -> None:
    for one in fold_patients(folders, folds=3, seed=seed).splits:
        chosen = {patient_of(name) for name in one.validation}
        rest = chosen | {patient_of(name) for name in one.train}
        assert abs(len(chosen) - 0.15 * len(rest)) <= 1
        assert chosen
    assert not any(one.validation for one in fold_patients(folders, folds=3, validation=0).splits)


@given(PATIENTS, st.integers(0, 99), st.randoms())
def test_the_order_of_the_folders_does_not_matter(
    folders: list[PatientStatistics], seed: int, chance: random.Random
) -> None:
    shuffled = folders.copy()
    chance.shuffle(shuffled)
    assert fold_patients(shuffled, folds=3, seed=seed) == fold_patients(folders, folds=3, seed=seed)


@given(PATIENTS, st.data())
def test_held_out_patients_are_in_no_fold(folders: list[PatientStatistics], data: st.DataObject) -> None:
    one = data.draw(st.sampled_from(folders)).folder
    named = data.draw(st.sampled_from([one.name, one.patient]))
    folds = fold_patients(folders, folds=2, hold_out=[named, named])
    assert folds.hold_out == (named,)
    assert one.patient not in {
        patient_of(name) for split in folds.splits for side in SIDES for name in split.sides()[side]
    }
    assert {patient_of(name) for split in folds.splits for name in split.test} == {
        other.folder.patient for other in folders
    } - {one.patient}


@given(PATIENTS, st.data())
def test_who_was_seen_trains_in_every_fold_and_is_neither_tested_nor_chooses(
    folders: list[PatientStatistics], data: st.DataObject
) -> None:
    everybody = sorted({one.folder.patient for one in folders})
    seen = data.draw(st.lists(st.sampled_from(everybody), min_size=1, max_size=len(everybody) - 4, unique=True))
    folds = fold_patients(folders, folds=2, always=seen)
    check_folds(folds, "made")
    assert {patient_of(name) for name in folds.always} == set(seen)
    for one in folds.splits:
        assert set(folds.always) <= set(one.train)
    tested = {patient_of(name) for one in folds.splits for name in one.test}
    assert tested == set(everybody) - set(seen)


def test_folds_with_patients_who_always_train_return_as_they_were_written(tmp_path: Path) -> None:
    folds = fold_patients(SPREAD, folds=2, always=["TCGA_CS_0001"], hold_out=["TCGA_CS_0002"])
    save_folds(folds, tmp_path / "folds.json")
    assert load_folds(tmp_path / "folds.json") == folds
    assert load_split(tmp_path / "folds.json", 1) == folds.splits[1]
    spared = replace(folds, always=(*folds.always, folds.splits[0].test[0]))
    with pytest.raises(SplitError, match=r"must train in every fold, received TCGA_.* in fold 0"):
        save_folds(spared, tmp_path / "folds.json")


def test_a_held_out_patient_does_not_train_although_it_was_seen() -> None:
    folds = fold_patients(SPREAD, folds=2, always=["TCGA_CS_0001"], hold_out=["TCGA_CS_0001"])
    assert folds.always == ()
    assert all("TCGA_CS_0001_1" not in one.train for one in folds.splits)


def test_the_folds_of_known_patients_stay_as_they_were_made() -> None:
    assert (
        fold_patients(SPREAD, hold_out=["TCGA_CS_0001"]).sha256
        == "5378c501eba76c7d70863477cdde6266322170c4b708dfa4e21c248739b0dcd5"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"folds": 1}, "must be 2 folds or more, none without a patient, received 1 of 8"),
        ({"folds": 9}, "must be 2 folds or more, none without a patient, received 9 of 8"),
        ({"validation": 1.0}, "validation share must be 0 or more and below 1, received 1.0"),
        ({"hold_out": ["TCGA_CS_9999"]}, "must be in the data set, received TCGA_CS_9999"),
        ({"folds": 2, "validation": 0.9}, "at least one patient must be left to train, received 4 who are not tested"),
    ],
)
def test_what_makes_no_folds_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SplitError, match=message):
        fold_patients([measured(f"TCGA_CS_{number}_1", number) for number in range(8)], **options)


@pytest.fixture
def folds() -> Folds:
    return fold_patients(SPREAD, folds=3, seed=5, hold_out=["TCGA_CS_0001"])


def test_folds_return_as_they_were_written(tmp_path: Path, folds: Folds) -> None:
    path = tmp_path / "folds.json"
    save_folds(folds, path)
    assert load_folds(path) == folds
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["schema"] == "gliascope.folds/1"
    assert content["sha256"] == folds.sha256
    assert [load_split(path, fold) for fold in range(3)] == list(folds.splits)
    assert len({one.sha256 for one in folds.splits}) == 3


def test_a_fold_may_be_kept_as_a_split_of_its_own(tmp_path: Path, folds: Folds) -> None:
    path = tmp_path / "split.json"
    save_split(folds.splits[2], path)
    assert load_split(path) == folds.splits[2]
    assert load_split(path).fold == 2
    with pytest.raises(SplitError, match="with a file of folds alone, received fold 2 of one split"):
        load_split(path, 2)
    with pytest.raises(SplitError, match=r"must have the schema gliascope\.folds/1, received gliascope.split/1"):
        load_folds(path)


@pytest.mark.parametrize(("fold", "received"), [(None, "none"), (3, "3"), (-1, "-1")])
def test_a_file_of_folds_is_read_fold_by_fold(tmp_path: Path, folds: Folds, fold: int | None, received: str) -> None:
    save_folds(folds, tmp_path / "folds.json")
    with pytest.raises(SplitError, match=rf"holds 3 folds, a fold from 0 to 2 must be named .*, received {received}$"):
        load_split(tmp_path / "folds.json", fold)


def moved(content: dict[str, Any]) -> None:
    content["folds"][0]["train"].append(content["folds"][0]["test"].pop())


def dropped(content: dict[str, Any]) -> None:
    content["folds"].pop()


def reordered(content: dict[str, Any]) -> None:
    content["folds"].reverse()


def renamed(content: dict[str, Any]) -> None:
    content["strategy"] = "slice"


def noted(content: dict[str, Any]) -> None:
    content["note"] = ""


@pytest.mark.parametrize("edit", [moved, dropped, reordered, renamed, noted])
def test_every_edit_is_detected(tmp_path: Path, folds: Folds, edit: Callable[[dict[str, Any]], None]) -> None:
    path = tmp_path / "folds.json"
    save_folds(folds, path)
    content = json.loads(path.read_text(encoding="utf-8"))
    edit(content)
    path.write_text(json.dumps(content), encoding="utf-8")
    for load in (load_folds, lambda one: load_split(one, 0)):
        with pytest.raises(SplitError, match="must be as it was made"):
            load(path)


@pytest.mark.parametrize("key", ["folds", "seed", "hold_out", "validation_fraction"])
def test_a_file_without_a_key_is_refused(tmp_path: Path, folds: Folds, key: str) -> None:
    content = folds.content()
    del content[key]
    (tmp_path / "folds.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(SplitError, match="must have all their keys, received a fault at"):
        load_folds(tmp_path / "folds.json")


def test_no_folds_at_all_are_refused(tmp_path: Path, folds: Folds) -> None:
    (tmp_path / "folds.json").write_text(json.dumps(folds.content() | {"folds": []}), encoding="utf-8")
    with pytest.raises(SplitError, match="must have all their keys"):
        load_folds(tmp_path / "folds.json")


A, B, C = "TCGA_CS_1_1", "TCGA_CS_2_1", "TCGA_CS_3_1"


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ([Split((A,), (), (B,))], "at least 2 folds, received 1"),
        ([Split((A, C), (), (B,)), Split((B,), (), (A,))], "received others in fold 0"),
        ([Split((A,), (), (B,)), Split((A,), (), (B,)), Split((B,), (), (A,))], "TCGA_CS_2 in folds 0 and 1"),
        ([Split((A,), (A,), (B,)), Split((B,), (), (A,))], "fold 0: a patient must be on one side"),
        ([Split((), (A,), (B,)), Split((B,), (), (A,))], "fold 0: .* an empty side"),
        ([Split((A,), (), (B,), "slice"), Split((B,), (), (A,))], "by patient, received strategy 'slice'"),
    ],
)
def test_folds_that_do_not_test_each_once_are_refused(tmp_path: Path, splits: list[Split], message: str) -> None:
    with pytest.raises(SplitError, match=message):
        save_folds(Folds(tuple(splits)), tmp_path / "folds.json")
    assert not list(tmp_path.iterdir())


def test_a_held_out_patient_in_a_fold_is_refused(tmp_path: Path, folds: Folds) -> None:
    name = folds.splits[0].test[0]
    with pytest.raises(SplitError, match=f"must be in no fold, received {patient_of(name)}"):
        save_folds(replace(folds, hold_out=(name,)), tmp_path / "folds.json")


def test_other_folds_are_replaced_only_when_told(tmp_path: Path, folds: Folds) -> None:
    path = tmp_path / "folds.json"
    save_folds(folds, path)
    save_folds(folds, path, replace=False)
    with pytest.raises(SplitError, match="must not replace another"):
        save_folds(fold_patients(SPREAD, folds=2), path, replace=False)
    with pytest.raises(SplitError, match="must not replace another"):
        save_split(folds.splits[0], path, replace=False)
    assert load_folds(path) == folds


def test_patients_are_known_by_their_slices(tmp_path: Path) -> None:
    for seed in range(6):
        write_phantom(make_phantom(seed, slices=3, size=64, lesion_radius_px=8), tmp_path)
    first, second, *others = patients(tmp_path)
    seen = {read_case(one.files).sources[place].sha256 for place, one in ((0, first), (2, second))}
    folds = make_folds(tmp_path, folds=2, seen={*seen, "another"})
    assert folds.always == (first.name, second.name)
    assert sorted(name for one in folds.splits for name in one.test) == [one.name for one in others]


def test_a_set_on_disk_is_folded(make_set: MakeSet) -> None:
    root = make_set({f"TCGA_{place}_{number}_1": [0, number] for place in ("CS", "DU") for number in range(6)})
    folds = make_folds(root, folds=3)
    for one in folds.splits:
        assert Counter(name.split("_")[1] for name in one.test) == {"CS": 2, "DU": 2}


@pytest.mark.realdata
def test_real_patients_are_folded_evenly(lgg_root: Path) -> None:
    folds = make_folds(lgg_root, folds=3, validation=0.25)
    assert [len(one.test) for one in folds.splits] == [2, 2, 2]
    assert [len(one.validation) for one in folds.splits] == [1, 1, 1]
