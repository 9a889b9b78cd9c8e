"""The small ResUNet of the well-known Keras pipeline, layer for layer: 1,210,513 parameters with 16 to 256 filters."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from gliascope.scan import SEQUENCES
from gliascope.training.networks.blocks import convolve
from gliascope.training.networks.normalisation import normalise
from gliascope.training.networks.shared import Pair


def small_resunet(size: tuple[int, int], filters: tuple[int, ...], channels: int = len(SEQUENCES)) -> Pair:
    """Build the small ResUNet.

    Parameters
    ----------
    size : (int, int)
        Rows and columns of the input.
    filters : tuple of int
        Channels of the stages, fine to coarse.
    channels : int
        Of the input.

    Returns
    -------
    Pair
    """
    images = keras.Input((*size, channels), name="images")
    first, *deeper = filters
    tensor = _first_stage(_first_stage(images, first, "encoder_0_first"), first, "encoder_0_second")
    skips = []
    for level, width in enumerate(deeper, start=1):
        skips.append(tensor)
        tensor = layers.MaxPooling2D(name=f"encoder_{level}_pool")(tensor)
        tensor = _narrow_block(tensor, width, f"encoder_{level}")
    for level in reversed(range(len(skips))):
        up = layers.UpSampling2D(name=f"decoder_{level}_up")(tensor)
        tensor = layers.Concatenate(name=f"decoder_{level}_join")([up, skips[level]])
        tensor = _narrow_block(tensor, filters[level], f"decoder_{level}")
    logit = layers.Conv2D(1, 1, dtype="float32", name="mask_logit")(tensor)
    mask = layers.Activation("sigmoid", dtype="float32", name="mask")(logit)
    return Pair(
        trained=keras.Model(images, {"mask_logit": logit}, name="segmenter_trained"),
        exported=keras.Model(images, {"mask": mask}, name="segmenter"),
    )


def _first_stage(tensor: Any, channels: int, name: str) -> Any:
    """3 x 3 convolution and ReLU; normalised after the ReLU, as the baseline has it."""
    tensor = layers.Conv2D(channels, 3, padding="same", kernel_initializer="he_normal", name=f"{name}_conv")(tensor)
    tensor = layers.Activation("relu", name=f"{name}_relu")(tensor)
    return normalise(tensor, f"{name}_norm")


def _narrow_block(tensor: Any, channels: int, name: str) -> Any:
    """A 1 x 1 and a 3 x 3 convolution beside a 1 x 1 shortcut: half the weights of two 3 x 3 convolutions."""
    shortcut = convolve(tensor, channels, 1, f"{name}_shortcut", activate=False, bias=True)
    body = convolve(tensor, channels, 1, f"{name}_first", bias=True)
    body = convolve(body, channels, 3, f"{name}_second", activate=False, bias=True)
    return layers.Activation("relu", name=f"{name}_out")(layers.Add(name=f"{name}_add")([shortcut, body]))
