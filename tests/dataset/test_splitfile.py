from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.dataset.splitfile import Split, load_split, save_split
from gliascope.errors import SplitError

SPLIT = Split(
    train=("TCGA_CS_1_1", "TCGA_CS_2_1"), validation=("TCGA_CS_3_1",), test=("TCGA_CS_4_1",), hold_out=("TCGA_CS_4",)
)


def edited(path: Path, **changes: Any) -> Path:
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | changes), encoding="utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    save_split(SPLIT, tmp_path / "split.json")
    return tmp_path / "split.json"


def test_a_split_returns_as_it_was_written(file: Path) -> None:
    assert load_split(file) == SPLIT
    content = json.loads(file.read_text(encoding="utf-8"))
    assert content["schema"] == "gliascope.split/1"
    assert content["sides"]["validation"] == ["TCGA_CS_3_1"]
    assert content["sha256"] == SPLIT.sha256
    assert [one.name for one in file.parent.iterdir()] == ["split.json"]


def test_blanks_and_the_order_of_keys_do_not_matter(file: Path) -> None:
    content = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(dict(reversed(content.items()))), encoding="utf-8")
    assert load_split(file) == SPLIT


@given(st.data())
def test_every_edit_is_detected(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    path = tmp_path_factory.mktemp("split") / "split.json"
    save_split(SPLIT, path)
    sides = {"train": list(SPLIT.train), "validation": list(SPLIT.validation), "test": list(SPLIT.test)}
    change: dict[str, Any] = data.draw(
        st.one_of(
            st.fixed_dictionaries({"seed": st.integers(1, 9)}),
            st.fixed_dictionaries({"test_fraction": st.sampled_from([0.2, "0.25", 1])}),
            st.fixed_dictionaries({"hold_out": st.just([])}),
            st.fixed_dictionaries({"note": st.text()}),
            st.fixed_dictionaries({"sides": st.permutations(sorted(sides)).filter(lambda p: p != sorted(sides)).map(
                lambda names: {new: sides[old] for old, new in zip(sorted(sides), names, strict=True)}
            )}),
            st.fixed_dictionaries({"sides": st.just(sides | {"train": ["TCGA_CS_1_1"]})}),
            st.fixed_dictionaries({"sha256": st.just("0" * 64)}),
        )
    )  # fmt: skip
    with pytest.raises(SplitError, match="must be as it was made"):
        load_split(edited(path, **change))


def test_a_leak_is_refused_even_with_a_right_digest(file: Path) -> None:
    leaking = replace(SPLIT, test=("TCGA_CS_1_2", "TCGA_CS_4_1"))
    with pytest.raises(SplitError, match="a patient must be on one side, received TCGA_CS_1 in train and test"):
        save_split(leaking, file)
    assert load_split(file) == SPLIT
    sides = {"train": list(leaking.train), "validation": list(leaking.validation), "test": list(leaking.test)}
    with pytest.raises(SplitError, match="a patient must be on one side"):
        load_split(edited(file, sides=sides, sha256=leaking.sha256))


@pytest.mark.parametrize(
    ("split", "message"),
    [
        (replace(SPLIT, train=()), "an empty side"),
        (replace(SPLIT, test=()), "an empty side"),
        (replace(SPLIT, strategy="random"), "must be patient, slice or all, received 'random'"),
        (replace(SPLIT, strategy="all"), "where everybody trains, only the training side may have patients"),
        (replace(SPLIT, strategy="slice"), "must be named FOLDER/FILE, FILE an image, received 'TCGA_CS_1_1'"),
        (replace(SPLIT, hold_out=("TCGA_CS_2",)), "a held-out patient must not train, received TCGA_CS_2"),
        (replace(SPLIT, train=("TCGA_CS_1_1", "TCGA_CS_1_1")), "named once, received one twice in train"),
    ],
)
def test_unusable_splits_are_refused(tmp_path: Path, split: Split, message: str) -> None:
    with pytest.raises(SplitError, match=message):
        save_split(split, tmp_path / "split.json")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be a JSON file"),
        ("[]", "must have the schema gliascope.split/1 or gliascope.folds/1, received list"),
        ('{"schema": "gliascope.split/2"}', "split/1 or gliascope.folds/1, received gliascope.split/2"),
        ('{"schema": "gliascope.split/1"}', "must have all its keys, received a fault at 'sides'"),
        ('{"schema": "gliascope.split/1", "sides": 3}', "must have all its keys"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "split.json").write_text(text, encoding="utf-8")
    with pytest.raises(SplitError, match=message):
        load_split(tmp_path / "split.json")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SplitError, match="must be a JSON file, received"):
        load_split(tmp_path / "gone.json")


def test_another_split_is_replaced_only_when_told(file: Path) -> None:
    other = replace(SPLIT, seed=1)
    save_split(SPLIT, file, replace=False)
    with pytest.raises(SplitError, match="must not replace another"):
        save_split(other, file, replace=False)
    assert load_split(file) == SPLIT
    save_split(other, file)
    assert load_split(file) == other


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SplitError, match="must be written to a file"):
        save_split(SPLIT, tmp_path / "gone" / "split.json")


def test_a_folder_is_no_place_for_a_split(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for told in (True, False):
        with pytest.raises(SplitError, match=r"folder: a split must be written to a file, received a folder$"):
            save_split(load_split(file), folder, replace=told)
    assert list(folder.iterdir()) == []
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted({"folder", file.name})
