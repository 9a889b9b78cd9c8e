"""Operations and parameters of a bundle's graphs, and the share of the processor's measured peak that they reach."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper, shape_inference

from gliascope.bundle import Bundle
from gliascope.training.resize import resize_graph

OTHER_WIDTHS: Final = {"half as wide": 0.5, "twice as wide": 2.0}
"""Decoders that are timed beside the bundle's own, and how many of its channels they have."""

OTHER_SIZES: Final = ((160, 160), (128, 128))
"""Sizes of images that networks are timed on beside their own: what a recipe of that size would cost."""


def graph_operations(path: Path) -> dict[str, int]:
    """Count a float graph's multiply-accumulates for one slice, and its parameters.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict
        ``macs`` of convolutions and matrix products, ``parameters`` of all tensors of more than one dimension.
    """
    model = onnx.load(str(path))
    for value in model.graph.input:
        value.type.tensor_type.shape.dim[0].dim_value = 1
    model = shape_inference.infer_shapes(model)
    tensors = {one.name: numpy_helper.to_array(one).shape for one in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type == "Cast" and node.input[0] in tensors:
            tensors[node.output[0]] = tensors[node.input[0]]
    shapes = {
        one.name: [side.dim_value for side in one.type.tensor_type.shape.dim]
        for one in (*model.graph.value_info, *model.graph.output)
    }
    macs = 0
    for node in model.graph.node:
        weight = tensors.get(node.input[1]) if len(node.input) > 1 else None
        if node.op_type == "Conv" and weight is not None:
            macs += int(np.prod(weight)) * int(np.prod(shapes[node.output[0]][2:]))
        elif node.op_type in {"MatMul", "Gemm"} and weight is not None:
            macs += int(np.prod(weight))
    parameters = sum(
        int(np.prod(numpy_helper.to_array(one).shape)) for one in model.graph.initializer if len(one.dims) > 1
    )
    return {"macs": macs, "parameters": parameters}


def measure_graphs(bundle: Bundle, peak_gflops: float, repeats: int = 15) -> list[dict[str, Any]]:
    """Time every graph on one slice and one thread, the float ones for images of other sizes as well.

    Parameters
    ----------
    bundle : Bundle
    peak_gflops : float
        Of one core.
    repeats : int

    Returns
    -------
    list of dict
        ``role``, ``size`` of the images, ``precision``, ``macs``, ``parameters``, ``bytes``, ``ms``, ``peak_share``;
        ``openvino_ms``: the same in OpenVINO, None where that is not installed.
    """
    own = bundle.recipe.preparation.shape
    small = {} if bundle.quantised is None else bundle.quantised.graphs
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        kinds = [(own, "float32", bundle.graphs), (own, "int8", small)]
        others = [one for one in OTHER_SIZES if one != own]
        kinds += [(one, "float32", _resized(bundle, one, Path(folder))) for one in others]
        for size, precision, graphs in kinds:
            for role, path in graphs.items():
                counted = graph_operations(bundle.graphs[role] if size == own else path)
                row = {"role": role, "size": list(size), "precision": precision}
                rows.append(row | _measured(path, counted, peak_gflops, repeats))
    return rows


def measure_decoders(bundle: Bundle, peak_gflops: float, repeats: int = 15) -> list[dict[str, Any]]:
    """Time decoders of other widths, with random weights, which take the same time as trained ones.

    Parameters
    ----------
    bundle, peak_gflops, repeats
        See `measure_graphs`; a bundle of separate networks has none.

    Returns
    -------
    list of dict
        As `measure_graphs` gives them.
    """
    if bundle.wiring != "shared":
        return []
    from gliascope.training.graphs import to_onnx
    from gliascope.training.networks import build_networks

    rows, recipe = [], bundle.recipe
    with tempfile.TemporaryDirectory() as folder:
        for name, times in OTHER_WIDTHS.items():
            wide = tuple(round(times * one) for one in recipe.network.decoder)
            network = recipe.network.model_copy(update={"decoder": wide})
            networks = build_networks(recipe.model_copy(update={"network": network}), pretrained=False)
            path = Path(folder) / f"{wide[0]}.onnx"
            path.write_bytes(to_onnx(networks.graphs["decoder"]).SerializeToString())
            row = {"role": f"decoder, {name}", "size": list(recipe.preparation.shape), "precision": "float32"}
            rows.append(row | _measured(path, graph_operations(path), peak_gflops, repeats))
    return rows


def _measured(path: Path, counted: dict[str, int], peak_gflops: float, repeats: int) -> dict[str, Any]:
    ms = _time(path, repeats)
    share = 2 * counted["macs"] / (ms * 1e6) / peak_gflops
    row: dict[str, Any] = {**counted, "bytes": path.stat().st_size, "ms": ms, "peak_share": share}
    return row | {"openvino_ms": _time_openvino(path, repeats)}


def _resized(bundle: Bundle, size: tuple[int, int], folder: Path) -> dict[str, Path]:
    """Write a bundle's float graphs for images of another size."""
    graphs = {role: folder / f"{role}-{size[0]}-{size[1]}.onnx" for role in bundle.graphs}
    for role, path in graphs.items():
        path.write_bytes(resize_graph(bundle.graphs[role], bundle.recipe.preparation.shape, size))
    return graphs


def _time(path: Path, repeats: int) -> float:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    random = np.random.default_rng(0)
    feed = {one.name: random.random((1, *one.shape[1:]), dtype=np.float32) for one in session.get_inputs()}
    return _median_ms(lambda: session.run(None, feed), repeats)


def _time_openvino(path: Path, repeats: int) -> float | None:
    try:
        import openvino
    except ImportError:
        return None
    core = openvino.Core()
    model = core.read_model(str(path))
    shapes = {one.any_name: [1, *[side.get_length() for side in list(one.partial_shape)[1:]]] for one in model.inputs}
    model.reshape(shapes)
    options = {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(model, "CPU", options).create_infer_request()
    random = np.random.default_rng(0)
    feed = {name: random.random(shape, dtype=np.float32) for name, shape in shapes.items()}
    return _median_ms(lambda: request.infer(feed), repeats)


def _median_ms(function: Callable[[], object], repeats: int) -> float:
    """Processor time of a call: on a core that others use as well, it is what an idle one takes."""
    times = []
    for _ in range(repeats + 2):
        start = time.process_time()
        function()
        times.append(time.process_time() - start)
    return float(np.median(times[2:])) * 1e3


def load_seconds(bundle: Bundle) -> dict[str, float]:
    """Time to open each float graph as it is, and from the optimised graph that ONNX Runtime can keep on disk."""
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        for role, path in bundle.graphs.items():
            kept = Path(folder) / f"{role}.onnx"
            options = onnxruntime.SessionOptions()
            options.log_severity_level = 3
            result[role] = _open(str(path), options)
            options.optimized_model_filepath = str(kept)
            _open(str(path), options)
            plain = onnxruntime.SessionOptions()
            plain.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
            result[f"{role}, kept optimised"] = _open(str(kept), plain)
    return result


def _open(path: str, options: onnxruntime.SessionOptions) -> float:
    start = time.perf_counter()
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return time.perf_counter() - start
