from __future__ import annotations

import json
from pathlib import Path

import pytest

pytest.importorskip("keras")

import keras
from keras import layers

from gliascope.present.architecture import quantity
from gliascope.recipe import load_recipe
from gliascope.training.networks.classic import small_resunet
from gliascope.training.networks.counts import count_layer
from gliascope.training.networks.describe import Description, describe_networks, describe_stages
from gliascope.training.networks.diagram import diagram

IMAGES = Path(__file__).resolve().parents[3] / "docs" / "images"

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("plain_keras")]


@pytest.fixture(scope="module")
def default() -> Description:
    recipe = load_recipe("default")
    network = recipe.network.model_copy(update={"deep_supervision": True})
    return describe_networks(recipe.model_copy(update={"network": network}), 256)


@pytest.fixture(scope="module")
def classic() -> Description:
    return describe_networks(load_recipe("classic"))


def small_network() -> keras.Model:
    images = keras.Input((8, 8, 3), name="images")
    first = layers.Conv2D(4, 3, strides=2, padding="same", activation="relu", name="encoder_0_conv")(images)
    first = layers.BatchNormalization(name="encoder_0_norm")(first)
    second = layers.MaxPooling2D(2, name="encoder_1_pool")(first)
    second = layers.Conv2D(6, 3, padding="valid", use_bias=False, name="encoder_1_conv")(
        layers.ZeroPadding2D(1, name="encoder_1_pad")(second)
    )
    third = layers.UpSampling2D(interpolation="bilinear", name="decoder_0_up")(second)
    third = layers.Concatenate(name="decoder_0_join")([third, first])
    third = layers.Conv2D(4, 1, use_bias=False, name="decoder_0_conv")(third)
    third = layers.Activation("relu", name="decoder_0_relu")(layers.Add(name="decoder_0_add")([third, first, first]))
    pooled = layers.GlobalAveragePooling2D(name="slice_pool")(third)
    logit = layers.Dense(2, name="slice_logit")(layers.Dropout(0.5, name="slice_dropout")(pooled))
    return keras.Model(images, {"probability": layers.Activation("sigmoid", name="probability")(logit)})


def test_operations_of_a_small_network_by_hand() -> None:
    stages = {one.name: one for one in describe_stages(small_network())}
    # 4 x 4 x 4 values, 3 x 3 x 3 products each; bias, ReLU, 2 for the normalisation
    assert stages["encoder_0"].macs == 64 * 27
    assert stages["encoder_0"].flops == 2 * 64 * 27 + 64 * (1 + 1 + 2)
    assert stages["encoder_0"].parameters == 27 * 4 + 4 + 4 * 4
    # pooling: 2 x 2 x 4 values of 4; convolution over the padded 4 x 4: 2 x 2 x 6 values, 3 x 3 x 4 products
    assert stages["encoder_1"].macs == 24 * 36
    assert stages["encoder_1"].flops == 2 * 24 * 36 + 16 * 4
    # upsampling: 4 x 4 x 6 values, 7 each; 10 channels to 4; sum of three; ReLU
    assert stages["decoder_0"].macs == 64 * 10
    assert stages["decoder_0"].flops == 2 * 640 + 96 * 7 + 64 * 2 + 64
    # average of 64 values; 4 to 2 with bias; sigmoid
    assert stages["slice"].macs == 8
    assert stages["slice"].flops == 16 + 64 + 2 + 2
    assert [one.output for one in stages.values()] == [(4, 4, 4), (2, 2, 6), (4, 4, 4), (2,)]


def test_resnet_50_has_the_published_figures() -> None:
    """He et al. 2016, table 1: 3.8 G multiply-adds at 224 x 224.

    Others count 4.1 G: they halve in the 3 x 3 convolution of a stage's first block, so that the 1 x 1 convolution
    before it has four times the pixels, once in each of three stages.
    """
    network = keras.applications.ResNet50(weights=None, input_shape=(224, 224, 3))
    macs = sum(count_layer(one).macs for one in network.layers)
    assert macs / 1e9 == pytest.approx(3.8, abs=0.06)
    late = sum(
        3 * network.get_layer(f"conv{stage}_block1_1_conv").kernel.numpy().size * side * side
        for stage, side in ((3, 28), (4, 14), (5, 7))
    )
    assert (macs + late) / 1e9 == pytest.approx(4.09, abs=0.005)
    assert network.count_params() == 25_636_712


