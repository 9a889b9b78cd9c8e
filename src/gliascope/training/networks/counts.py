"""Operations of one layer.

A multiply-accumulate (MAC) is one multiplication and one addition of a convolution or a dense layer; zeros of the
padding count as pixels. Everything else is an element-wise operation:

=====================  ===========================================================
bias, ReLU, sigmoid    1 an output value
batch normalisation    2 an output value: scale and shift, as in use
addition               1 an output value and further input
pooling                1 a value of the window; global average: 1 an input value
bilinear upsampling    7 an output value: 4 multiplications, 3 additions
=====================  ===========================================================

Nearest-neighbour upsampling, padding, joining, dropout and reshaping only move values and count 0. Floating-point
operations (FLOP) are twice the MACs and the element-wise operations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any, Final

import keras
from keras import layers

from gliascope.training.networks.normalisation import FusedBatchNormalization

FREE: Final = (
    layers.InputLayer,
    layers.Identity,
    layers.Dropout,
    layers.ZeroPadding2D,
    layers.Concatenate,
    layers.Flatten,
    layers.Reshape,
)
"""Layers that only move values."""

WEIGHTED: Final = (layers.Conv2D, layers.Dense)
"""Layers that multiply and accumulate."""

BILINEAR: Final = 7
"""Operations for one value between four."""


@dataclass(frozen=True)
class LayerCount:
    """What one layer costs for one slice.

    Attributes
    ----------
    name, kind : str
        The layer's name and its Keras class.
    output : tuple of int
        Shape of its output without the batch: (row, column, channel) or (value,).
    kernel : tuple of int
        Rows and columns of a convolution's kernel; empty for other layers.
    parameters : int
        Weights and statistics.
    macs : int
        Multiply-accumulates.
    elementwise : int
        Other operations.
    """

    name: str
    kind: str
    output: tuple[int, ...]
    kernel: tuple[int, ...]
    parameters: int
    macs: int
    elementwise: int

    @property
    def flops(self) -> int:
        """Floating-point operations: two a multiply-accumulate, one an element-wise operation."""
        return 2 * self.macs + self.elementwise


def count_layer(layer: keras.layers.Layer) -> LayerCount:
    """Count a layer that is part of a built network with a fixed input size.

    Parameters
    ----------
    layer : keras.layers.Layer

    Returns
    -------
    LayerCount

    Raises
    ------
    TypeError
        If there is no rule for this kind of layer, rather than counting it as nothing.
    """
    output = tuple(int(one) for one in layer.output.shape[1:])
    kernel = tuple(layer.kernel_size) if isinstance(layer, layers.Conv2D) else ()
    macs = _macs(layer, output)
    return LayerCount(
        layer.name, type(layer).__name__, output, kernel, layer.count_params(), macs, _elementwise(layer, output)
    )


def _macs(layer: Any, output: tuple[int, ...]) -> int:
    return prod(output[:-1]) * prod(layer.kernel.shape) if type(layer) in WEIGHTED else 0


def _elementwise(layer: Any, output: tuple[int, ...]) -> int:
    for kinds, rule in RULES:
        if type(layer) in kinds:
            return rule(layer, prod(output))
    raise TypeError(f"{layer.name}: operations can be counted of known layers only, received {type(layer).__name__}")


def _activation(layer: Any, values: int) -> int:
    return 0 if layer.activation is keras.activations.linear else values


def _upsampling(layer: Any, values: int) -> int:
    return values * (BILINEAR if layer.interpolation == "bilinear" else 0)


RULES: Final[tuple[tuple[tuple[type, ...], Callable[[Any, int], int]], ...]] = (
    (FREE, lambda _, values: 0 * values),
    (WEIGHTED, lambda layer, values: values * int(layer.use_bias) + _activation(layer, values)),
    ((layers.Activation,), _activation),
    ((layers.BatchNormalization, FusedBatchNormalization), lambda _, values: 2 * values),
    ((layers.Add,), lambda layer, values: values * (len(layer.input) - 1)),
    ((layers.MaxPooling2D, layers.AveragePooling2D), lambda layer, values: values * prod(layer.pool_size)),
    ((layers.GlobalAveragePooling2D,), lambda layer, _: prod(layer.input.shape[1:])),
    ((layers.UpSampling2D,), _upsampling),
)
"""Element-wise operations of a layer by its kind, from the layer and the number of values that it gives."""
