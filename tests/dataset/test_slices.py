from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.dataset.layout import PatientFolder, PatientStatistics, SliceStatistics, count_slices, patient_of
from gliascope.dataset.members import LEAK
from gliascope.dataset.slices import make_slice_split, split_slices
from gliascope.dataset.split import SIDES, Split, load_split, save_split
from gliascope.errors import SplitError
from gliascope.read import CaseFiles

MakeSet = Callable[[dict[str, list[int]]], Path]


def measured(name: str, areas: list[int]) -> PatientStatistics:
    images = tuple(Path(name) / f"{name}_{number}.tif" for number in range(1, len(areas) + 1))
    folder = PatientFolder(Path(name), name, patient_of(name), "CS", CaseFiles(name, Path(name), images))
    each = (SliceStatistics(image, image.with_suffix(".png"), area) for image, area in zip(images, areas, strict=True))
    return count_slices(folder, tuple(each))


FOLDERS = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=20), min_size=2, max_size=12).map(
    lambda drawn: [measured(f"TCGA_CS_{number}_1", areas) for number, areas in enumerate(drawn)]
)
FOLDERS = FOLDERS.filter(lambda folders: sum(one.slices for one in folders) >= 8)


def tumour(folders: list[PatientStatistics]) -> dict[str, bool]:
    return {f"{one.folder.name}/{each.image.name}": each.tumour_px > 0 for one in folders for each in one.each}


@given(FOLDERS, st.integers(0, 99))
def test_every_slice_is_on_one_side(folders: list[PatientStatistics], seed: int) -> None:
    split = split_slices(folders, seed=seed)
    assert split.strategy == "slice"
    assert split.leaks
    assert sorted(name for side in SIDES for name in getattr(split, side)) == sorted(tumour(folders))
    assert all(split.side_of(name) == side for side in SIDES for name in getattr(split, side))


@given(FOLDERS, st.integers(0, 99), st.sampled_from([0.1, 0.25, 0.5]), st.sampled_from([0.0, 0.15, 0.3]))
def test_slices_with_and_without_tumour_get_their_share(
    folders: list[PatientStatistics], seed: int, test: float, validation: float
) -> None:
    split, shows = split_slices(folders, seed=seed, test=test, validation=validation), tumour(folders)
    for kind in (True, False):
        held = {side: sum(shows[name] is kind for name in getattr(split, side)) for side in SIDES}
        whole = sum(held.values())
        assert abs(held["test"] - test * whole) <= 1
        assert abs(held["validation"] - validation * (whole - held["test"])) <= 1
        if whole > 6:
            assert all(held[side] for side in ("train", "test"))
            assert bool(held["validation"]) is (validation > 0)


@given(FOLDERS, st.integers(0, 99), st.randoms())
def test_the_order_of_the_folders_does_not_matter(
    folders: list[PatientStatistics], seed: int, chance: random.Random
) -> None:
    shuffled = folders.copy()
    chance.shuffle(shuffled)
    assert split_slices(shuffled, seed=seed) == split_slices(folders, seed=seed)


@given(FOLDERS, st.data())
def test_held_out_patients_are_tested_with_all_their_slices(
    folders: list[PatientStatistics], data: st.DataObject
) -> None:
    one = data.draw(st.sampled_from(folders))
    if tumour(folders).keys() == tumour([one]).keys():
        return
    split = split_slices(folders, hold_out=[one.folder.patient], validation=0)
    assert tumour([one]).keys() <= set(split.test)
    assert split.hold_out == (one.folder.patient,)


AREAS = {"TCGA_CS_1_1": [0, 5, 6, 0, 0, 0, 0, 0], "TCGA_DU_2_1": [7, 8, 0, 0], "TCGA_DU_3_1": [0, 0, 9, 1]}


def test_patients_are_on_both_sides_of_a_set_on_disk(make_set: MakeSet, tmp_path: Path) -> None:
    split = make_slice_split(make_set(AREAS))
    assert (len(split.train), len(split.validation), len(split.test)) == (10, 2, 4)
    assert {name.split("/")[0] for name in split.train} & {name.split("/")[0] for name in split.test}
    save_split(split, tmp_path / "split.json")
    assert load_split(tmp_path / "split.json") == split
    content = json.loads((tmp_path / "split.json").read_text(encoding="utf-8"))
    assert content["strategy"] == "slice"
    assert content["leak"] == LEAK


def test_the_split_of_known_slices_stays_as_it_was_made() -> None:
    split = split_slices([measured(name, areas) for name, areas in AREAS.items()])
    assert split.sha256 == "a753e6f0dc9856810124314a7c3f8cdf1ef8edc0582743bdbb2308f08805b8db"


def test_a_file_that_does_not_say_that_it_leaks_is_refused(make_set: MakeSet, tmp_path: Path) -> None:
    path = tmp_path / "split.json"
    save_split(make_slice_split(make_set(AREAS)), path)
    content = json.loads(path.read_text(encoding="utf-8"))
    del content["leak"]
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(SplitError, match="must be as it was made"):
        load_split(path)


A, B = "TCGA_CS_1_1/TCGA_CS_1_1_1.tif", "TCGA_CS_1_1/TCGA_CS_1_1_2.tif"


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (Split((A,), (), (A,)), "a slice must be on one side, received .*_1_1.tif in train and test"),
        (Split((A, A), (), (B,)), "a slice must be named once, received one twice in train"),
        (Split((A,), (), ()), "must have slices to train and to test"),
        (Split((A,), (), (B,), hold_out=("TCGA_CS_1",)), "a held-out patient must not train, received TCGA_CS_1"),
        *(
            (Split((wrong,), (), (B,)), "a slice must be named FOLDER/FILE, FILE an image, received")
            for wrong in ("a", "a/", "/a.tif", "a/b/c.tif", "../a.tif", "a\\b/c.tif", "a/c_mask.tif", "a/c.txt")
        ),
    ],
)  # fmt: skip
def test_unusable_splits_by_slice_are_refused(tmp_path: Path, split: Split, message: str) -> None:
    with pytest.raises(SplitError, match=message):
        save_split(replace(split, strategy="slice"), tmp_path / "split.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"test": 0.0}, "test share must be above 0 and below 1, received 0.0"),
        ({"hold_out": ["TCGA_CS_9999"]}, "must be in the data set, received TCGA_CS_9999"),
        ({"hold_out": sorted(AREAS)}, "at least one slice must be left to train, received 0 that are not tested"),
    ],
)
def test_what_makes_no_split_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SplitError, match=message):
        split_slices([measured(name, areas) for name, areas in AREAS.items()], **options)


def test_a_file_of_several_slices_is_refused() -> None:
    one = measured("TCGA_CS_1_1", [0, 1, 2])
    stack = replace(one, each=(*one.each, one.each[1]))
    with pytest.raises(SplitError, match=r"TCGA_CS_1_1_2\.tif: .* a file for each slice, received one with 2"):
        split_slices([stack])


@pytest.mark.realdata
def test_real_slices(lgg_root: Path) -> None:
    split = make_slice_split(lgg_root)
    count = sum(len(getattr(split, side)) for side in SIDES)
    assert abs(len(split.test) - count / 4) <= 1
    assert len({name.split("/")[0] for name in split.train}) == 6
