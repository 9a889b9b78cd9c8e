from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

import keras

from gliascope.bundle import ROLES, Wiring
from gliascope.recipe import Network, Recipe, load_recipe
from gliascope.training.networks import NetworkSet, build_networks
from gliascope.training.networks.classic import small_resunet
from gliascope.training.networks.shared import classifier

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("plain_keras")]

RecipeFactory = Callable[..., Recipe]

SEPARATE = {"wiring": "separate", "filters": (4, 8, 12)}


def images(count: int = 2) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((count, 32, 32, 3)).astype(np.float32)


def outputs(model: keras.Model, inputs: Any) -> dict[str, np.ndarray]:
    found = model(inputs, training=False)
    return {name: np.asarray(keras.ops.convert_to_numpy(one)) for name, one in found.items()}


def sigmoid(logit: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logit.astype(np.float64)))


def shake(networks: NetworkSet) -> None:
    """Give every weight a value of its own, so that swapped or unshared weights would show."""
    rng = np.random.default_rng(1)
    for model in networks.stages.values():
        for variable in model.variables:
            if variable.path.endswith(("gamma", "moving_variance")):
                variable.assign(rng.uniform(0.5, 1.5, variable.shape))
            elif variable.path.endswith(("beta", "moving_mean", "bias")):
                variable.assign(rng.uniform(-0.3, 0.3, variable.shape))


@pytest.fixture(scope="module")
def shared() -> NetworkSet:
    keras.mixed_precision.set_global_policy("float32")
    networks = build_networks(Recipe.model_validate({"preparation": {"size": 32}}))
    shake(networks)
    return networks


@pytest.fixture(scope="module")
def separate() -> NetworkSet:
    keras.mixed_precision.set_global_policy("float32")
    networks = build_networks(Recipe.model_validate({"preparation": {"size": 32}, "network": SEPARATE}))
    shake(networks)
    return networks


@pytest.mark.parametrize("wiring", ["shared", "separate"])
def test_graphs_have_the_bundles_roles(wiring: Wiring, request: pytest.FixtureRequest) -> None:
    assert tuple(request.getfixturevalue(wiring).graphs) == ROLES[wiring]


def test_shapes_and_names_of_the_shared_networks(shared: NetworkSet) -> None:
    assert list(shared.stages) == ["joint"]
    assert {name: tuple(one.shape) for name, one in shared.stages["joint"].output.items()} == {
        "mask_logit": (None, 32, 32, 1),
        "slice_logit": (None, 1),
    }
    trunk, decoder = shared.graphs["trunk"], shared.graphs["decoder"]
    assert [one.name for one in trunk.inputs] == ["images"]
    features = [(16, 16, 64), (8, 8, 256), (4, 4, 512), (2, 2, 1024), (1, 1, 2048)]
    assert {name: tuple(one.shape[1:]) for name, one in trunk.output.items()} == {
        "probability": (1,),
        **{f"feature_{level}": shape for level, shape in enumerate(features)},
    }
    assert sorted(one.name for one in decoder.inputs) == [f"feature_{level}" for level in range(5)]
    assert {name: tuple(one.shape[1:]) for name, one in decoder.output.items()} == {"mask": (32, 32, 1)}


def test_shapes_and_names_of_the_separate_networks(separate: NetworkSet) -> None:
    assert list(separate.stages) == ["classifier", "segmenter"]
    assert list(separate.stages["classifier"].output) == ["slice_logit"]
    assert {name: tuple(one.shape[1:]) for name, one in separate.stages["segmenter"].output.items()} == {
        "mask_logit": (32, 32, 1)
    }
    for role, output in (("classifier", "probability"), ("segmenter", "mask")):
        graph = separate.graphs[role]
        assert [one.name for one in graph.inputs] == ["images"]
        assert list(graph.output) == [output]


def test_exported_shared_graphs_give_the_trained_logits_probabilities(shared: NetworkSet) -> None:
    logits = outputs(shared.stages["joint"], images())
    first = outputs(shared.graphs["trunk"], images())
    second = outputs(shared.graphs["decoder"], {name: one for name, one in first.items() if name != "probability"})
    np.testing.assert_allclose(first["probability"], sigmoid(logits["slice_logit"]), atol=1e-6)
    np.testing.assert_allclose(second["mask"], sigmoid(logits["mask_logit"]), atol=1e-6)
    assert float(np.ptp(second["mask"])) > 1e-3


