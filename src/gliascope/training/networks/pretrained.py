"""ImageNet's weights as a start for the ResNet-50, fitted to how MRI slices are scaled here."""

from __future__ import annotations

from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from gliascope.errors import TrainingError
from gliascope.recipe import Normalise
from gliascope.scan import SEQUENCES

STEM: Final = "conv1_conv"
"""The layer that sees the image."""

MEANS: Final = (103.939, 116.779, 123.68)
"""Mean blue, green and red of ImageNet (0 to 255), which its weights expect to be taken off the image."""

DEVIATION: Final = 57.6
"""Deviation of ImageNet's colours (0 to 255), mean over the three."""

WHITE: Final = 255.0
"""What 1 stands for where intensities are divided by 255."""


def start_from_imagenet(network: keras.Model, normalise: Normalise) -> None:
    """Put ImageNet's weights into the ResNet-50 of a network.

    Those weights were trained on blue, green and red from 0 to 255 less their means. The first layer takes up the
    difference to this project's scale, so that the statistics of every later normalisation fit from the first step.
    Which sequence meets which colour means nothing; training goes on with all layers.

    Parameters
    ----------
    network : keras.Model
        Holds the layers of `keras.applications.ResNet50` by their names.
    normalise : str
        See `gliascope.recipe.Preparation`.

    Raises
    ------
    TrainingError
        If the weights are not on this machine and cannot be downloaded.
    """
    for layer in _imagenet_network().layers:
        values = layer.get_weights()
        if layer.name == STEM:
            kernel, bias = fitted_stem(values[0], values[1], normalise)
            values = [widened_stem(kernel, int(network.get_layer(STEM).kernel.shape[2])), bias]
        if values:
            network.get_layer(layer.name).set_weights(values)


def fitted_stem(
    kernel: NDArray[np.float32], bias: NDArray[np.float32], normalise: Normalise
) -> list[NDArray[np.float32]]:
    """Fold the scale of ImageNet's colours into the first convolution.

    Parameters
    ----------
    kernel : ndarray, float32, shape (row, column, 3, filter)
    bias : ndarray, float32, shape (filter,)
    normalise : str

    Returns
    -------
    list of ndarray
        Kernel and bias that give, for an image in this project's scale, what the given ones gave for the same
        image in ImageNet's.
    """
    if normalise != "unit":
        return [kernel * np.float32(DEVIATION), bias]
    taken_off = np.einsum("ijcf,c->f", kernel, np.array(MEANS, dtype=np.float32))
    return [kernel * np.float32(WHITE), bias - taken_off]


def widened_stem(kernel: NDArray[np.float32], channels: int) -> NDArray[np.float32]:
    """Let the first convolution see neighbouring slices: FLAIR's filters are shared evenly with them.

    Parameters
    ----------
    kernel : ndarray, float32, shape (row, column, 3, filter)
    channels : int
        Of the networks' input, at least 3.

    Returns
    -------
    ndarray, float32, shape (row, column, channels, filter)
        A slice whose neighbours are its own FLAIR gives what it gave without them.
    """
    flair = SEQUENCES.index("flair")
    beside = channels - kernel.shape[2]
    shared = kernel[:, :, flair : flair + 1] / np.float32(1 + beside)
    widened = np.concatenate([kernel, *[shared] * beside], axis=2)
    widened[:, :, flair] = shared[:, :, 0]
    return widened


def _imagenet_network() -> Any:
    try:
        return keras.applications.ResNet50(include_top=False, weights="imagenet")
    except Exception as error:
        raise TrainingError(
            f'network.weights = "imagenet" downloads weights once, which failed: {error}. Connect to a network, put '
            "the file it names into the folder models of Keras' home (~/.keras, or KERAS_HOME), or set "
            'network.weights = "none"'
        ) from error
