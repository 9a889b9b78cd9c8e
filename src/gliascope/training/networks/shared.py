"""ResNet-50 (He et al. 2016) with a classification head, and the light ResUNet decoder on top of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import keras
from keras import layers

from gliascope.recipe import Network
from gliascope.scan import SEQUENCES
from gliascope.training.networks.blocks import convolve, residual_block
from gliascope.training.networks.normalisation import with_fused_normalisation

SKIPS: Final = ("conv1_relu", "conv2_block3_out", "conv3_block4_out", "conv4_block6_out", "conv5_block3_out")
"""Layers of the ResNet-50 that the decoder reads: 1/2, 1/4, 1/8, 1/16 and 1/32 of the input's side."""

DEEP_OUTPUTS: Final = 2
"""Decoder stages before the last that deep supervision trains on the mask as well."""


@dataclass(frozen=True, eq=False)
class Pair:
    """One network twice, with the same weights: its logits for training, its probabilities for use."""

    trained: keras.Model
    exported: keras.Model


@dataclass(frozen=True, eq=False)
class Trunk:
    """The ResNet-50: symbolic input, features fine to coarse, the slice's logit, and the exported graph."""

    images: Any
    features: tuple[Any, ...]
    logit: Any
    exported: keras.Model


@dataclass(frozen=True, eq=False)
class Decoder:
    """The decoder as a model from features to logits (one a supervised scale), and the exported graph."""

    trained: keras.Model
    exported: keras.Model


def trunk(size: tuple[int, int], network: Network, channels: int = len(SEQUENCES)) -> Trunk:
    """Build the ResNet-50 with its classification head.

    Parameters
    ----------
    size : (int, int)
        Rows and columns of the input.
    network : Network
    channels : int
        Of the input.

    Returns
    -------
    Trunk
    """
    images = keras.Input((*size, channels), name="images")
    backbone = with_fused_normalisation(
        keras.applications.ResNet50(include_top=False, weights=None, input_tensor=images)
    )
    features = tuple(backbone.get_layer(name).output for name in SKIPS)
    pooled = layers.GlobalAveragePooling2D(name="slice_pool")(features[-1])
    if network.dropout:
        pooled = layers.Dropout(network.dropout, name="slice_dropout")(pooled)
    logit = layers.Dense(1, dtype="float32", name="slice_logit")(pooled)
    outputs = {"probability": layers.Activation("sigmoid", dtype="float32", name="probability")(logit)}
    for level, feature in enumerate(features):
        outputs[f"feature_{level}"] = layers.Identity(name=f"feature_{level}")(feature)
    return Trunk(images, features, logit, keras.Model(images, outputs, name="trunk"))


def classifier(size: tuple[int, int], network: Network, channels: int = len(SEQUENCES)) -> Pair:
    """Build the ResNet-50 classifier alone, without features.

    Parameters
    ----------
    size : (int, int)
    network : Network
    channels : int
        Of the input.

    Returns
    -------
    Pair
    """
    encoder = trunk(size, network, channels)
    return Pair(
        trained=keras.Model(encoder.images, {"slice_logit": encoder.logit}, name="classifier_trained"),
        exported=keras.Model(
            encoder.images, {"probability": encoder.exported.output["probability"]}, name="classifier"
        ),
    )


def decoder(encoder: Trunk, network: Network) -> Decoder:
    """Build the ResUNet's decoder: upsampling, reduced skips and residual blocks.

    Parameters
    ----------
    encoder : Trunk
    network : Network
        ``decoder`` holds the channels from the coarsest stage to the full size.

    Returns
    -------
    Decoder
    """
    inputs = {
        f"feature_{level}": keras.Input(feature.shape[1:], name=f"feature_{level}")
        for level, feature in enumerate(encoder.features)
    }
    coarse, *rest = network.decoder
    tensor = convolve(inputs["feature_4"], coarse, 1, "decoder_bottom")
    side_outputs = []
    for level, channels in zip((3, 2, 1, 0), rest, strict=True):
        name = f"decoder_{level}"
        skip = convolve(inputs[f"feature_{level}"], channels, 1, f"{name}_skip")
        up = layers.UpSampling2D(interpolation="bilinear", name=f"{name}_up")(tensor)
        tensor = residual_block(layers.Concatenate(name=f"{name}_join")([up, skip]), channels, name)
        side_outputs.append(tensor)
    full = layers.UpSampling2D(interpolation="bilinear", name="decoder_full_up")(tensor)
    full = convolve(full, rest[-1], 3, "decoder_full")
    logit = layers.Conv2D(1, 1, dtype="float32", name="mask_logit")(full)
    outputs = {"mask_logit": logit}
    if network.deep_supervision:
        for scale, tensor in enumerate(reversed(side_outputs[-DEEP_OUTPUTS:]), start=1):
            outputs[f"mask_logit_{scale}"] = layers.Conv2D(1, 1, dtype="float32", name=f"mask_logit_{scale}")(tensor)
    mask = layers.Activation("sigmoid", dtype="float32", name="mask")(logit)
    return Decoder(
        trained=keras.Model(inputs, outputs, name="decoder_trained"),
        exported=keras.Model(inputs, {"mask": mask}, name="decoder"),
    )


def joint(encoder: Trunk, mask_decoder: Decoder) -> keras.Model:
    """Join trunk and decoder into the network that is trained.

    Returns
    -------
    keras.Model
        From ``images`` to ``slice_logit`` and ``mask_logit``.
    """
    named = {f"feature_{level}": feature for level, feature in enumerate(encoder.features)}
    outputs = dict(mask_decoder.trained(named))
    outputs["slice_logit"] = encoder.logit
    return keras.Model(encoder.images, outputs, name="joint")
