"""A network of one hidden layer, fitted with NumPy alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float32]

UNITS: Final = 128
EPOCHS: Final = 20
BATCH: Final = 256
RATE: Final = 2e-3
"""Highest learning rate of Adam (Kingma & Ba, 2015); it falls to 0 along a cosine."""
DECAY: Final = 3e-3
"""Decoupled weight decay, per step over the learning rate."""
DROPOUT: Final = 0.4
"""Share of the numbers that is hidden from the network at each step, so that none is relied on."""
SMOOTHING: Final = 0.02
"""Share of each label that is spread over all classes."""


@dataclass(frozen=True, eq=False)
class Perceptron:
    """The fitted layers.

    Attributes
    ----------
    layers : tuple of ndarray, float32
        Hidden weights (number, unit) and bias (unit,); output weights (unit, class) and bias (class,).
    """

    layers: tuple[Values, Values, Values, Values]


def fit_perceptron(
    numbers: Values, labels: NDArray[np.intp], weights: NDArray[np.float64], classes: int, seed: int
) -> Perceptron:
    """Fit by cross-entropy; examples are drawn by their weights.

    Parameters
    ----------
    numbers : ndarray, float32, shape (example, number)
        Standardised.
    labels : ndarray, int, shape (example,)
    weights : ndarray, float64, shape (example,)
        How often each is drawn, up to a factor.
    classes : int
    seed : int

    Returns
    -------
    Perceptron
        The same for the same arguments.
    """
    rng = np.random.default_rng(seed)
    layers = _start(numbers.shape[1], classes, rng)
    first = [np.zeros_like(one) for one in layers]
    second = [np.zeros_like(one) for one in layers]
    chances = np.cumsum(weights / weights.sum())
    steps = EPOCHS * max(len(numbers) // BATCH, 1)
    for step in range(steps):
        drawn = np.minimum(np.searchsorted(chances, rng.random(BATCH)), len(numbers) - 1)
        hidden = rng.random((BATCH, numbers.shape[1]), dtype=np.float32) < DROPOUT
        shown = np.where(hidden, np.float32(0), numbers[drawn] * np.float32(1 / (1 - DROPOUT)))
        rate = RATE * 0.5 * (1 + math.cos(math.pi * step / steps))
        for one, slope in enumerate(_slopes(layers, shown, labels[drawn])):
            first[one] += 0.1 * (slope - first[one])
            second[one] += 0.001 * (slope * slope - second[one])
            mean, square = first[one] / (1 - 0.9 ** (step + 1)), second[one] / (1 - 0.999 ** (step + 1))
            decay = DECAY if one % 2 == 0 else 0.0
            layers[one] -= rate * (mean / (np.sqrt(square) + 1e-8) + decay * layers[one])
    return Perceptron((layers[0], layers[1], layers[2], layers[3]))


def _start(numbers: int, classes: int, rng: np.random.Generator) -> list[Values]:
    return [
        rng.normal(0, numbers**-0.5, (numbers, UNITS)).astype(np.float32),
        np.zeros(UNITS, dtype=np.float32),
        rng.normal(0, UNITS**-0.5, (UNITS, classes)).astype(np.float32),
        np.zeros(classes, dtype=np.float32),
    ]


def _slopes(layers: list[Values], shown: Values, labels: NDArray[np.intp]) -> list[Values]:
    """Gradient of the smoothed cross-entropy, averaged over the batch."""
    before = shown @ layers[0] + layers[1]
    hidden = np.maximum(before, 0)
    answers = hidden @ layers[2] + layers[3]
    answers = np.exp(answers - answers.max(axis=1, keepdims=True))
    answers /= answers.sum(axis=1, keepdims=True)
    wanted = np.full_like(answers, SMOOTHING / answers.shape[1])
    wanted[np.arange(len(labels)), labels] += 1 - SMOOTHING
    error = (answers - wanted) / np.float32(len(labels))
    back = (error @ layers[2].T) * (before > 0)
    return [shown.T @ back, back.sum(axis=0), hidden.T @ error, error.sum(axis=0)]
