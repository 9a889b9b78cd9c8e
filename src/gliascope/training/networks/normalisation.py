"""Batch normalisation, in one operation where the backend has one."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import keras
from keras import layers


class FusedBatchNormalization(layers.BatchNormalization):
    """Keras' batch normalisation by TensorFlow's fused operation while it trains.

    Keras composes mean, variance and scaling of several operations under TensorFlow, each of which reads the whole
    tensor. Values, gradients and moving statistics are those of Keras' own layer up to rounding. In use, and where
    statistics are frozen, it is Keras' own. The last axis is the channels'; under other backends it must not be used.
    """

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalise a batch (n, row, column, channel); same shape and type."""
        if not training or not self.trainable:
            return super().call(inputs, training=training, mask=mask)
        tf = import_module("tensorflow")
        nothing = tf.zeros([0], "float32")
        scaled, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.cast(self.gamma, "float32"),
            offset=tf.cast(self.beta, "float32"),
            mean=nothing,
            variance=nothing,
            epsilon=self.epsilon,
            is_training=True,
            data_format="NHWC",
        )
        count = tf.cast(tf.size(inputs) / tf.shape(inputs)[-1], "float32")
        # The operation divides by count - 1, Keras by count.
        self._follow(self.moving_mean, mean)
        self._follow(self.moving_variance, variance * ((count - 1) / count))
        return scaled

    def _follow(self, moving: Any, value: Any) -> None:
        moving.assign(moving * self.momentum + value * (1 - self.momentum))


def with_fused_normalisation(network: keras.Model) -> keras.Model:
    """Give a network of somebody else's the batch normalisation that is fastest on the backend.

    Parameters
    ----------
    network : keras.Model
        Of layers in the functional style; its weights are not taken over.

    Returns
    -------
    keras.Model
        The network itself where the backend has nothing faster; else one of the same layers, names and input.
    """
    if keras.backend.backend() != "tensorflow":
        return network
    return keras.models.clone_model(network, input_tensors=network.input, clone_function=_fused)


def _fused(layer: layers.Layer) -> layers.Layer:
    kind = FusedBatchNormalization if type(layer) is layers.BatchNormalization else type(layer)
    return kind.from_config(layer.get_config())


def normalise(tensor: Any, name: str) -> Any:
    """Batch normalisation over the last axis, as fast as the backend has it.

    Parameters
    ----------
    tensor : symbolic tensor, shape (n, row, column, channel)
    name : str
        Of the layer.

    Returns
    -------
    symbolic tensor, same shape
    """
    kind = FusedBatchNormalization if keras.backend.backend() == "tensorflow" else layers.BatchNormalization
    return kind(name=name)(tensor)
