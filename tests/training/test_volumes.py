"""Cross-validation and training on labelled NIfTI cases, two dates a patient, with tiny networks."""

from __future__ import annotations

import csv
import json
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

from gliascope.bundle import load_bundle
from gliascope.dataset.layout import patients
from gliascope.geometry import spacing
from gliascope.phantom import make_phantom, write_phantom_volumes
from gliascope.read import read_case
from gliascope.recipe import Clahe, Preparation
from gliascope.rules import OperatingPoint

pytestmark = pytest.mark.train

RECIPE = """
name = "tiny"
[preparation]
size = 32
[training]
epochs = 1
batch_size = 8
precision = "float32"
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Six patients in folders of their own, the first two with a second date."""
    root = tmp_path / "volumes"
    for seed in range(8):
        place = root / f"Patient-{seed % 6:03d}"
        made = write_phantom_volumes(make_phantom(seed, slices=4, size=64, lesion_radius_px=8), place)
        made.rename(place / ("2020-01-31" if seed < 6 else "2021-01-31"))
    (tmp_path / "recipe.toml").write_text(RECIPE)
    return root


def test_volumes_are_cross_validated_by_patient(
    data: Path, tmp_path: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    runpy.run_path(str(Path(__file__).with_name("tiny_networks.py")))["install"](monkeypatch.setattr)
    recipe, out = tmp_path / "recipe.toml", tmp_path / "cv"
    result = cli("crossval", "--data", data, "--recipe", recipe, "--folds", 2, "--steps", 2, "-o", out, "-q")
    assert result.status == 0, result.err
    record = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    scored = {one["patient"]: (one["folders"], one["slices"]) for one in record["patients"]}
    assert len(scored) == 6
    assert scored["Patient-000"] == (["Patient-000/2020-01-31", "Patient-000/2021-01-31"], 8)
    assert scored["Patient-005"] == (["Patient-005/2020-01-31"], 4)
    with (out / "patients.csv").open(encoding="utf-8", newline="") as file:
        assert {row["institution"] for row in csv.DictReader(file)} == {"unknown"}
    digests = {
        one.patient: {
            source.sha256 for other in patients(data) if other.patient == one.patient for source in _of(other)
        }
        for one in patients(data)
    }
    for fold in (0, 1):
        seen = load_bundle(out / f"fold-{fold}" / "bundle").seen()
        tested = {one["patient"] for one in record["patients"] if one["fold"] == fold}
        assert len(tested) == 3
        assert seen == set().union(*(mine for name, mine in digests.items() if name not in tested))


def _of(folder: Any) -> Any:
    return read_case(folder.files).sources


def test_a_network_trained_on_volumes_is_not_scored_on_them(
    data: Path, tmp_path: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    runpy.run_path(str(Path(__file__).with_name("tiny_networks.py")))["install"](monkeypatch.setattr)
    split, run = tmp_path / "split.json", tmp_path / "run"
    assert cli("data", "split", data, "-o", split, "--test", "0.3", "--validation", "0.4", "-q").status == 0
    trained = cli(
        "train", "--data", data, "--split", split, "--recipe", tmp_path / "recipe.toml", "--steps", 2, "-o", run, "-q"
    )
    assert trained.status == 0, trained.err
    model = ("--model", run / "bundle", "--split", split, "-q")
    scored = cli("evaluate", data, *model, "-o", tmp_path / "scores")
    assert scored.status == 0, scored.err
    refused = cli("evaluate", data, *model, "--side", "train", "-o", tmp_path / "again")
    assert refused.status == 1
    assert "must not be scored on images that it was trained" in " ".join(refused.err.split())


def test_an_inner_hold_out_is_judged_by_runs_as_long_as_those_of_the_pipeline(tmp_path: Path) -> None:
    from gliascope.detect.case import run_length
    from gliascope.training.crossval_inner import score_table
    from gliascope.training.score import Predictions
    from gliascope.training.table import load_table

    write_phantom_volumes(make_phantom(0, slices=8, size=64, lesion_radius_px=8), tmp_path)
    preparation = Preparation(size=32, clahe=Clahe(enabled=False))
    folders = patients(tmp_path)
    table = load_table(folders, preparation)
    told, masks = np.full(8, 0.1, np.float32), np.zeros((8, 32, 32), np.float16)
    told[2:6], masks[2:6] = 0.9, 0.9
    point = OperatingPoint("balanced", 0.5, 0.5, "all", 3)
    scan = read_case(folders[0].files).scans[0]
    gap = float(spacing(scan.affine)[2])
    for distance, run, is_called in ((gap, 3, True), (2 * gap, 5, False)):
        assert run_length(scan, point.run, distance) == run
        (one,) = score_table(folders, table, Predictions(told, masks), point, distance=distance)
        assert {some.run for some in one.slices} == {run}
        assert (one.predicted_px > 0) == is_called
