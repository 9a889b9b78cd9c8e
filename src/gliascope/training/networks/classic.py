"""The small ResUNet of the well-known Keras pipeline: residual blocks, max pooling, 16 to 256 filters."""

from __future__ import annotations

import keras
from keras import layers

from gliascope.training.networks.blocks import convolve, residual_block
from gliascope.training.networks.shared import Pair


def small_resunet(size: int, filters: tuple[int, ...]) -> Pair:
    """Build the small ResUNet.

    Parameters
    ----------
    size : int
        Rows and columns of the input.
    filters : tuple of int
        Channels of the stages, fine to coarse.

    Returns
    -------
    Pair
    """
    images = keras.Input((size, size, 3), name="images")
    first, *deeper = filters
    tensor = convolve(convolve(images, first, 3, "encoder_0_first"), first, 3, "encoder_0_second")
    skips = []
    for level, channels in enumerate(deeper, start=1):
        skips.append(tensor)
        tensor = layers.MaxPooling2D(name=f"encoder_{level}_pool")(tensor)
        tensor = residual_block(tensor, channels, f"encoder_{level}")
    for level in reversed(range(len(skips))):
        up = layers.UpSampling2D(name=f"decoder_{level}_up")(tensor)
        tensor = layers.Concatenate(name=f"decoder_{level}_join")([up, skips[level]])
        tensor = residual_block(tensor, filters[level], f"decoder_{level}")
    logit = layers.Conv2D(1, 1, dtype="float32", name="mask_logit")(tensor)
    mask = layers.Activation("sigmoid", dtype="float32", name="mask")(logit)
    return Pair(
        trained=keras.Model(images, {"mask_logit": logit}, name="segmenter_trained"),
        exported=keras.Model(images, {"mask": mask}, name="segmenter"),
    )
