"""The well-known Keras pipeline: a ResNet-50 classifier and a small ResUNet, random weights, by Keras `predict`."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from benchmarks.contenders.shared import SIZE, Stack, best_batch, run_cases
from gliascope.recipe import load_recipe
from gliascope.training.networks import build_networks


class Classic:
    """The recipe `classic` of gliascope, as its users run such networks."""

    def __init__(self, *, threads: int, model: Path | None, precision: str) -> None:
        del model, precision
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
        keras.utils.set_random_seed(0)
        recipe = load_recipe("classic")
        preparation = recipe.preparation.model_copy(update={"size": SIZE})
        graphs = build_networks(recipe.model_copy(update={"preparation": preparation})).graphs
        self._classifier, self._segmenter = graphs["classifier"], graphs["segmenter"]
        self._batches = [best_batch(partial(_predict, one)) for one in (self._classifier, self._segmenter)]

    def run(self, patients: list[Path], out: Path) -> int:
        """See `benchmarks.contenders.Contender.run`."""
        return run_cases(patients, out, self._outline)

    def describe(self) -> dict[str, Any]:
        """See `benchmarks.contenders.Contender.describe`."""
        return {
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "batch_sizes": self._batches,
            "parameters": self._classifier.count_params() + self._segmenter.count_params(),
        }

    def _outline(self, images: Stack, truth: NDArray[np.bool_]) -> Stack:
        _predict(self._classifier, images, self._batches[0])
        result = np.zeros(images.shape[:3], dtype=np.float32)
        if truth.any():
            result[truth] = _predict(self._segmenter, images[truth], self._batches[1])["mask"][..., 0]
        return result


def _predict(network: Any, images: Stack, batch: int | None = None) -> Any:
    return network.predict(images, batch_size=batch or len(images), verbose=0)
