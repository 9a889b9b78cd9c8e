"""Small recipes and tables for the tests of training."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gliascope.dataset.split import Split, save_split
from gliascope.phantom import make_phantom, write_phantom
from gliascope.prepare import InverseMap
from gliascope.recipe import Recipe, recipe_from_dict
from gliascope.training.table import Patient, SliceTable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

SIDE = 32

TableFactory = Callable[..., SliceTable]
RecipeFactory = Callable[..., Recipe]


@dataclass(frozen=True)
class Phantoms:
    """A data set of six phantoms, and its split: 3 train, 2 choose, 1 tests."""

    data: Path
    split: Path


@pytest.fixture(autouse=True, scope="module")
def cleared_session() -> Iterator[None]:
    """Give back what Keras keeps of a file's networks: a process that runs all of them would need gigabytes."""
    yield
    keras = sys.modules.get("keras")
    if keras is not None:
        keras.utils.clear_session()
        gc.collect()


@pytest.fixture(scope="session")
def phantoms(tmp_path_factory: pytest.TempPathFactory) -> Phantoms:
    """Write the phantoms once for all tests of training, which leave them as they are."""
    root = tmp_path_factory.mktemp("phantoms")
    for seed in range(6):
        write_phantom(make_phantom(seed, slices=6, size=96, lesion_radius_px=12), root / "data")
    names = sorted(one.name for one in (root / "data").iterdir())
    save_split(Split(train=tuple(names[:3]), validation=tuple(names[3:5]), test=(names[5],)), root / "split.json")
    return Phantoms(root / "data", root / "split.json")


@pytest.fixture
def make_recipe() -> RecipeFactory:
    """Make a recipe of 32 pixels: `make_recipe(network={"wiring": "separate"})`."""

    def make(**sections: object) -> Recipe:
        values: dict[str, object] = {"name": "tiny", "preparation": {"size": SIDE}, "training": {"batch_size": 4}}
        return recipe_from_dict(values | sections, "test")

    return make


@pytest.fixture
def make_table() -> TableFactory:
    """Make a table of noise; the first `tumours` slices of every patient have a square tumour."""

    def make(patients: int = 2, slices: int = 5, tumours: int = 2, side: int = SIDE, seed: int = 0) -> SliceTable:
        rng = np.random.default_rng(seed)
        count = patients * slices
        images = rng.standard_normal((count, side, side, 3)).astype(np.float16)
        masks = np.zeros((count, side, side), np.uint8)
        inverse = InverseMap((side, side), 0, 0, (side, side), (side, side))
        members = []
        for patient in range(patients):
            start = patient * slices
            masks[start : start + tumours, 8:20, 10:24] = 1
            rows = slice(start, start + slices)
            hashes = tuple(f"{row:064x}" for row in range(start, start + slices))
            members.append(Patient(f"patient_{patient}", rows, inverse, masks[rows].astype(bool), hashes))
        labels = np.asarray(masks.any(axis=(1, 2)), dtype=np.bool_)
        return SliceTable(images, masks, labels, tuple(members))

    return make


@pytest.fixture
def plain_keras() -> Iterator[None]:
    """Compute in float32 with a fixed seed, and leave Keras as it was."""
    keras = pytest.importorskip("keras")
    keras.utils.set_random_seed(0)
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_global_policy("float32")
    yield
    keras.mixed_precision.set_global_policy(before)
