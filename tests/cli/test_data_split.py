from __future__ import annotations

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gliascope.dataset.folds import load_folds
from gliascope.dataset.members import LEAK
from gliascope.dataset.split import load_split

Cli = Callable[..., Any]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for place in ("CS", "DU"):
        for number in range(8):
            name = f"TCGA_{place}_{number}_1"
            folder = tmp_path / "kaggle_3m" / name
            folder.mkdir(parents=True)
            Image.fromarray(np.full((4, 4, 3), (1, number, 9), np.uint8)).save(folder / f"{name}_1.tif")
            Image.fromarray(np.eye(4, dtype=np.uint8) * np.uint8(255)).save(folder / f"{name}_1_mask.tif")
    return tmp_path / "kaggle_3m"


def test_the_split_is_written_and_shown(cli: Cli, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "split.json"
    result = cli("data", "split", root, "-o", out, "--hold-out", "TCGA_CS_1,TCGA_CS_2", "--hold-out", "TCGA_DU_5_1")
    assert result.status == 0, result.err
    split = load_split(out)
    assert split.hold_out == ("TCGA_CS_1", "TCGA_CS_2", "TCGA_DU_5_1")
    assert {"TCGA_CS_1_1", "TCGA_CS_2_1", "TCGA_DU_5_1"} < set(split.test)
    rows = [line.split() for line in result.out.splitlines()]
    assert rows[0] == ["side", "institution", "patients", "slices", "tumour", "slices", "small", "middle", "large"]
    assert [row[:5] for row in rows if row[:2] == ["test", "all"]] == [["test", "all", "4", "4", "4"]]
    assert split.sha256 in result.err


def test_json(cli: Cli, root: Path, tmp_path: Path) -> None:
    result = cli("data", "split", root, "-o", tmp_path / "split.json", "--json", "--test", "0.5", "--validation", "0")
    said = json.loads(result.out)
    assert said["sha256"] == load_split(tmp_path / "split.json").sha256
    assert [row["patients"] for row in said["sides"] if row["institution"] == "all"] == [8, 0, 8]


def test_a_different_split_is_replaced_by_force_alone(cli: Cli, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "split.json"
    assert cli("data", "split", root, "-o", out, "-q") == cli("data", "split", root, "-o", out, "-q")
    first = load_split(out)
    result = cli("data", "split", root, "-o", out, "--seed", 1)
    assert result.status == 1
    assert "must not replace another unless told to" in result.err
    assert load_split(out) == first
    assert cli("data", "split", root, "-o", out, "--seed", 1, "--force").status == 0
    assert load_split(out).seed == 1


def test_folds_are_written_and_shown_side_by_side(cli: Cli, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "folds.json"
    result = cli("data", "split", root, "-o", out, "--folds", 4, "--hold-out", "TCGA_CS_1")
    assert result.status == 0, result.err
    folds = load_folds(out)
    assert [len(one.test) for one in folds.splits] == [4, 4, 4, 3]
    assert folds.hold_out == ("TCGA_CS_1",)
    head, *rows = [line.split() for line in result.out.splitlines()]
    assert head == ["fold", "side", "patients", "slices", "tumour", "slices", "small", "middle", "large", "CS", "DU"]
    assert [row[:2] for row in rows] == [
        [str(fold), side] for fold in range(4) for side in ("train", "validation", "test")
    ]
    assert all(int(row[2]) == sum(map(int, row[5:8])) == sum(map(int, row[8:])) for row in rows)
    assert folds.sha256 in result.err


def test_folds_as_json(cli: Cli, root: Path, tmp_path: Path) -> None:
    result = cli("data", "split", root, "-o", tmp_path / "folds.json", "--folds", 2, "--json")
    said = json.loads(result.out)
    assert said["sha256"] == load_folds(tmp_path / "folds.json").sha256
    tested = [row for fold in said["folds"] for row in fold["sides"] if row["side"] == "test"]
    assert [(row["institution"], row["patients"]) for row in tested] == [("CS", 4), ("DU", 4), ("all", 8)] * 2


def many_slices(root: Path) -> None:
    for folder in root.iterdir():
        for number in range(2, 6):
            Image.fromarray(np.full((4, 4, 3), (number, 1, 9), np.uint8)).save(folder / f"{folder.name}_{number}.tif")
            Image.fromarray(np.zeros((4, 4), np.uint8)).save(folder / f"{folder.name}_{number}_mask.tif")


def test_a_split_by_slice_says_that_it_leaks(cli: Cli, root: Path, tmp_path: Path) -> None:
    many_slices(root)
    out = tmp_path / "split.json"
    result = cli("data", "split", root, "-o", out, "--strategy", "slice")
    assert result.status == 0, result.err
    assert result.err.endswith(f"warning: {LEAK}\n")
    split = load_split(out)
    assert split.leaks
    assert (len(split.train), len(split.validation), len(split.test)) == (51, 9, 20)
    tumour = {side: sum(name.endswith("_1.tif") for name in split.sides()[side]) for side in split.sides()}
    assert tumour == {"train": 10, "validation": 2, "test": 4}
    said = json.loads(cli("data", "split", root, "-o", out, "--strategy", "slice", "--json").out)
    assert (said["strategy"], said["leak"]) == ("slice", LEAK)


def test_tables_are_written_beside_the_split(cli: Cli, root: Path, tmp_path: Path) -> None:
    pytest.importorskip("pandas")
    out, tables = tmp_path / "split.json", tmp_path / "tables"
    assert cli("data", "split", root, "-o", out, "--tables", tables).status == 0
    head, *rows = (tables / "test.csv").read_text(encoding="utf-8").splitlines()
    assert head == "image,mask,tumour"
    assert {row.split("/")[0] for row in rows} == set(load_split(out).test)
    assert all(row.endswith("_1_mask.tif,tumour") for row in rows)
    folded = cli("data", "split", root, "-o", tmp_path / "folds.json", "--folds", 3, "--tables", tables)
    assert folded.status == 0, folded.err
    assert len(list(tables.glob("fold-?/*.csv"))) == 9


def test_tables_without_pandas_name_the_extra(
    cli: Cli, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    result = cli("data", "split", root, "-o", tmp_path / "split.json", "--tables", tmp_path / "tables")
    assert result.status == 1
    assert 'pip install "gliascope[data]"' in result.err
    assert not (tmp_path / "split.json").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hold-out", "TCGA_CS_99"], "a patient that is named must be in the data set, received TCGA_CS_99"),
    ],
)
def test_errors_are_one_line(cli: Cli, root: Path, tmp_path: Path, options: list[str], message: str) -> None:
    result = cli("data", "split", root, "-o", tmp_path / "split.json", *options)
    assert result.status == 1
    assert result.err == f"gliascope: error: {message}\n"
    assert not (tmp_path / "split.json").exists()


def test_held_out_patients_may_follow_one_another(cli: Cli, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "split.json"
    result = cli("data", "split", root, "-o", out, "--hold-out", "TCGA_CS_1", "TCGA_DU_2", "--seed", 4)
    assert result.status == 0, result.err
    assert load_split(out).hold_out == ("TCGA_CS_1", "TCGA_DU_2")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--test", "1.5"], "the test share must be above 0 and below 1, received 1.5"),
        (["--validation", "-1"], "the validation share must be 0 or more and below 1, received -1.0"),
        (["--folds", "1"], "1 is not in the range x>=2"),
        (["--folds", "4", "--test", "0.25"], "--folds and --test exclude each other"),
        (["--folds", "4", "--strategy", "slice"], "--folds are by patient"),
        (["--seen-by", "embedded"], "--seen-by belongs to --folds"),
        (["--always", "TCGA_CS_1"], "--always belongs to --folds"),
        (["--strategy", "random"], "--strategy must be patient or slice, received 'random'"),
        (["another"], "one data set is split at a time, received another as well"),
    ],
)
def test_wrong_arguments_give_2(cli: Cli, root: Path, tmp_path: Path, options: list[str], message: str) -> None:
    result = cli("data", "split", root, "-o", tmp_path / "split.json", *options)
    assert result.status == 2
    assert message in result.err
    assert not (tmp_path / "split.json").exists()


def test_patients_who_train_in_every_fold(cli: Cli, root: Path, tmp_path: Path) -> None:
    out = tmp_path / "folds.json"
    named = ["--always", "TCGA_CS_1,TCGA_DU_2", "--always", "TCGA_CS_2"]
    result = cli("data", "split", root, "-o", out, "--folds", 2, *named)
    assert result.status == 0, result.err
    folds = load_folds(out)
    assert {one.rsplit("_", 1)[0] for one in folds.always} == {"TCGA_CS_1", "TCGA_CS_2", "TCGA_DU_2"}
    assert all(set(folds.always) <= set(one.train) for one in folds.splits)
    unknown = cli("data", "split", root, "-o", tmp_path / "other.json", "--folds", 2, "--always", "TCGA_CS_99")
    assert unknown.status == 1
    assert "a patient that is named must be in the data set, received TCGA_CS_99" in unknown.err
    both = ["--always", "TCGA_CS_1", "--hold-out", "TCGA_CS_1"]
    refused = cli("data", "split", root, "-o", tmp_path / "other.json", "--folds", 2, *both)
    assert refused.status == 2
    assert "--hold-out and --always exclude each other, received TCGA_CS_1 in both" in " ".join(refused.err.split())


def test_a_damaged_file_is_one_line(root: Path, tmp_path: Path) -> None:
    (image, *_) = sorted(root.glob("*/*_1_1.tif"))
    content = bytearray(image.read_bytes())
    content[content.index(struct.pack("<HH", 278, 4)) + 2] = 99
    image.write_bytes(content)
    command = [sys.executable, "-m", "gliascope", "data", "split", str(root), "-o", str(tmp_path / "split.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    rule = "an image must be undamaged, received a TIFF without a readable tag 278"
    assert done.stderr == f"gliascope: error: {image}: {rule}\n"


def test_an_output_must_be_named(cli: Cli, root: Path) -> None:
    assert cli("data", "split", root).status == 2


@pytest.mark.realdata
def test_real_patients(cli: Cli, lgg_root: Path, tmp_path: Path) -> None:
    result = cli("data", "split", lgg_root, "-o", tmp_path / "split.json", "--hold-out", "TCGA_CS_4942")
    assert result.status == 0, result.err
    split = load_split(tmp_path / "split.json")
    assert "TCGA_CS_4942_19970222" in split.test
    assert len(split.train + split.validation + split.test) == 6


@pytest.mark.realdata
def test_real_patients_in_folds_and_by_slice(cli: Cli, lgg_root: Path, tmp_path: Path) -> None:
    assert cli("data", "split", lgg_root, "-o", tmp_path / "folds.json", "--folds", 3, "-q").status == 0
    tested = [name for one in load_folds(tmp_path / "folds.json").splits for name in one.test]
    assert sorted(tested) == sorted(one.name for one in lgg_root.iterdir() if one.is_dir())
    assert cli("data", "split", lgg_root, "-o", tmp_path / "slices.json", "--strategy", "slice", "-q").status == 0
    assert load_split(tmp_path / "slices.json").leaks
