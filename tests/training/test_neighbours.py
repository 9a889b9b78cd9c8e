"""A run whose networks see neighbouring slices: trained, exported, and used on volumes and on lone images."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

import keras

from gliascope.bundle import load_bundle
from gliascope.dataset.split import load_split
from gliascope.pipeline import Analyser
from gliascope.prepare import prepare
from gliascope.read import read_cases
from gliascope.recipe import Recipe, recipe_from_dict
from gliascope.training.best import best_networks
from gliascope.training.export import export_run
from gliascope.training.fit import predict_table
from gliascope.training.networks import build_networks
from gliascope.training.networks.describe import describe_networks
from gliascope.training.networks.diagram import diagram
from gliascope.training.run import load_tables, train
from tests.training.watchers import Quiet

pytestmark = pytest.mark.train

RECIPE: dict[str, Any] = {
    "name": "beside",
    "preparation": {"size": 32, "neighbours": 1},
    "network": {"decoder": [16, 8, 8, 8, 4]},
    "training": {"epochs": 2, "steps": 30, "batch_size": 4, "precision": "float32", "learning_rate": 0.01},
}


@pytest.fixture
def recipe() -> Recipe:
    return recipe_from_dict(RECIPE, "test")


def test_volumes_and_lone_images_are_analysed_by_the_same_bundle(
    recipe: Recipe, phantoms: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runpy.run_path(str(Path(__file__).with_name("tiny_networks.py")))["install"](monkeypatch.setattr)
    assert train(phantoms.data, phantoms.split, recipe, tmp_path / "run", Quiet()).finished
    bundle, parity = export_run(tmp_path / "run", phantoms.data, tmp_path / "bundle")
    assert parity.slices == 30
    assert load_bundle(bundle.path).recipe.preparation.channels == 5
    folder = phantoms.data / load_split(phantoms.split).test[0]
    analyser = Analyser(bundle, device="cpu")
    networks, _ = best_networks(tmp_path / "run", recipe)
    trunk = networks.graphs["trunk"]
    (volume,) = read_cases([folder])
    (lone,) = read_cases([str(volume.sources[2].path)])
    assert lone.scans[0].is_volume is False
    for case in (volume, lone):
        images = prepare(case.scans[0], recipe.preparation).images
        expected = trunk.predict_on_batch(images)["probability"][:, 0]
        found = [one.raw_probability or 0.0 for one in analyser.analyse(case).slices]
        np.testing.assert_allclose(found, expected, atol=2e-3)
    alone = prepare(volume.scans[0], recipe.preparation.model_copy(update={"neighbours": 0})).images
    own = trunk.predict_on_batch(np.concatenate([alone, alone[..., [1, 1]]], axis=-1))["probability"][:, 0]
    assert not np.allclose(own, [one.raw_probability or 0.0 for one in analyser.analyse(volume).slices], atol=1e-6)
    table = load_tables(phantoms.data, load_split(phantoms.split), recipe.preparation).validation
    logits = networks.stages["joint"].predict_on_batch(table.inputs(slice(0, 5)).astype(np.float32))["slice_logit"]
    said = predict_table(networks.stages["joint"], table).slices
    assert said is not None
    np.testing.assert_allclose(said[:5], 1 / (1 + np.exp(-logits[:, 0])), rtol=1e-4)


@pytest.mark.parametrize(("wiring", "neighbours"), [("shared", 2), ("separate", 1)])
def test_every_network_sees_the_neighbours(wiring: str, neighbours: int, monkeypatch: pytest.MonkeyPatch) -> None:
    runpy.run_path(str(Path(__file__).with_name("tiny_networks.py")))["install"](monkeypatch.setattr)
    values = RECIPE | {"preparation": {"size": 32, "neighbours": neighbours}, "network": {"wiring": wiring}}
    networks = build_networks(recipe_from_dict(values, "test"))
    seen = [one for one in (*networks.stages.values(), *networks.graphs.values()) if not isinstance(one.input, dict)]
    assert len(seen) == (2 if wiring == "shared" else 4)
    assert {one.input_shape for one in seen} == {(None, 32, 32, 3 + 2 * neighbours)}
    keras.utils.clear_session()


def test_the_description_tells_of_them(recipe: Recipe) -> None:
    described = describe_networks(recipe)
    assert described.as_json()["input"] == [32, 32, 5]
    first = described.networks[0].stages[0]
    assert (first.name, first.parameters) == ("conv1", (7 * 7 * 5 + 1) * 64 + 4 * 64)
    image = diagram(described).input
    assert (image.makeup, image.channels) == ("pre, FLAIR, post, FLAIR of 2 neighbours", 5)
