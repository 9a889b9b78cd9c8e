"""Weights of ONNX graphs, taken back into networks that can be trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("tf2onnx")

from keras import layers  # noqa: E402  after the check that Keras is there

from gliascope.errors import TrainingError  # noqa: E402
from gliascope.training.graphs import round_weights, to_onnx  # noqa: E402
from gliascope.training.unfold import unfold  # noqa: E402

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("plain_keras")]

SIDE = 16
SEEDS = iter(range(100))


def trunk(channels: int = 8) -> Any:
    """Two convolutions of both kinds in a residual connection, the second with a bias before its normalisation."""
    images = keras.Input((SIDE, SIDE, 3), name="images")
    tensor = layers.Conv2D(channels, 3, padding="same", use_bias=False, name="first")(images)
    first = layers.Activation("relu", name="first_relu")(layers.BatchNormalization(name="first_norm")(tensor))
    tensor = layers.Conv2D(channels, 3, padding="same", name="second")(first)
    tensor = layers.BatchNormalization(name="second_norm")(tensor)
    tensor = layers.Activation("relu", name="joined_relu")(layers.Add(name="joined")([tensor, first]))
    logit = layers.Dense(1, name="logit")(layers.GlobalAveragePooling2D(name="pool")(tensor))
    outputs = {
        "probability": layers.Activation("sigmoid", name="probability")(logit),
        "feature_0": layers.Identity(name="feature_0")(first),
        "feature_1": layers.Identity(name="feature_1")(tensor),
    }
    return keras.Model(images, outputs, name="trunk")


def decoder(channels: int = 8) -> Any:
    inputs = {f"feature_{level}": keras.Input((SIDE, SIDE, channels), name=f"feature_{level}") for level in range(2)}
    tensor = layers.Concatenate(name="join")(list(inputs.values()))
    tensor = layers.Conv2D(4, 3, padding="same", use_bias=False, name="body")(tensor)
    tensor = layers.Activation("relu", name="body_relu")(layers.BatchNormalization(name="body_norm")(tensor))
    mask = layers.Conv2D(1, 1, activation="sigmoid", name="mask")(tensor)
    return keras.Model(inputs, {"mask": mask}, name="decoder")


def trained(model: Any) -> Any:
    """Give a network values that nothing is 0 or 1 by, as training does."""
    rng = np.random.default_rng(next(SEEDS))
    for one in model.weights:
        wide = one.name in {"gamma", "moving_variance"}
        one.assign(rng.uniform(0.5, 2, one.shape) if wide else rng.normal(0, 0.3, one.shape))
    round_weights(model)
    return model


@pytest.fixture(scope="module")
def images() -> Any:
    return np.random.default_rng(5).standard_normal((24, SIDE, SIDE, 3)).astype(np.float32)


@pytest.fixture(scope="module", params=[True, False], ids=["float16", "float32"])
def theirs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], dict[str, Path]]:
    folder = tmp_path_factory.mktemp("graphs")
    networks = {"trunk": trained(trunk()), "decoder": trained(decoder())}
    for role, model in networks.items():
        (folder / f"{role}.onnx").write_bytes(to_onnx(model, half=request.param).SerializeToString())
    return networks, {role: folder / f"{role}.onnx" for role in networks}


def outputs(networks: dict[str, Any], images: Any, *, training: bool) -> dict[str, Any]:
    given = networks["trunk"](images, training=training)
    features = {name: given[name] for name in ("feature_0", "feature_1")}
    both = {"probability": given["probability"], **networks["decoder"](features, training=training)}
    return {name: np.asarray(one) for name, one in both.items()}


def test_networks_compute_what_the_graphs_do_in_use_and_nearly_so_in_training(
    theirs: tuple[dict[str, Any], dict[str, Path]], images: Any
) -> None:
    networks, graphs = theirs
    ours = {"trunk": trunk(), "decoder": decoder()}
    before = outputs(ours, images, training=False)
    unfold(ours, graphs, images)
    wanted = outputs(networks, images, training=False)
    found = outputs(ours, images, training=False)
    for name, value in wanted.items():
        np.testing.assert_allclose(found[name], value, atol=2e-3)  # weights of graphs are halves
        assert np.abs(before[name] - value).max() > 0.02
    # The very slices that the statistics come from: those of the batch are the moving ones.
    for name, value in outputs(ours, images, training=True).items():
        np.testing.assert_allclose(value, wanted[name], atol=5e-3)


def test_normalisations_know_what_goes_through_them(
    theirs: tuple[dict[str, Any], dict[str, Path]], images: Any
) -> None:
    ours = {"trunk": trunk(), "decoder": decoder()}
    unfold(ours, theirs[1], images)
    model = ours["trunk"]
    before = np.asarray(keras.Model(model.input, model.get_layer("second").output)(images))
    norm = model.get_layer("second_norm")
    np.testing.assert_allclose(np.asarray(norm.moving_mean), before.mean(axis=(0, 1, 2)), rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(np.asarray(norm.moving_variance), before.var(axis=(0, 1, 2)), rtol=1e-3)


def test_graphs_of_other_networks_are_refused(theirs: tuple[dict[str, Any], dict[str, Path]], images: Any) -> None:
    graphs = theirs[1]
    with pytest.raises(TrainingError, match=r"trunk\.onnx: a start must be of the same network, received another"):
        unfold({"trunk": trunk(12), "decoder": decoder(12)}, graphs, images)
    with pytest.raises(TrainingError, match="must have graphs for decoder, trunk, received trunk"):
        unfold({"trunk": trunk(), "decoder": decoder()}, {"trunk": graphs["trunk"]}, images)


def test_a_normalisation_behind_anything_but_a_convolution_is_refused(images: Any) -> None:
    given = keras.Input((SIDE, SIDE, 3), name="images")
    tensor = layers.BatchNormalization(name="late")(layers.Conv2D(4, 3, activation="relu")(given))
    model = keras.Model(given, {"probability": tensor}, name="trunk")
    with pytest.raises(
        TrainingError, match="trunk: a normalisation must follow a convolution to be taken from a graph, received late"
    ):
        unfold({"trunk": model}, {"trunk": Path("none.onnx")}, images)