def test_a_layer_without_a_rule_is_refused() -> None:
    images = keras.Input((8, 8, 3))
    model = keras.Model(images, layers.Conv2DTranspose(2, 3, name="decoder_0_conv")(images))
    with pytest.raises(TypeError, match="decoder_0_conv: operations can be counted of known layers only"):
        describe_stages(model)


def test_a_layer_of_no_stage_is_refused() -> None:
    images = keras.Input((8, 8, 3))
    model = keras.Model(images, layers.Conv2D(2, 3, name="stray")(images))
    with pytest.raises(ValueError, match="must belong to a stage, received stray"):
        describe_stages(model)


def test_nothing_is_left_out_of_the_stages(default: Description, classic: Description) -> None:
    auxiliary = 16 + 1 + 32 + 1  # outputs of deep supervision, which are not exported
    for description, extra in ((default, auxiliary), (classic, 0)):
        assert description.training_parameters - sum(one.parameters for one in description.networks) == extra


def test_the_default_networks(default: Description) -> None:
    trunk, decoder = default.networks
    assert [one.name for one in trunk.stages] == ["conv1", "conv2", "conv3", "conv4", "conv5", "slice"]
    assert [one.output for one in trunk.stages[:5]] == [
        (128, 128, 64),
        (64, 64, 256),
        (32, 32, 512),
        (16, 16, 1024),
        (8, 8, 2048),
    ]
    assert [one.makeup for one in trunk.stages[1:3]] == ["max pooling, 3 residual blocks", "4 residual blocks"]
    assert decoder.stages[0].name == "decoder_bottom"
    assert decoder.stages[-1].output == (256, 256, 1)
    assert trunk.macs / 1e9 == pytest.approx(3.858 * (256 / 224) ** 2, rel=2e-3)
    assert decoder.macs < 0.2 * trunk.macs


def test_operations_go_with_the_number_of_pixels() -> None:
    large, small = (describe_stages(small_resunet(size, (4, 8, 12)).exported) for size in ((64, 64), (32, 32)))
    for one, other in zip(large, small, strict=True):
        assert one.parameters == other.parameters
        assert one.macs == 4 * other.macs
        assert one.flops == 4 * other.flops


def test_the_classic_networks(classic: Description) -> None:
    assert classic.size == (256, 256)
    assert classic.wiring == "separate"
    assert classic.networks[1].parameters == 1_210_513
    encoder = [one for one in classic.networks[1].stages if one.name.startswith("encoder")]
    assert [one.output[-1] for one in encoder] == [16, 32, 64, 128, 256]


def test_json_adds_up(default: Description, classic: Description) -> None:
    for description in (default, classic):
        values = json.loads(json.dumps(description.as_json()))
        assert values["schema"] == "gliascope.networks/1"
        for key in ("parameters", "macs", "flops"):
            for network in values["networks"]:
                assert network[key] == sum(one[key] for one in network["stages"])
            assert values["total"][key] == sum(one[key] for one in values["networks"])


def test_diagrams_hold_every_stage(default: Description, classic: Description) -> None:
    (joint,) = diagram(default).networks
    assert [len(joint.encoder), len(joint.decoder)] == [5, 6]
    assert joint.gate
    first, second = diagram(classic).networks
    assert [len(first.encoder), len(first.decoder), len(second.encoder), len(second.decoder)] == [5, 0, 5, 4]
    for description in (default, classic):
        assert diagram(description).macs == sum(one.macs for one in description.networks)


@pytest.mark.parametrize("name", ["default", "classic"])
def test_the_documented_pictures_show_the_networks_of_today(name: str, classic: Description) -> None:
    description = classic if name == "classic" else describe_networks(load_recipe(name))
    picture = (IMAGES / f"networks-{name}.svg").read_text(encoding="utf-8")
    assert diagram(description).summary in picture, "run `gliascope networks -o DIR` and copy the picture"
    page = (IMAGES.parent / "concepts" / "networks.md").read_text(encoding="utf-8")
    for network in description.networks:
        assert f"{quantity(network.parameters)} parameters" in page
        assert f"{quantity(network.macs)} MAC" in page
