"""Our own networks without what makes them quick: float32, the full frame, no gate, one slice at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import numpy_helper

from benchmarks.contenders.shared import SIZE, Stack, run_cases
from gliascope.bundle import ROLES, load_bundle


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
                enlarge(bundle.graphs[role], bundle.recipe.preparation.shape, (SIZE, SIZE)),
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


def enlarge(path: Path, old: tuple[int, int], new: tuple[int, int]) -> bytes:
    """Change the size of the images that a fully convolutional graph takes.

    Parameters
    ----------
    path : Path
        The graph; every height and width in it follows from the size of its images.
    old, new : (int, int)
        Rows and columns; all multiples of 32.

    Returns
    -------
    bytes
    """
    model = onnx.load(str(path))
    for value in (*model.graph.input, *model.graph.output):
        dimensions = value.type.tensor_type.shape.dim
        for side, before, after in zip(dimensions[1:3], old, new, strict=True) if len(dimensions) == 4 else ():
            if side.dim_value:
                side.dim_value = side.dim_value * after // before
    shapes = {node.input[1] for node in model.graph.node if node.op_type == "Reshape"}
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.name in shapes and values.size == 4:
            tensor.CopyFrom(numpy_helper.from_array(_sized(values, old, new), tensor.name))
    del model.graph.value_info[:]
    result: bytes = model.SerializeToString()
    return result


def _sized(shape: NDArray[np.int64], old: tuple[int, int], new: tuple[int, int]) -> NDArray[np.int64]:
    """Change rows and columns in a shape, wherever its channels stand."""
    sized = shape.copy()
    for first in (1, 2):
        if tuple(shape[first : first + 2]) == old:
            sized[first : first + 2] = new
            break
    return sized
