from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("keras")

import keras

from gliascope.recipe import Training
from gliascope.training.fit import build_optimiser, learning_rate

pytestmark = [pytest.mark.train, pytest.mark.usefixtures("plain_keras")]

STEPS = 10


def rates(**changes: Any) -> list[float]:
    training = Training.model_validate({"epochs": 5, "learning_rate": 0.1} | changes)
    return [learning_rate(training, step, STEPS) for step in range(training.epochs * STEPS)]


def test_warm_up_is_linear_and_ends_at_the_highest_rate() -> None:
    values = rates(warmup_epochs=2.0)
    assert values[:20] == pytest.approx([0.1 * (step + 1) / 21 for step in range(20)])
    assert values[20] == max(values) == 0.1


@pytest.mark.parametrize("schedule", ["cosine", "poly"])
def test_decay_goes_down_to_nearly_nothing(schedule: str) -> None:
    values = rates(schedule=schedule, warmup_epochs=1.0)[STEPS:]
    assert values == sorted(values, reverse=True)
    assert values[0] == 0.1
    assert 0 < values[-1] < 0.005


def test_cosine_is_half_in_the_middle() -> None:
    assert rates(warmup_epochs=0.0)[25] == pytest.approx(0.05)


def test_poly_by_hand() -> None:
    assert rates(warmup_epochs=0.0, schedule="poly")[30] == pytest.approx(0.1 * 0.4**0.9)


def test_constant() -> None:
    assert set(rates(schedule="constant", warmup_epochs=0.0)) == {0.1}


def test_a_warm_up_longer_than_training() -> None:
    values = rates(epochs=1, warmup_epochs=3.0)
    assert values == sorted(values)
    assert values[-1] < 0.1


@pytest.mark.parametrize(("name", "kind"), [("adamw", "AdamW"), ("adam", "Adam"), ("sgd", "SGD")])
def test_optimisers(name: str, kind: str) -> None:
    optimiser = build_optimiser(Training.model_validate({"optimiser": name, "ema": 0.9, "clip_norm": 2.0}))
    assert type(optimiser).__name__ == kind
    assert optimiser.use_ema
    assert optimiser.ema_momentum == 0.9
    assert optimiser.global_clipnorm == 2.0
    plain = build_optimiser(Training.model_validate({"optimiser": name, "clip_norm": 0.0}))
    assert not plain.use_ema
    assert plain.global_clipnorm is None


def test_sgd_is_nesterovs() -> None:
    optimiser = build_optimiser(Training(optimiser="sgd"))
    assert isinstance(optimiser, keras.optimizers.SGD)
    assert optimiser.nesterov
    assert optimiser.momentum == 0.99
