"""A small stand-in for ResNet-50, for tests that train whole runs and do not ask how well they work.

Run by path, in the test's process and in those that it starts: `runpy.run_path(...)["install"]()`.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from gliascope.training.networks.shared import SKIPS


def backbone(*, include_top: bool, weights: None, input_tensor: Any) -> keras.Model:
    """Halve the side five times, under the names that the decoder asks for."""
    del include_top, weights
    tensor = input_tensor
    for level, name in enumerate(SKIPS):
        tensor = layers.Conv2D(8, 3, strides=2, padding="same", name=f"stage_{level}")(tensor)
        tensor = layers.BatchNormalization(name=f"norm_{level}")(tensor)
        tensor = layers.Activation("relu", name=name)(tensor)
    return keras.Model(input_tensor, tensor, name="tiny")


def install() -> None:
    """Put it in ResNet-50's place, for the rest of the process."""
    keras.applications.ResNet50 = backbone
