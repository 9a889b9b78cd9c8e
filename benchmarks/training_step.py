"""`python -m benchmarks.training_step`: a training step with TensorFlow's fused normalisation and with Keras' own.

Processor seconds, in turns, on random slices; the loss of a random network costs what any other does.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from unittest import mock

import keras
import numpy as np
from keras import layers

from benchmarks.statistics import Spread, spread
from gliascope.recipe import Recipe, load_recipe
from gliascope.training.determinism import make_deterministic
from gliascope.training.fit import build_optimiser
from gliascope.training.losses import stage_losses
from gliascope.training.networks import build_networks
from gliascope.training.precision import choose_precision

KINDS = "gliascope.training.networks.normalisation.FusedBatchNormalization"


def main() -> None:
    """Measure and print both, in milliseconds of a processor a slice."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training_step", description=__doc__)
    parser.add_argument("--recipe", default="default")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    make_deterministic()
    recipe = load_recipe(options.recipe)
    keras.mixed_precision.set_global_policy(choose_precision(recipe.training))
    fused = _step(recipe)
    with mock.patch(KINDS, layers.BatchNormalization):
        own = _step(recipe)
    found = [(_seconds(own), _seconds(fused)) for _ in range(options.repeats + 1)][1:]
    slices = recipe.training.batch_size
    for name, values in (("Keras' own", [one for one, _ in found]), ("fused", [two for _, two in found])):
        print(f"{name}: {_scaled(values, 1000 / slices).text(1, ' ms')} a slice")
    print(f"fused over own: {_scaled([two / one for one, two in found], 1).text(2)}")


def _step(recipe: Recipe) -> Callable[[], object]:
    model = build_networks(recipe).stages["joint"]
    chosen, weights = stage_losses("joint", recipe.loss, list(model.output))
    model.compile(optimizer=build_optimiser(recipe.training), loss=chosen, loss_weights=weights, jit_compile=False)
    shape, number = recipe.preparation.shape, recipe.training.batch_size
    rng = np.random.default_rng(0)
    images = rng.normal(size=(number, *model.input.shape[1:])).astype(np.float32)
    truth = {
        "slice_logit": np.ones((number, 1), np.float32),
        "mask_logit": (rng.random((number, *shape, 1)) > 0.9).astype(np.float32),
    }
    targets = {name: truth[name] for name in model.output}
    return lambda: model.train_on_batch(images, targets)


def _seconds(step: Callable[[], object], steps: int = 3) -> float:
    start = time.process_time()
    for _ in range(steps):
        step()
    return (time.process_time() - start) / steps


def _scaled(values: list[float], factor: float) -> Spread:
    return spread([one * factor for one in values])


if __name__ == "__main__":
    main()
