"""A float graph, the ranges of its tensors, and the same graph in 8-bit integers."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantType, create_calibrator
from onnxruntime.quantization.qdq_quantizer import QDQQuantizer
from onnxruntime.quantization.shape_inference import quant_pre_process

QUANTISED: Final = ("Conv", "MaxPool", "Concat", "Resize")
"""Operators that are quantised. Residual sums stay in float: rounded, they double the change of probabilities
and are not quicker. What comes after the last convolution is too little work to round."""

Feed = dict[str, NDArray[np.float32]]


class _Reader(CalibrationDataReader):
    def __init__(self, feeds: Iterable[Feed]) -> None:
        self._feeds: Iterator[Feed] = iter(feeds)

    def get_next(self) -> Feed | None:
        return next(self._feeds, None)


def float_graph(path: Path) -> onnx.ModelProto:
    """Read a bundle's graph with float32 weights, batch normalisation folded into the convolutions.

    Parameters
    ----------
    path : Path

    Returns
    -------
    onnx.ModelProto
        Every node has a name of its own.
    """
    model = onnx.load(str(path))
    _widen(model)
    with tempfile.TemporaryDirectory() as folder:
        before, after = Path(folder) / "before.onnx", Path(folder) / "after.onnx"
        onnx.save(model, str(before))
        quant_pre_process(str(before), str(after), skip_symbolic_shape=True)
        prepared = onnx.load(str(after))
    for number, node in enumerate(prepared.graph.node):
        node.name = node.name or f"{node.op_type}_{number}"
    return prepared


def convolutions(model: onnx.ModelProto) -> list[str]:
    """Names of the convolutions, in the graph's order."""
    return [node.name for node in model.graph.node if node.op_type == "Conv"]


def measure_ranges(model: onnx.ModelProto, feeds: Iterable[Feed]) -> Any:
    """Run a float graph and note the lowest and highest value of every tensor.

    Parameters
    ----------
    model : onnx.ModelProto
    feeds : iterable of dict
        What the graph takes, slice by slice.

    Returns
    -------
    onnxruntime.quantization.calibrate.TensorsData
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.onnx"
        onnx.save(model, str(path))
        calibrator = create_calibrator(
            path,
            list(QUANTISED),
            augmented_model_path=str(Path(folder) / "augmented.onnx"),
            calibrate_method=CalibrationMethod.MinMax,
        )
        calibrator.collect_data(_Reader(feeds))
        return calibrator.compute_data()


def to_int8(
    model: onnx.ModelProto, ranges: Any, kept: Iterable[str] = (), only: Iterable[str] = (), *, half: bool = False
) -> bytes:
    """Quantise a graph: activations to 8 bits, weights of each output channel to 7 bits with a sign.

    With 7 bits, two products of 8-bit numbers never overflow the 16 bits in which processors without VNNI add them
    (``reduce_range``); every processor so computes the same.

    Parameters
    ----------
    model : onnx.ModelProto
        As `float_graph` gives it.
    ranges : TensorsData
        As `measure_ranges` gives them.
    kept : iterable of str
        Nodes that stay in float.
    only : iterable of str
        The only nodes to quantise; by default all that are not kept.
    half : bool
        Store the weights of convolutions that stay in float as float16, as a bundle's float graphs do.

    Returns
    -------
    bytes
        The ONNX model; its inputs and outputs are float32 as before.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    quantizer = QDQQuantizer(
        copy,
        True,  # per channel
        True,  # reduce_range
        QuantType.QInt8,
        QuantType.QUInt8,
        ranges,
        list(only),
        list(kept),
        list(QUANTISED),
        {},
    )
    quantizer.quantize_model()
    if half:
        _halve(quantizer.model.model)
    result: bytes = quantizer.model.model.SerializeToString()
    return result


def float_nodes(graph: bytes) -> list[str]:
    """Names of the convolutions whose weights are still float."""
    model = onnx.load_model_from_string(graph)
    floats = {one.name for one in model.graph.initializer if one.data_type == TensorProto.FLOAT}
    floats |= {node.output[0] for node in model.graph.node if node.op_type == "Cast"}
    return [node.name for node in model.graph.node if node.op_type == "Conv" and node.input[1] in floats]


def operators(model: onnx.ModelProto) -> Mapping[str, int]:
    """Count the nodes of each kind."""
    kinds = [node.op_type for node in model.graph.node]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def _widen(model: onnx.ModelProto) -> None:
    """Put float32 weights in place of float16 ones behind a cast."""
    halves = {one.name: one for one in model.graph.initializer if one.data_type == TensorProto.FLOAT16}
    kept = []
    for node in model.graph.node:
        if node.op_type == "Cast" and node.input[0] in halves:
            half = halves.pop(node.input[0])
            half.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(half).astype(np.float32), node.output[0]))
        else:
            kept.append(node)
    del model.graph.node[:]
    model.graph.node.extend(kept)


def _halve(model: onnx.ModelProto) -> None:
    """Put float16 weights and a cast in place of the float32 weights of convolutions."""
    weights = {node.input[1] for node in model.graph.node if node.op_type == "Conv"}
    casts = []
    for tensor in model.graph.initializer:
        if tensor.name in weights and tensor.data_type == TensorProto.FLOAT:
            name, half = tensor.name, numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(half, f"{name}/float16"))
            casts.append(helper.make_node("Cast", [tensor.name], [name], to=TensorProto.FLOAT, name=f"{name}/cast"))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
