"""One training step after another, with the network's state where the backend is fast with it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol

import keras
from keras import losses

from gliascope.training.batches import Batch


class Stepper(Protocol):
    """Trains a compiled network batch by batch."""

    def step(self, batch: Batch, rate: float) -> dict[str, float]:
        """Train on one batch at a learning rate; gives ``loss`` and, of several outputs, each one's loss."""

    def finish(self) -> None:
        """Make sure that the network's and its optimiser's variables hold what was learnt."""


def make_stepper(
    model: keras.Model, chosen: Mapping[str, losses.Loss], weights: Mapping[str, float], precision: str
) -> Stepper:
    """Choose how a compiled network is trained on the backend that Keras runs.

    Parameters
    ----------
    model : keras.Model
        Compiled with `chosen` and `weights`; its optimiser is built.
    chosen : dict of str to keras.losses.Loss
        By output.
    weights : dict of str to float
        By output.
    precision : str
        Keras' dtype policy; ``mixed_float16`` scales the loss, which is left to Keras.

    Returns
    -------
    Stepper
    """
    if keras.backend.backend() == "jax" and precision != "mixed_float16":
        return JaxStepper(model, chosen, weights)
    return KerasStepper(model)


class KerasStepper:
    """Keras' own ``train_on_batch``.

    Parameters
    ----------
    model : keras.Model
    """

    def __init__(self, model: keras.Model) -> None:
        self.model = model

    def step(self, batch: Batch, rate: float) -> dict[str, float]:
        """Train on one batch; see `Stepper`."""
        self.model.optimizer.learning_rate = rate
        self.model.reset_metrics()
        targets = batch.targets(list(self.model.output))
        logs = self.model.train_on_batch(batch.images, targets, return_dict=True)
        return {name: float(value) for name, value in logs.items()}

    def finish(self) -> None:
        """Do nothing: every step leaves the variables up to date."""


class JaxStepper:
    """The same step for JAX, bit by bit, with the state kept on the device between steps.

    Keras' ``train_on_batch`` takes all variables apart and puts them back at every step, a thousand of them for the
    shared network, which takes as long as a large GPU needs for a batch. Here this happens once an epoch.

    Parameters
    ----------
    model, chosen, weights
        See `make_stepper`.
    """

    def __init__(self, model: keras.Model, chosen: Mapping[str, losses.Loss], weights: Mapping[str, float]) -> None:
        jax = import_module("jax")
        self.model, self.chosen, self.weights = model, dict(chosen), dict(weights)
        rates = [one is model.optimizer.learning_rate for one in model.optimizer.variables]
        self._rate = rates.index(True)
        self._compiled = jax.jit(self._train, donate_argnums=0)
        self._state: tuple[list[Any], list[Any], list[Any]] | None = None

    def step(self, batch: Batch, rate: float) -> dict[str, float]:
        """Train on one batch; see `Stepper`."""
        jnp = import_module("jax.numpy")
        if self._state is None:  # copies, because the compiled step writes over what it is given
            trainable, fixed, optimiser = ([jnp.copy(one.value) for one in some] for some in self._variables())
            self._state = (trainable, fixed, optimiser)
        self._state[2][self._rate] = jnp.asarray(rate, dtype="float32")
        self._state, figures = self._compiled(self._state, batch.images, batch.targets(list(self.chosen)))
        return {name: float(value) for name, value in figures.items()}

    def finish(self) -> None:
        """Put the state back into the variables."""
        if self._state is None:
            return
        for variables, values in zip(self._variables(), self._state, strict=True):
            for variable, value in zip(variables, values, strict=True):
                variable.assign(value)
        self._state = None

    def _variables(self) -> tuple[list[Any], list[Any], list[Any]]:
        model = self.model
        return model.trainable_variables, model.non_trainable_variables, model.optimizer.variables

    def _train(self, state: tuple[list[Any], list[Any], list[Any]], images: Any, targets: dict[str, Any]) -> Any:
        trainable, fixed, optimiser = state
        gradient = import_module("jax").value_and_grad(self._loss, has_aux=True)
        (_, (figures, fixed)), slopes = gradient(trainable, fixed, images, targets)
        trainable, optimiser = self.model.optimizer.stateless_apply(optimiser, slopes, trainable)
        return (trainable, fixed, optimiser), figures

    def _loss(self, trainable: list[Any], fixed: list[Any], images: Any, targets: dict[str, Any]) -> Any:
        outputs, fixed = self.model.stateless_call(trainable, fixed, images, training=True)
        parts = {name: loss(targets[name], outputs[name]) for name, loss in self.chosen.items()}
        total = sum(self.weights[name] * value for name, value in parts.items())
        named = {f"{name}_loss": value for name, value in parts.items()} if len(parts) > 1 else {}
        return total, ({"loss": total, **named}, fixed)
