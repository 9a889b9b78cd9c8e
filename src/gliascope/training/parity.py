"""Whether exported graphs compute what their networks do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import keras
import numpy as np
from numpy.typing import NDArray

from gliascope.bundle import Bundle
from gliascope.engine.onnx import OnnxEngine
from gliascope.errors import ParityError
from gliascope.rules import OperatingPoint
from gliascope.training.fit import PREDICT_BATCH
from gliascope.training.networks import NetworkSet

PARITY_PROBABILITY: Final = 2e-3
"""Largest difference of a slice's probability between ONNX Runtime and Keras."""

PARITY_DICE: Final = 0.999
"""Least Dice, pooled over the compared slices, of the masks by ONNX Runtime and by Keras."""


@dataclass(frozen=True)
class Parity:
    """How well ONNX Runtime and Keras agree, both with the rounded weights.

    Attributes
    ----------
    slices : int
        Slices compared.
    probability : float
        Largest difference of a slice's probability.
    dice : float
        Dice of the masks, pooled over all compared slices; NaN where both are empty throughout.
    """

    slices: int
    probability: float
    dice: float

    @property
    def agrees(self) -> bool:
        """Whether both compute the same, be it that neither outlines anything."""
        return self.probability <= PARITY_PROBABILITY and not self.dice < PARITY_DICE

    def __str__(self) -> str:
        return f"{self.probability:.3g} and {self.dice:.5f} on {self.slices} slices"

    def check(self) -> None:
        """Refuse graphs that disagree with the networks.

        Raises
        ------
        ParityError
            If a probability differs by more than `PARITY_PROBABILITY`, or Dice is under `PARITY_DICE`, or no mask was
            there to compare.
        """
        if self.agrees and self.dice >= 0:
            return
        if not self.dice >= 0:
            raise ParityError(
                f"export needs masks to compare, received none on {self.slices} slices: the segmenter outlines "
                "nothing yet, train it for longer"
            )
        raise ParityError(
            f"ONNX Runtime and Keras must agree within {PARITY_PROBABILITY} in probability and {PARITY_DICE} in pooled "
            f"Dice, received {self}"
        )


def measure_parity(networks: NetworkSet, bundle: Bundle, images: NDArray[Any], point: OperatingPoint) -> Parity:
    """Compare a bundle in ONNX Runtime with the networks in Keras on real slices.

    Parameters
    ----------
    networks : NetworkSet
        With rounded weights.
    bundle : Bundle
    images : ndarray, shape (slice, size, size, channel)
        Prepared slices.
    point : OperatingPoint
        Its pixel threshold makes the masks that are compared.

    Returns
    -------
    Parity
    """
    engine = OnnxEngine(bundle, device="cpu", precision="float32")
    first, second = engine.roles
    largest, shared, total = 0.0, 0, 0
    for start in range(0, len(images), PREDICT_BATCH):
        batch = {"images": images[start : start + PREDICT_BATCH].astype(np.float32)}
        ours, theirs = engine.run(first, batch), _call(networks.graphs[first], batch)
        largest = max(largest, float(np.abs(ours["probability"] - theirs["probability"]).max()))
        mask = engine.run(second, _features(ours) or batch)["mask"] >= point.mask
        reference = _call(networks.graphs[second], _features(theirs) or batch)["mask"] >= point.mask
        shared += int((mask & reference).sum())
        total += int(mask.sum()) + int(reference.sum())
    return Parity(len(images), largest, 2 * shared / total if total else float("nan"))


def _features(tensors: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    return {name: value for name, value in tensors.items() if name.startswith("feature")}


def _call(model: keras.Model, inputs: dict[str, Any]) -> dict[str, NDArray[np.float32]]:
    outputs = model.predict_on_batch(inputs if isinstance(model.input, dict) else inputs["images"])
    return {name: np.asarray(keras.ops.convert_to_numpy(value)) for name, value in outputs.items()}
