from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("seaborn")

Cli = Callable[..., Any]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    for name in ("TCGA_AA_1_1", "TCGA_BB_2_1"):
        folder = tmp_path / "kaggle_3m" / name
        folder.mkdir(parents=True)
        for number in range(1, 4):
            image = np.zeros((32, 32, 3), np.uint8)
            image[4:28, 4:28] = generator.integers(60, 120, (24, 24, 3))
            mask = np.zeros((32, 32), np.uint8)
            mask[10:14, 10 : 10 + number] = 255
            Image.fromarray(image).save(folder / f"{name}_{number}.tif")
            Image.fromarray(mask).save(folder / f"{name}_{number}_mask.tif")
    return tmp_path / "kaggle_3m"


@pytest.fixture(autouse=True)
def one_plot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw one plot only: quick."""
    from gliascope.dataset.describe import plots

    monkeypatch.setattr(plots, "KINDS", (plots._institutions,))


def test_a_data_set_is_described(cli: Cli, root: Path, tmp_path: Path) -> None:
    result = cli("data", "describe", root, "-o", tmp_path / "out")
    assert result.status == 0, result.err
    rows = [line.split() for line in result.out.splitlines()]
    assert rows[1:] == [["AA", "1", "3", "3", "0"], ["BB", "1", "3", "3", "0"], ["all", "2", "6", "6", "0"]]
    assert f"{tmp_path / 'out' / 'report.html'}: written" in result.err
    assert (tmp_path / "out" / "report.html").is_file()


def test_json_and_a_table_of_one_s_own(cli: Cli, root: Path, tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    table.write_text("case;grade\nTCGA_AA_1;2\nTCGA_BB_2;3\n", encoding="utf-8")
    out = tmp_path / "out"
    result = cli("data", "describe", root, "-o", out, "--clinical", table, "--recipe", "classic", "--json", "-q")
    assert result.status == 0, result.err
    said = json.loads(result.out)
    assert said == json.loads((out / "describe.json").read_text(encoding="utf-8"))
    assert said["clinical"]["key"] == "case"
    assert said["clahe"]["blend"] == 1.0
    assert result.err == ""


def test_damaged_files_are_named_at_the_end(cli: Cli, root: Path, tmp_path: Path) -> None:
    broken = root / "TCGA_AA_1_1" / "TCGA_AA_1_1_2.tif"
    broken.write_bytes(b"no image")
    result = cli("data", "describe", root, "-o", tmp_path / "out", "-q")
    assert result.status == 1
    assert result.err.startswith(f"gliascope: error: {broken}: ")
    assert "Files that cannot be used" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_table_that_does_not_fit_ends_the_run(cli: Cli, root: Path, tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    table.write_text("case\nsomebody\n", encoding="utf-8")
    result = cli("data", "describe", root, "-o", tmp_path / "out", "--clinical", table)
    assert result.status == 1
    assert "must have a column with the patients' names" in result.err
    assert not (tmp_path / "out").exists()


def test_the_report_stays_out_of_the_data(cli: Cli, root: Path) -> None:
    result = cli("data", "describe", root, "-o", root / "report")
    assert result.status == 2
    assert "must be written outside the data set" in result.err


def test_what_is_missing_is_named(cli: Cli, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "seaborn", None)
    result = cli("data", "describe", root, "-o", tmp_path / "out")
    assert result.status == 1
    assert 'pip install "gliascope[data]"' in result.err
