"""The layers that the networks are made of."""

from __future__ import annotations

from typing import Any

from keras import layers

from gliascope.training.networks.normalisation import normalise


def convolve(
    tensor: Any, channels: int, kernel: int, name: str, *, strides: int = 1, activate: bool = True, bias: bool = False
) -> Any:
    """Convolution, batch normalisation, and ReLU where asked.

    Parameters
    ----------
    tensor : symbolic tensor, shape (n, row, column, channel)
    channels, kernel : int
    name : str
        Prefix of the layers' names.
    strides : int
    activate : bool
    bias : bool
        Whether the convolution adds a bias, which the normalisation after it makes superfluous.

    Returns
    -------
    symbolic tensor
    """
    tensor = layers.Conv2D(
        channels,
        kernel,
        strides=strides,
        padding="same",
        use_bias=bias,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(tensor)
    tensor = normalise(tensor, f"{name}_norm")
    return layers.Activation("relu", name=f"{name}_relu")(tensor) if activate else tensor


def residual_block(tensor: Any, channels: int, name: str) -> Any:
    """Two 3 x 3 convolutions beside a 1 x 1 shortcut (He et al. 2016).

    Parameters
    ----------
    tensor : symbolic tensor, shape (n, row, column, channel)
    channels : int
    name : str

    Returns
    -------
    symbolic tensor, shape (n, row, column, channels)
    """
    shortcut = convolve(tensor, channels, 1, f"{name}_shortcut", activate=False)
    body = convolve(tensor, channels, 3, f"{name}_first")
    body = convolve(body, channels, 3, f"{name}_second", activate=False)
    return layers.Activation("relu", name=f"{name}_out")(layers.Add(name=f"{name}_add")([shortcut, body]))
