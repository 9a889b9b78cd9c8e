"""Runs on a fold and on a split by slice: what they train on, what they and their bundles say of it."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

from gliascope.bundle import load_bundle
from gliascope.dataset.folds import Folds, make_folds, save_folds
from gliascope.dataset.layout import measure_patient, patients
from gliascope.dataset.members import LEAK
from gliascope.dataset.sides import side_patients, side_statistics
from gliascope.dataset.slices import make_slice_split
from gliascope.dataset.split import Split, load_split, save_split
from gliascope.errors import TrainingError
from gliascope.prepare import prepare
from gliascope.read import read_case
from gliascope.recipe import Preparation
from gliascope.training import export
from gliascope.training.run import load_tables

pytestmark = pytest.mark.train

RECIPE = """
name = "tiny"
[preparation]
size = 32
[network]
decoder = [16, 8, 8, 8, 4]
[training]
epochs = 1
steps = 1
batch_size = 4
precision = "float32"
"""


@pytest.fixture
def small_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train a small stand-in for ResNet-50: what is asked here is which slices train, and what is said of it."""
    runpy.run_path(str(Path(__file__).with_name("tiny_networks.py")))["install"](monkeypatch.setattr)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "recipe.toml"
    path.write_text(RECIPE, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folds(phantoms: Any) -> Folds:
    return make_folds(phantoms.data, folds=3)


@pytest.fixture(scope="module")
def by_slice(phantoms: Any) -> Split:
    return make_slice_split(phantoms.data, validation=0.3)


def test_slices_of_a_side_are_prepared_as_a_volume_of_their_own(phantoms: Any, by_slice: Split) -> None:
    preparation = Preparation(size=32)
    tables = load_tables(phantoms.data, by_slice, preparation)
    assert len(tables.train.labels) == len(by_slice.train)
    assert len(tables.validation.labels) == len(by_slice.validation)
    assert {one.name for one in tables.train.patients} & {one.name for one in tables.validation.patients}
    for folder, patient in zip(side_patients(by_slice, "train", phantoms.data), tables.train.patients, strict=True):
        case = read_case(folder.files)
        assert patient.name == folder.name
        assert patient.hashes == tuple(one.sha256 for one in case.sources)
        images = prepare(case.scans[0], preparation).images.astype(np.float16)
        np.testing.assert_array_equal(tables.train.images[patient.rows], images)
    measured = side_statistics(by_slice, "train", [measure_patient(one) for one in patients(phantoms.data)])
    assert int(tables.train.labels.sum()) == sum(one.tumour_slices for one in measured)


@pytest.mark.usefixtures("small_network")
def test_a_run_by_slice_is_warned_of_and_its_bundle_says_so(
    phantoms: Any, by_slice: Split, recipe: Path, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    split, run = tmp_path / "split.json", tmp_path / "run"
    save_split(by_slice, split)
    done = cli("train", "--data", phantoms.data, "--split", split, "--recipe", recipe, "-o", run)
    assert done.status == 0, done.err
    assert done.err.count(f"gliascope: WARNING: {split}: {LEAK}\n") == 1
    assert load_split(run / "split.json") == by_slice
    bundle = load_bundle(run / "bundle")
    assert export.split_summary(by_slice).items() <= bundle.summary.items()
    assert LEAK in " ".join(bundle.card().split())


@pytest.mark.usefixtures("small_network")
def test_a_run_of_one_fold(
    phantoms: Any,
    folds: Folds,
    recipe: Path,
    tmp_path: Path,
    cli: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def without_export(*_: Any, **__: Any) -> None:
        raise TrainingError("trained")

    monkeypatch.setattr(export, "export_run", without_export)
    split, run = tmp_path / "folds.json", tmp_path / "run"
    save_folds(folds, split)
    arguments = ["--data", phantoms.data, "--split", split, "--recipe", recipe, "-o", run]
    done = cli("train", *arguments, "--fold", 1, "-q")
    assert (done.status, done.err) == (1, "gliascope: error: trained\n")
    assert load_split(run / "split.json") == folds.splits[1]
    other = cli("train", *arguments, "--fold", 2, "--resume")
    assert other.status == 1
    assert "a run goes on with what it was started with, changed: split" in other.err


def test_a_bundle_names_its_fold_and_its_leak(folds: Folds, by_slice: Split) -> None:
    assert export.split_summary(folds.splits[1]) == {
        "split_sha256": folds.splits[1].sha256,
        "split_strategy": "patient",
        "fold": 1,
        "test_patients": list(folds.splits[1].test),
    }
    assert export.split_summary(by_slice) == {
        "split_sha256": by_slice.sha256,
        "split_strategy": "slice",
        "split_leak": LEAK,
        "test_slices": len(by_slice.test),
    }


@pytest.mark.parametrize(
    ("options", "status", "message"),
    [
        ([], 1, "a fold from 0 to 2 must be named (--fold), received none"),
        (["--fold", 3], 1, "a fold from 0 to 2 must be named (--fold), received 3"),
        (["--fold", -1], 2, "-1 is not in the range x>=0"),
    ],
)
def test_a_fold_that_is_not_there_is_refused(
    folds: Folds, recipe: Path, tmp_path: Path, cli: Callable[..., Any], options: list[Any], status: int, message: str
) -> None:
    save_folds(folds, tmp_path / "folds.json")
    arguments = ["--data", tmp_path, "--split", tmp_path / "folds.json", "--recipe", recipe, "-o", tmp_path / "run"]
    result = cli("train", *arguments, *options)
    assert result.status == status
    assert message in result.err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("how", ["--resume", "--export-only"])
def test_a_run_that_is_there_keeps_its_fold(tmp_path: Path, cli: Callable[..., Any], how: str) -> None:
    result = cli("train", "--data", tmp_path, "-o", tmp_path, how, "--fold", 1)
    assert result.status == 2
    assert "--fold belongs to --split" in result.err
