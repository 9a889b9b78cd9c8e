from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from gliascope.recipe import Loss  # noqa: E402  after the check that Keras is there
from gliascope.training.batches import Batch  # noqa: E402
from gliascope.training.losses import stage_losses  # noqa: E402
from gliascope.training.networks.classic import small_resunet  # noqa: E402
from gliascope.training.stepping import KerasStepper, make_stepper  # noqa: E402

pytestmark = pytest.mark.train

BOTH = """
import runpy, sys
import keras, numpy as np
runpy.run_path(sys.argv[1])["install"]()
from gliascope.recipe import recipe_from_dict
from gliascope.training.batches import Batch
from gliascope.training.checkpoint import snapshot, stage_variables
from gliascope.training.fit import build_optimiser
from gliascope.training.losses import stage_losses
from gliascope.training.networks import build_networks
from gliascope.training.stepping import JaxStepper, KerasStepper, make_stepper

rng = np.random.default_rng(0)
batches = [
    Batch(*(one.astype("f4") for one in (
        rng.standard_normal((4, 32, 32, 3)), rng.random((4, 32, 32, 1)) > 0.7, rng.random((4, 1)) > 0.5)))
    for _ in range(3)
]
network = {"decoder": [8, 8, 8, 8, 4], "deep_supervision": True, "dropout": 0.3}
recipe = recipe_from_dict({"preparation": {"size": 32}, "network": network, "training": {"ema": 0.9}}, "test")

def train(kind):
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    model = build_networks(recipe).stages["joint"]
    losses, weights = stage_losses("joint", recipe.loss, list(model.output))
    model.compile(optimizer=build_optimiser(recipe.training), loss=losses, loss_weights=weights)
    model.optimizer.build(model.trainable_variables)
    assert isinstance(make_stepper(model, losses, weights, "float32"), JaxStepper)
    assert isinstance(make_stepper(model, losses, weights, "mixed_float16"), KerasStepper)
    stepper = KerasStepper(model) if kind is KerasStepper else JaxStepper(model, losses, weights)
    logs = []
    for place, batch in enumerate(batches):
        logs.append(stepper.step(batch, 0.01 / (place + 1)))
        if place == 1:
            stepper.finish()
    stepper.finish()
    stepper.finish()
    return logs, snapshot(stage_variables(model))

(ours, values), (theirs, others) = train(JaxStepper), train(KerasStepper)
assert ours == theirs, (ours, theirs)
assert all(np.array_equal(one, other) for one, other in zip(values, others, strict=True))
print("the same")
"""


def test_a_step_gives_the_losses_by_name_at_the_rate_asked_for() -> None:
    keras.utils.set_random_seed(0)
    model = small_resunet((32, 32), (4, 8)).trained
    chosen, weights = stage_losses("segmenter", Loss(), list(model.output))
    model.compile(optimizer=keras.optimizers.SGD(), loss=chosen, loss_weights=weights)
    model.optimizer.build(model.trainable_variables)
    stepper = make_stepper(model, chosen, weights, "float32")
    assert isinstance(stepper, KerasStepper) or keras.backend.backend() == "jax"
    before = [np.array(one) for one in model.get_weights()]
    rng = np.random.default_rng(0)
    images, masks = rng.standard_normal((2, 32, 32, 3)), rng.random((2, 32, 32, 1)) > 0.5
    batch = Batch(images.astype(np.float32), masks.astype(np.float32), np.ones((2, 1), np.float32))
    logs = stepper.step(batch, 0.25)
    stepper.finish()
    assert list(logs) == ["loss"]
    assert float(model.optimizer.learning_rate) == 0.25
    assert any(not np.array_equal(one, other) for one, other in zip(before, model.get_weights(), strict=True))


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_on_jax_a_step_is_that_of_keras_bit_by_bit() -> None:
    tiny = Path(__file__).with_name("tiny_networks.py")
    done = subprocess.run(
        [sys.executable, "-c", BOTH, str(tiny)],
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "the same\n", done.stderr
