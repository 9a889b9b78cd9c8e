"""From examples to a fitted assessor, with thresholds set on patients that were left out of the fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.detect.assessor import CLASSES, FARTHEST, Limits, Weights, evaluate, log_odds
from gliascope.training.assessor.perceptron import fit_perceptron
from gliascope.training.assessor.samples import OWN

NETWORKS: Final = 2
"""Networks from different seeds, whose answers are averaged."""
AXES: Final = 16
"""Principal axes of the axial sections; with more of them, everything is explained."""
SHARES: Final = (0.42, 0.24, 0.2, 0.14)
"""How often each class is drawn; within a class a kind counts by the square root of its number of examples."""
SMALLEST_SCALE: Final = 0.02
"""Added to each number's deviation, so that one that hardly varies is not blown up."""
FALSE_ALARMS: Final = 0.006
"""Share of the patients' own slices, left out of the fit, that the odds may refuse: the rule that sets their limit."""
FALSE_ALARMS_DISTANCE: Final = 0.001
"""The same for the distance."""

Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Examples:
    """Described examples.

    Attributes
    ----------
    numbers : ndarray, float16 or float32, shape (example, number)
    labels : ndarray, int, shape (example,)
        Places in `gliascope.detect.assessor.CLASSES`.
    kinds : ndarray, str, shape (example,)
    groups : ndarray, int, shape (example,)
        The patient, or the phantom; examples of one group are never on both sides of a fold.
    border_shares : ndarray, float32, shape (example,)
        Share of the image's border that the object touches.
    """

    numbers: NDArray[np.floating]
    labels: NDArray[np.intp]
    kinds: NDArray[np.str_]
    groups: NDArray[np.intp]
    border_shares: Values

    def some(self, chosen: NDArray[np.bool_]) -> Examples:
        """Keep some of the examples."""
        return Examples(*(getattr(self, name)[chosen] for name in Examples.__dataclass_fields__))


@dataclass(frozen=True, eq=False)
class Verdicts:
    """What was said about examples by weights that were fitted without their groups.

    Attributes
    ----------
    odds, distance : ndarray, float32, shape (example,)
    """

    odds: Values
    distance: Values


def fit_weights(examples: Examples, seed: int = 0) -> Weights:
    """Fit the arrays to examples.

    Parameters
    ----------
    examples : Examples
    seed : int

    Returns
    -------
    Weights
    """
    numbers = examples.numbers.astype(np.float32)
    mean, scale = numbers.mean(axis=0), numbers.std(axis=0) + np.float32(SMALLEST_SCALE)
    standard = np.clip((numbers - mean) / scale, -FARTHEST, FARTHEST)
    often = _how_often(examples)
    fitted = [
        fit_perceptron(standard, examples.labels, often, len(CLASSES), seed * NETWORKS + one).layers
        for one in range(NETWORKS)
    ]
    centre, axes, spread = _principal(standard[examples.labels == 0])
    layers = [np.stack([one[part] for one in fitted]) for part in range(4)]
    return Weights(mean, scale, layers[0], layers[1], layers[2], layers[3], centre, axes, spread)


def judge_left_out(examples: Examples, folds: int, seed: int = 0) -> Verdicts:
    """Judge every example by weights fitted without its group.

    Parameters
    ----------
    examples : Examples
    folds : int
        Groups are dealt to so many folds in turn.
    seed : int

    Returns
    -------
    Verdicts
    """
    odds, distance = (np.zeros(len(examples.labels), dtype=np.float32) for _ in range(2))
    place = np.unique(examples.groups, return_inverse=True)[1] % folds
    for fold in range(folds):
        out = place == fold
        logits, far = evaluate(fit_weights(examples.some(~out), seed), examples.numbers[out].astype(np.float32))
        odds[out], distance[out] = log_odds(logits), far
    return Verdicts(odds, distance)


def set_limits(examples: Examples, verdicts: Verdicts) -> Limits:
    """Set the limits by rule.

    The odds' and the distance's limits refuse the shares `FALSE_ALARMS` and `FALSE_ALARMS_DISTANCE` of the patients'
    own slices. The border's lies half-way between the largest share that one of these touches and the whole border.

    Parameters
    ----------
    examples : Examples
    verdicts : Verdicts

    Returns
    -------
    Limits
    """
    own = examples.kinds == OWN
    return Limits(
        odds=round(float(np.quantile(verdicts.odds[own], FALSE_ALARMS)), 3),
        distance=round(float(np.quantile(verdicts.distance[own], 1 - FALSE_ALARMS_DISTANCE)), 3),
        border_share=round(float(1 + examples.border_shares[own].max()) / 2, 3),
    )


def _how_often(examples: Examples) -> NDArray[np.float64]:
    _, place, count = np.unique(examples.kinds, return_inverse=True, return_counts=True)
    often = 1 / np.sqrt(count[place])
    for label, share in enumerate(SHARES):
        mine = examples.labels == label
        if mine.any():
            often[mine] *= share / often[mine].sum()
    return np.asarray(often, dtype=np.float64)


def _principal(standard: Values) -> tuple[Values, Values, Values]:
    centre = standard.mean(axis=0)
    offset = standard - centre
    _, vectors = np.linalg.eigh((offset.T @ offset).astype(np.float64) / max(len(offset) - 1, 1))
    axes = vectors[:, ::-1][:, :AXES].astype(np.float32)
    along = offset @ axes
    left_over = (offset * offset).sum(axis=1) - (along * along).sum(axis=1)
    return centre, axes, np.sqrt([max(float(left_over.mean()), 1e-6)]).astype(np.float32)
