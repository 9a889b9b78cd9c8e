"""Small stand-ins for the parts of the networks, for tests that train whole runs and do not ask how well they work.

Run by path, in the test's process and in those that it starts: `runpy.run_path(...)["install"]()`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from gliascope.training.networks import shared


def backbone(*, include_top: bool, weights: None, input_tensor: Any) -> keras.Model:
    """Halve the side five times, under the names that the decoder asks for."""
    del include_top, weights
    first, *rest = shared.SKIPS
    tensor = layers.Conv2D(8, 3, strides=2, padding="same", name="conv")(input_tensor)
    tensor = layers.BatchNormalization(name="norm")(tensor)
    tensor = layers.Activation("relu", name=first)(tensor)
    for name in rest:
        tensor = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu", name=name)(tensor)
    return keras.Model(input_tensor, tensor, name="tiny")


def convolve(tensor: Any, channels: int, kernel: int, name: str) -> Any:
    """Convolution and ReLU."""
    return layers.Conv2D(channels, kernel, padding="same", activation="relu", name=f"{name}_conv")(tensor)


def block(tensor: Any, channels: int, name: str) -> Any:
    """One convolution in place of three."""
    return convolve(tensor, channels, 3, name)


def install(put: Callable[[Any, str, Any], None] = setattr) -> None:
    """Put them in place of ResNet-50 and of the decoder's parts; `put` may be a patch that can be undone."""
    put(keras.applications, "ResNet50", backbone)
    put(shared, "convolve", convolve)
    put(shared, "residual_block", block)
