from __future__ import annotations

import numpy as np
import pytest

from gliascope.training.assessor.perceptron import fit_perceptron


def rings(count: int = 3000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Points inside and outside a circle, which no straight line parts; each number is there forty times."""
    numbers = np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32)
    return np.tile(numbers, 40), (np.hypot(numbers[:, 0], numbers[:, 1]) > 1.1).astype(np.intp)


def answers(layers: tuple[np.ndarray, ...], numbers: np.ndarray) -> np.ndarray:
    hidden = np.maximum(numbers @ layers[0] + layers[1], 0)
    return np.asarray((hidden @ layers[2] + layers[3]).argmax(axis=1))


def test_what_is_not_linear_is_learnt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is hidden here: with so few numbers, hiding them moves the circle."""
    monkeypatch.setattr("gliascope.training.assessor.perceptron.DROPOUT", 0.0)
    numbers, labels = rings(6000)
    layers = fit_perceptron(numbers, labels, np.ones(len(labels)), 2, seed=0).layers
    fresh, expected = rings(seed=1)
    assert (answers(layers, fresh) == expected).mean() > 0.9


def test_weights_decide_how_often_an_example_is_seen() -> None:
    numbers, labels = rings()
    weights = np.where(labels == 0, 1.0, 0.0)
    layers = fit_perceptron(numbers, labels, weights, 2, seed=0).layers
    assert (answers(layers, numbers) == 0).all()


def test_the_same_seed_gives_the_same_layers() -> None:
    numbers, labels = rings(600)
    first, second, third = (
        fit_perceptron(numbers, labels, np.ones(len(labels)), 3, seed=one).layers for one in (4, 4, 5)
    )
    assert all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))
    assert not np.array_equal(first[0], third[0])
    assert [one.shape for one in first] == [(80, 128), (128,), (128, 3), (3,)]
    assert all(one.dtype == np.float32 for one in first)
