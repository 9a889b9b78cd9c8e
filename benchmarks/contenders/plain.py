"""Our own networks without what makes them quick: float32, the full frame, no gate, one slice at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from benchmarks.contenders.shared import SIZE, Stack, run_cases
from gliascope.bundle import ROLES, load_bundle
from gliascope.training.resize import resize_graph


class Plain:
    """The bundle's float graphs at 256 x 256, every thread on one slice."""

    def __init__(self, *, threads: int, model: Path | None, precision: str) -> None:
        del precision
        bundle = load_bundle(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self._first, self._second = (
            onnxruntime.InferenceSession(
                resize_graph(bundle.graphs[role], bundle.recipe.preparation.shape, (SIZE, SIZE)),
                options,
                providers=["CPUExecutionProvider"],
            )
            for role in ROLES[bundle.wiring]
        )
        self._channels = bundle.recipe.preparation.channels

    def run(self, patients: list[Path], out: Path) -> int:
        """See `benchmarks.contenders.Contender.run`."""
        return run_cases(patients, out, self._outline)

    def describe(self) -> dict[str, Any]:
        """See `benchmarks.contenders.Contender.describe`."""
        return {"onnxruntime": onnxruntime.__version__, "size": SIZE, "precision": "float32", "batch_size": 1}

    def _outline(self, images: Stack, truth: NDArray[np.bool_]) -> Stack:
        del truth
        extra = np.repeat(images[..., 1:2], self._channels - 3, axis=3)
        return np.concatenate([self._one(one[np.newaxis]) for one in np.concatenate([images, extra], axis=3)])

    def _one(self, image: Stack) -> Stack:
        names = [one.name for one in self._first.get_outputs()]
        found = dict(zip(names, self._first.run(names, {"images": image}), strict=True))
        wanted = [one.name for one in self._second.get_inputs()]
        feed = {name: image if name == "images" else found[name] for name in wanted}
        result: Stack = self._second.run(["mask"], feed)[0][..., 0]
        return result
