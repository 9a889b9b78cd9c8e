"""Keras networks to ONNX graphs, computed with as float32; their weights may be stored as float16."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from gliascope.errors import TrainingError
from gliascope.training.canonical import canonicalise

if TYPE_CHECKING:
    import keras

EXPORT_BACKEND: Final = "tensorflow"
"""Keras' backend that networks are converted to ONNX with."""

OPSET: Final = 17
"""ONNX operator set: old enough for runtimes of several years."""

SMALLEST_HALVED: Final = 64
"""Tensors with fewer values (shapes, scales, the last layer's weights) stay float32."""

BATCH: Final = "batch"
"""Name of the free first dimension."""


def round_weights(model: keras.Model) -> None:
    """Round every weight of a network to the nearest float16, in place.

    Parameters
    ----------
    model : keras.Model

    Raises
    ------
    TrainingError
        If a weight is no number or beyond float16's range.
    """
    for variable in model.weights:
        value = np.asarray(variable.numpy())
        if np.issubdtype(value.dtype, np.floating):
            variable.assign(_half(value, variable.path).astype(np.float32))


def to_onnx(model: keras.Model, *, half: bool = True) -> onnx.ModelProto:
    """Convert a network to ONNX.

    Batch normalisation is folded into the convolutions by the converter.

    Parameters
    ----------
    model : keras.Model
        Its output names become the graph's.
    half : bool
        Store weights as float16, behind a cast; otherwise as float32, which takes twice the room.

    Returns
    -------
    onnx.ModelProto
        float32 inputs and outputs, the first dimension free. The same network gives the same bytes.

    Raises
    ------
    TrainingError
        If a folded weight is no number or beyond float16's range.
    """
    blank = {one.name: np.zeros((1, *one.shape[1:]), np.float32) for one in model.inputs}
    model(blank if isinstance(model.input, dict) else next(iter(blank.values())))  # export wants a called network
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the converter looks up NumPy names that are going away
        path = Path(folder) / "graph.onnx"
        model.export(str(path), format="onnx", verbose=False, opset_version=OPSET)
        graph = onnx.load(str(path))
    for value in (*graph.graph.input, *graph.graph.output):
        value.type.tensor_type.shape.dim[0].dim_param = BATCH
    if half:
        _store_half(graph)
    canonicalise(graph)
    onnx.checker.check_model(graph, full_check=True)
    return graph


def _store_half(model: onnx.ModelProto) -> None:
    """Store the large float32 tensors as float16, each behind a cast back to float32."""
    casts: list[Any] = []
    for tensor in model.graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < SMALLEST_HALVED:
            continue
        name = tensor.name
        half = _half(numpy_helper.to_array(tensor), name)
        tensor.CopyFrom(numpy_helper.from_array(half, f"{name}/float16"))
        casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT, name=f"{name}/cast"))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def _half(value: np.ndarray[Any, Any], name: str) -> np.ndarray[Any, np.dtype[np.float16]]:
    with np.errstate(over="ignore"):
        half = value.astype(np.float16)
    if not np.isfinite(half).all():
        raise TrainingError(
            f"{name}: a weight must be within float16's range of +-65504, received up to {np.abs(value).max():.3g}"
        )
    return half
