from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Cli = Callable[..., Any]

TINY = """
name = "tiny one"
[preparation]
size = 32
[network]
wiring = "separate"
filters = [4, 8]
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.toml"
    path.write_text(TINY, encoding="utf-8")
    return path


@pytest.mark.train
def test_table_and_pictures(cli: Cli, recipe: Path, tmp_path: Path) -> None:
    pytest.importorskip("keras")
    result = cli("networks", recipe, "-o", tmp_path / "out")
    assert result.status == 0
    assert result.err == ""
    lines = result.out.splitlines()
    assert lines[0] == "Recipe tiny one, separate networks, slices of 32 x 32 pixels"
    assert any(line.split()[0:1] == ["conv5"] and "14,998,528" in line for line in lines)
    assert any("small ResUNet" in line for line in lines)
    assert lines[-2:] == [str(tmp_path / "out" / f"tiny_one_networks.{kind}") for kind in ("png", "svg")]
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == [
        "tiny_one_networks.png",
        "tiny_one_networks.svg",
    ]


@pytest.mark.train
def test_json_and_another_size(cli: Cli, recipe: Path) -> None:
    pytest.importorskip("keras")
    values = json.loads(cli("networks", recipe, "--json", "--size", 64).out)
    assert values["input"] == [64, 64, 3]
    assert values["pictures"] == []
    assert [one["role"] for one in values["networks"]] == ["classifier", "segmenter"]
    assert values["total"]["parameters"] == values["training_parameters"]
    values = json.loads(cli("networks", recipe, "--json", "--size", "64x32").out)
    assert values["input"] == [64, 32, 3]


@pytest.mark.parametrize("size", ["100", "0", "2048", "64x", "64x100", "64x64x64", "-32", "many"])
def test_a_wrong_size(cli: Cli, size: str) -> None:
    result = cli("networks", f"--size={size}")
    assert result.status == 2
    assert "multiple of 32" in result.err


def test_wrong_arguments(cli: Cli) -> None:
    result = cli("networks", "no-such-recipe")
    assert result.status == 1
    assert "a recipe must be a TOML file or one of classic, default, refine" in result.err


def test_without_keras_the_extra_is_named(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    result = cli("networks")
    assert result.status == 1
    assert 'pip install "gliascope[train]"' in result.err
    assert "Traceback" not in result.err
