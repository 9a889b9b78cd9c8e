from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import pytest

pytest.importorskip("keras")

import keras

from gliascope.errors import TrainingError
from gliascope.recipe import Recipe
from gliascope.training import networks
from gliascope.training.networks import build_networks, pretrained
from gliascope.training.networks.pretrained import DEVIATION, MEANS, fitted_stem, start_from_imagenet, widened_stem

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("plain_keras")]

RecipeFactory = Callable[..., Recipe]

ResNet50 = keras.applications.ResNet50


def unreachable(*_: Any, **__: Any) -> None:
    message = "URL fetch failure on https://weights.example/resnet50.h5: None -- Name or service not known"
    raise Exception(message)  # noqa: TRY002  as Keras does


def stand_in(monkeypatch: pytest.MonkeyPatch) -> list[keras.Model]:
    """Let `weights="imagenet"` give random weights; the networks so made are collected."""
    made: list[keras.Model] = []

    def build(*, weights: str | None = None, **options: Any) -> keras.Model:
        network = ResNet50(weights=None, **options)
        if weights == "imagenet":
            made.append(network)
        return network

    monkeypatch.setattr(keras.applications, "ResNet50", build)
    return made


def test_weights_arrive_in_the_trained_network(make_recipe: RecipeFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    made = stand_in(monkeypatch)
    model = build_networks(make_recipe(network={"weights": "imagenet"})).stages["joint"]
    (source,) = made
    for layer in source.layers:
        for position, value in enumerate(layer.get_weights()):
            scale = DEVIATION if layer.name == "conv1_conv" and position == 0 else 1.0
            np.testing.assert_allclose(model.get_layer(layer.name).get_weights()[position], value * scale, rtol=1e-6)


@pytest.mark.parametrize("normalise", ["zscore", "unit"])
def test_the_first_layer_sees_what_imagenets_saw(normalise: Literal["zscore", "unit"]) -> None:
    rng = np.random.default_rng(0)
    kernel = rng.standard_normal((7, 7, 3, 5)).astype(np.float32)
    bias = rng.standard_normal(5).astype(np.float32)
    colours = rng.uniform(0, 255, (1, 7, 7, 3)).astype(np.float32)
    expected = np.einsum("nijc,ijcf->nf", colours - np.array(MEANS), kernel) + bias
    ours = colours / 255 if normalise == "unit" else (colours - np.array(MEANS)) / DEVIATION
    fitted, shift = fitted_stem(kernel, bias, normalise)
    np.testing.assert_allclose(np.einsum("nijc,ijcf->nf", ours, fitted) + shift, expected, rtol=1e-4, atol=1e-2)
    assert fitted.dtype == shift.dtype == np.float32


@pytest.mark.parametrize("channels", [3, 5, 7])
def test_a_slice_without_neighbours_gives_what_it_gave(channels: int) -> None:
    rng = np.random.default_rng(0)
    kernel = rng.standard_normal((7, 7, 3, 5)).astype(np.float32)
    image = rng.standard_normal((7, 7, 3)).astype(np.float32)
    widened = widened_stem(kernel, channels)
    assert widened.shape == (7, 7, channels, 5)
    seen = np.concatenate([image, *[image[..., 1:2]] * (channels - 3)], axis=-1)
    expected = np.einsum("ijc,ijcf->f", image, kernel)
    np.testing.assert_allclose(np.einsum("ijc,ijcf->f", seen, widened), expected, rtol=1e-4, atol=1e-4)


def test_neighbours_share_the_filters_of_flair(monkeypatch: pytest.MonkeyPatch) -> None:
    def stem(channels: int) -> keras.Model:
        layer = keras.layers.Conv2D(4, 7, name="conv1_conv")
        return keras.Sequential([keras.Input((8, 8, channels)), layer])

    source, ours = stem(3), stem(5)
    monkeypatch.setattr(pretrained, "_imagenet_network", lambda: source)
    start_from_imagenet(ours, "zscore_slice")
    first, widened = (one.get_layer("conv1_conv").get_weights()[0] for one in (source, ours))
    np.testing.assert_allclose(widened[:, :, [0, 2]], first[:, :, [0, 2]] * DEVIATION, rtol=1e-5)
    for channel in (1, 3, 4):
        np.testing.assert_allclose(widened[:, :, channel], first[:, :, 1] * DEVIATION / 3, rtol=1e-5)


def test_no_network_connection_is_told_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.applications, "ResNet50", unreachable)
    with pytest.raises(TrainingError, match=r"URL fetch failure .*\.keras.* network\.weights = \"none\"$"):
        start_from_imagenet(keras.Sequential(), "zscore")


@pytest.mark.parametrize(
    ("network", "pretrained", "started"),
    [
        ({"weights": "imagenet"}, True, ["trunk"]),
        ({"weights": "imagenet", "wiring": "separate"}, True, ["classifier"]),
        ({"weights": "imagenet"}, False, []),
        ({"weights": "none"}, True, []),
    ],
)
def test_weights_are_fetched_where_they_are_wanted_alone(
    network: dict[str, str],
    pretrained: bool,
    started: list[str],
    make_recipe: RecipeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    roles: Any = {one: one for one in ("trunk", "decoder", "classifier", "segmenter")}
    asked: list[Any] = []
    monkeypatch.setattr(networks, "_fresh_networks", lambda _: networks.NetworkSet({}, roles))
    monkeypatch.setattr(networks, "start_from_imagenet", lambda graph, _: asked.append(graph))
    build_networks(make_recipe(network=network), pretrained=pretrained)
    assert asked == started
