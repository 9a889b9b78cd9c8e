"""A tiny data set whose figures can be computed by hand, and a bundle that `FakeEngine` stands in for.

Pixels are only divided by 255 and never resized, so that the fake engine outlines exactly the pixels of 200 (it is
given 0.5 as level) and calls a slice tumour from 21 such pixels on (0.005 of 64 x 64 is 20.48).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from gliascope.bundle import Bundle, write_bundle
from gliascope.dataset.split import Split, save_split
from gliascope.engine.fake import FakeEngine
from gliascope.pipeline import Analyser
from gliascope.recipe import Clahe, Preparation, Recipe
from gliascope.rules import OperatingPoint

SIDE = 64
RECIPE = Recipe(
    name="plain",
    assess=False,
    preparation=Preparation(size=SIDE, crop=False, normalise="unit", clahe=Clahe(enabled=False)),
)

Box = tuple[int, int, int, int]
"""Top, left, bottom, right; the last two exclusive."""

# Each slice: the bright box (what will be found) and the true box.
PATIENTS: dict[str, list[tuple[Box | None, Box | None]]] = {
    # Dice 2 * 100 / (125 + 100)
    "TCGA_AA_0001_20000101": [((10, 10, 20, 20), (10, 10, 20, 20)), (None, None), ((40, 40, 45, 45), None)],
    # Dice 2 * 50 / (100 + 116): one slice half covered, one of 16 pixels held back by the gate
    "TCGA_BB_0002_20000102": [((10, 15, 20, 25), (10, 10, 20, 20)), ((5, 5, 9, 9), (5, 5, 9, 9)), (None, None)],
    "TCGA_AA_0003_20000103": [((20, 20, 30, 30), (20, 20, 30, 30)), (None, None)],
}


def _write_patient(folder: Path, slices: list[tuple[Box | None, Box | None]], seed: int) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(seed)
    for number, (bright, true) in enumerate(slices, start=1):
        image = rng.integers(20, 90, size=(SIDE, SIDE, 3), dtype=np.uint8)
        mask = np.zeros((SIDE, SIDE), dtype=np.uint8)
        if bright:
            image[bright[0] : bright[2], bright[1] : bright[3], 1] = 200
        if true:
            mask[true[0] : true[2], true[1] : true[3]] = 255
        tifffile.imwrite(folder / f"{folder.name}_{number}.tif", image, photometric="rgb")
        tifffile.imwrite(folder / f"{folder.name}_{number}_mask.tif", mask)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    root = tmp_path / "kaggle_3m"
    for seed, (name, slices) in enumerate(PATIENTS.items()):
        _write_patient(root / name, slices, seed)
    return root


@pytest.fixture
def split() -> Split:
    names = list(PATIENTS)
    return Split(train=(names[2],), validation=(), test=(names[0], names[1]))


@pytest.fixture
def split_file(split: Split, tmp_path: Path) -> Path:
    save_split(split, tmp_path / "split.json")
    return tmp_path / "split.json"


MakeBundle = Callable[..., Bundle]


@pytest.fixture
def make_bundle(tmp_path: Path) -> MakeBundle:
    def make(name: str = "model", **changes: Any) -> Bundle:
        values: dict[str, Any] = {
            "name": "plain-1",
            "wiring": "shared",
            "recipe": RECIPE,
            "operating_points": {"balanced": OperatingPoint("balanced", 0.5, 0.5, "all")},
            "graphs": {"trunk": b"trunk", "decoder": b"decoder"},
            "seen": [],
            "summary": {"data": "LGG MRI segmentation data set", "sides": {"train": {"patients": 56, "slices": 2017}}},
            "card": "# Nothing measured yet\n",
            "licence": "Research.\n",
        }
        return write_bundle(tmp_path / name, **{**values, **changes})

    return make


@pytest.fixture
def bundle(make_bundle: MakeBundle) -> Bundle:
    return make_bundle()


@pytest.fixture
def make_analyser() -> Callable[[Bundle], Analyser]:
    return lambda bundle: Analyser(bundle, engine=FakeEngine(level=0.5))


@pytest.fixture
def analyser(bundle: Bundle, make_analyser: Callable[[Bundle], Analyser]) -> Analyser:
    return make_analyser(bundle)
