from __future__ import annotations

import random

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
from onnx import TensorProto, helper, numpy_helper

from gliascope.training.canonical import canonicalise


def network(seed: int) -> onnx.ModelProto:
    """A small network with a tensor used twice; names and the order of all lists are drawn at random."""
    rng = random.Random(seed)
    numbers = iter(rng.sample(range(1000), 20))
    name = {one: f"{one}__{next(numbers)}" for one in ("w", "b", "unused", "scaled", "sum", "half", "both")}
    values = {one: np.full((2, 2), value, np.float32) for one, value in (("w", 2), ("b", 3), ("unused", 4))}
    nodes = [
        helper.make_node("Mul", ["x", name["w"]], [name["scaled"]], name=name["scaled"]),
        helper.make_node("Add", [name["scaled"], name["b"]], [name["sum"]], name=name["sum"]),
        helper.make_node("LeakyRelu", [name["sum"]], [name["half"]], name=name["half"], alpha=0.5),
        helper.make_node("Concat", [name["half"], name["w"]], [name["both"]], name=name["both"], axis=0),
        helper.make_node("Softmax", [name["both"]], ["y"], name=f"y__{seed}", axis=1),
        helper.make_node("Relu", [name["scaled"]], ["z"], name=f"z__{seed}"),
        helper.make_node("Neg", [name["unused"]], [f"nobody__{seed}"], name=f"nobody__{seed}"),
    ]
    weights = [numpy_helper.from_array(value, name[one]) for one, value in values.items()]
    if seed:
        rng.shuffle(weights)
        nodes = [nodes[place] for place in (6, 0, 5, 1, 2, 3, 4)]
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, 2])],
        [helper.make_tensor_value_info(one, TensorProto.FLOAT, [rows, 2]) for one, rows in (("y", 4), ("z", 2))],
        weights,
        doc_string=str(seed),
        value_info=[helper.make_tensor_value_info(name["sum"], TensorProto.FLOAT, [2, 2])],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model: onnx.ModelProto) -> list[np.ndarray]:
    import onnxruntime

    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return [np.asarray(one) for one in session.run(None, {"x": np.array([[-3, 1], [0, -2]], np.float32)})]


def test_names_and_order_do_not_matter() -> None:
    models = [network(seed) for seed in range(5)]
    assert len({one.SerializeToString() for one in models}) == 5
    for one in models:
        canonicalise(one)
    assert len({one.SerializeToString() for one in models}) == 1


def test_the_network_computes_the_same() -> None:
    model = network(3)
    before = run(model)
    canonicalise(model)
    onnx.checker.check_model(model, full_check=True)
    for one, other in zip(before, run(model), strict=True):
        np.testing.assert_array_equal(one, other)


def test_inputs_and_outputs_keep_their_names_and_what_nobody_needs_goes() -> None:
    model = network(1)
    canonicalise(model)
    assert [one.name for one in model.graph.input] == ["x"]
    assert [one.name for one in model.graph.output] == ["y", "z"]
    assert [one.name for one in model.graph.node] == [
        "mul_0",
        "add_1",
        "leakyrelu_2",
        "concat_3",
        "softmax_4",
        "relu_5",
    ]
    assert [one.name for one in model.graph.initializer] == ["mul_0.1", "add_1.1"]


def test_what_is_ordered_stays_so() -> None:
    model = network(2)
    canonicalise(model)
    once = model.SerializeToString()
    canonicalise(model)
    assert model.SerializeToString() == once
