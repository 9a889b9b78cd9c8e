from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gliascope.findings import REASONS
from gliascope.phantom import make_phantom

Cli = Callable[..., Any]


@pytest.fixture(scope="module")
def model(tiny_bundle: Callable[..., Path]) -> Path:
    return tiny_bundle(assess=True)


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    """An axial section of a head, a sagittal one, and something bright all over."""
    cube = make_phantom(33, slices=100, size=128).scan.pixels[..., 1]
    bright = np.random.default_rng(0).integers(90, 110, (80, 80), dtype=np.uint8)
    pictures = {"axial": cube[55], "sagittal": cube[::-1, :, 58], "wall": bright}
    for name, image in pictures.items():
        Image.fromarray(np.ascontiguousarray(image)).save(tmp_path / f"{name}.png")
    return [tmp_path / f"{name}.png" for name in pictures]


def test_what_is_not_assessable_is_told_with_its_reason(
    cli: Cli, model: Path, images: list[Path], tmp_path: Path
) -> None:
    result = cli("analyse", *images, "-o", tmp_path / "out", "--model", model)
    assert result.status == 0
    verdicts = {line.split()[0]: line for line in result.err.splitlines() if line.strip()}
    assert "not assessable" not in verdicts["axial"]
    assert "not assessable" in verdicts["sagittal"]
    assert "not assessable" in verdicts["wall"]
    said = " ".join(result.err.split())
    assert f"sagittal: not assessable: {REASONS['plane']}" in said
    assert f"wall: not assessable: {REASONS['no background']}" in said


def test_force_judges_all_the_same(cli: Cli, model: Path, images: list[Path], tmp_path: Path) -> None:
    options = ("-o", tmp_path / "out", "--model", model, "--no-figures", "--json")
    plain = {one["case"]: one for one in json.loads(cli("analyse", *images, *options).out)["cases"]}
    forced = {one["case"]: one for one in json.loads(cli("analyse", *images, *options, "--force").out)["cases"]}
    assert {name: one["reason"] for name, one in plain.items()} == {
        "axial": None, "sagittal": "plane", "wall": "no background"
    }  # fmt: skip
    assert plain["sagittal"]["verdict"] == "not assessable"
    assert plain["sagittal"]["score"] is None
    for name, one in forced.items():
        assert one["verdict"] in ("tumour", "no tumour")
        assert one["score"] is not None
        assert one["reason"] == plain[name]["reason"]
