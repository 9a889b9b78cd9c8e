from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from gliascope.training.networks.normalisation import FusedBatchNormalization, with_fused_normalisation

pytestmark = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the fused operation is TensorFlow's")


def both(**options: object) -> list[layers.BatchNormalization]:
    made = [kind(name="norm", **options) for kind in (layers.BatchNormalization, FusedBatchNormalization)]
    rng = np.random.default_rng(0)
    for layer in made:
        layer.build((None, 7, 9, 5))
    values = [rng.uniform(0.5, 2.0, 5).astype(np.float32) for _ in range(4)]
    for layer in made:
        layer.set_weights(values)
    return made


def batch() -> tf.Tensor:
    rng = np.random.default_rng(1)
    return tf.constant(rng.normal(2.0, [0.1, 1, 3, 10, 0.01], (4, 7, 9, 5)).astype(np.float32))


def test_training_gives_the_values_gradients_and_statistics_of_keras() -> None:
    given, results = batch(), []
    weight = tf.constant(np.random.default_rng(2).normal(size=given.shape).astype(np.float32))
    for layer in both():
        with tf.GradientTape() as tape:
            tape.watch(given)
            out = layer(given, training=True)
            loss = tf.reduce_sum(weight * out**2)
        results.append([out, *tape.gradient(loss, [given, layer.gamma, layer.beta]), *layer.get_weights()])
    for own, fused in zip(*results, strict=True):
        np.testing.assert_allclose(fused, own, rtol=2e-4, atol=2e-4 * float(np.abs(own).max()))


def test_in_use_and_frozen_it_is_keras_own() -> None:
    own, fused = both()
    np.testing.assert_array_equal(fused(batch(), training=False), own(batch(), training=False))
    own.trainable = fused.trainable = False
    np.testing.assert_array_equal(fused(batch(), training=True), own(batch(), training=True))


def test_statistics_stay_in_single_precision_where_values_are_half() -> None:
    _, fused = both(dtype="mixed_bfloat16")
    assert fused(batch(), training=True).dtype == tf.bfloat16
    assert fused.moving_variance.dtype == "float32"


def test_a_network_of_somebody_elses_keeps_names_and_shapes_but_for_the_normalisation() -> None:
    images = keras.Input((32, 32, 3), name="images")
    given = keras.applications.ResNet50(include_top=False, weights=None, input_tensor=images)
    made = with_fused_normalisation(given)
    assert [one.name for one in made.layers] == [one.name for one in given.layers]
    assert [(one.path, one.shape) for one in made.variables] == [(one.path, one.shape) for one in given.variables]
    assert made.inputs == [images]
    kinds = {type(one) for one in made.layers}
    assert FusedBatchNormalization in kinds
    assert layers.BatchNormalization not in kinds
    made.set_weights(given.get_weights())
    x = np.random.default_rng(0).normal(size=(1, 32, 32, 3)).astype(np.float32)
    np.testing.assert_allclose(made([x], training=False), given([x], training=False), rtol=1e-5, atol=1e-6)