def test_exported_separate_graphs_give_the_trained_logits_probabilities(separate: NetworkSet) -> None:
    for stage, role, logit, probability in (
        ("classifier", "classifier", "slice_logit", "probability"),
        ("segmenter", "segmenter", "mask_logit", "mask"),
    ):
        trained = outputs(separate.stages[stage], images())[logit]  # type: ignore[index]  # both are stages
        np.testing.assert_allclose(outputs(separate.graphs[role], images())[probability], sigmoid(trained), atol=1e-6)


def test_both_views_share_every_weight(shared: NetworkSet, separate: NetworkSet) -> None:
    for networks in (shared, separate):
        trained = {id(one) for model in networks.stages.values() for one in model.variables}
        exported = [one for graph in networks.graphs.values() for one in graph.variables]
        assert {id(one) for one in exported} == trained
        assert len(exported) == len(trained)


def test_a_changed_weight_shows_in_both_views() -> None:
    pair = small_resunet((32, 32), (4, 8))
    before = outputs(pair.exported, images())["mask"]
    pair.trained.get_layer("mask_logit").bias.assign([3.0])
    after = outputs(pair.exported, images())["mask"]
    assert (after >= before).all()
    np.testing.assert_allclose(after, sigmoid(outputs(pair.trained, images())["mask_logit"]), atol=1e-6)


def test_the_order_of_weights_is_always_the_same(shared: NetworkSet) -> None:
    again = build_networks(Recipe.model_validate({"preparation": {"size": 32}}))
    paths = [[one.path for one in networks.stages["joint"].variables] for networks in (shared, again)]
    assert paths[0] == paths[1]
    assert len(paths[0]) == len(set(paths[0]))


def test_deep_supervision_adds_outputs_for_training_alone(make_recipe: RecipeFactory) -> None:
    networks = build_networks(make_recipe(network={"deep_supervision": True, "decoder": (24, 20, 18, 12, 8)}))
    shapes = {name: tuple(one.shape[1:]) for name, one in networks.stages["joint"].output.items()}
    assert shapes == {
        "slice_logit": (1,),
        "mask_logit": (32, 32, 1),
        "mask_logit_1": (16, 16, 1),
        "mask_logit_2": (8, 8, 1),
    }
    decoder = networks.graphs["decoder"]
    assert list(decoder.output) == ["mask"]
    exported = sum(one.count_params() for one in networks.graphs.values())
    assert networks.parameters() - exported == 8 + 1 + 12 + 1
    assert decoder.get_layer("decoder_bottom_conv").filters == 24
    assert [decoder.get_layer(f"decoder_{level}_first_conv").filters for level in (3, 2, 1, 0)] == [20, 18, 12, 8]
    assert decoder.get_layer("decoder_full_conv").filters == 8


def test_dropout_stands_before_the_last_layer_and_rests_in_use() -> None:
    model = classifier((32, 32), Network(dropout=0.5)).trained
    assert model.get_layer("slice_dropout").rate == 0.5
    first, again = (outputs(model, images())["slice_logit"] for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_mixed_precision_keeps_logits_and_weights_in_float32() -> None:
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    model = small_resunet((32, 32), (4, 8)).trained
    assert model.output["mask_logit"].dtype == "float32"
    assert {one.dtype for one in model.variables} == {"float32"}
    assert model.get_layer("encoder_1_first_conv").compute_dtype == "bfloat16"


def test_the_classic_segmenter_is_the_well_known_one() -> None:
    recipe = load_recipe("classic")
    segmenter = small_resunet(recipe.preparation.shape, recipe.network.filters).exported
    trainable = sum(int(np.prod(one.shape)) for one in segmenter.trainable_variables)
    assert segmenter.count_params() == 1_210_513
    assert trainable == 1_206_129
    pools = [one for one in segmenter.layers if isinstance(one, keras.layers.MaxPooling2D)]
    ups = [one for one in segmenter.layers if isinstance(one, keras.layers.UpSampling2D)]
    assert len(pools) == len(ups) == 4
    assert all(one.interpolation == "nearest" for one in ups)
    assert [segmenter.get_layer(f"encoder_{level}_second_conv").filters for level in range(5)] == [16, 32, 64, 128, 256]
    assert [segmenter.get_layer(f"decoder_{level}_second_conv").filters for level in (3, 2, 1, 0)] == [128, 64, 32, 16]
