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
    assert rows[0] == ["side", "institution", "patients", "slices", "tumour", "slices"]
    assert ["test", "all", "4", "4", "4"] in rows
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


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--hold-out", "TCGA_CS_99"], "a held-out patient must be in the data set, received TCGA_CS_99"),
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
        (["another"], "one data set is split at a time, received another as well"),
    ],
)
def test_wrong_arguments_give_2(cli: Cli, root: Path, tmp_path: Path, options: list[str], message: str) -> None:
    result = cli("data", "split", root, "-o", tmp_path / "split.json", *options)
    assert result.status == 2
    assert message in result.err
    assert not (tmp_path / "split.json").exists()


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
