"""ONNX graphs written the same way whichever process converted them.

The converter numbers what it names by everything that it has converted before, and goes through sets in an order that
differs between processes: the same network comes out in other bytes. Names and order carry no meaning, so they are made
anew from the graph's structure.
"""

from __future__ import annotations

from collections.abc import Iterator

import onnx


def canonicalise(model: onnx.ModelProto) -> None:
    """Order and name a graph by its structure, in place.

    Nodes are put in the order in which a walk back from the outputs finishes them, and named by kind and place;
    tensors are named by the node that makes or first takes them. Inputs and outputs keep their names. Nodes and
    tensors that no output needs are left out, and so are the shapes of inner tensors, which every runtime infers.

    Parameters
    ----------
    model : onnx.ModelProto
        Without subgraphs.
    """
    graph = model.graph
    nodes = [_copy(node) for node in _ordered(graph)]
    stored = {one.name: one for one in graph.initializer}
    names = {one.name: one.name for one in (*graph.input, *graph.output)}
    weights: list[onnx.TensorProto] = []
    for place, node in enumerate(nodes):
        node.name = f"{node.op_type.lower()}_{place}"
        for slot, name in enumerate(node.input):
            if name in stored and name not in names:
                names[name] = f"{node.name}.{slot}"
                weights.append(stored[name])
        for slot, name in enumerate(node.output):
            if name:
                names.setdefault(name, f"{node.name}:{slot}")
        _rename(node, names)
    for one in weights:
        one.name = names[one.name]
    _replace(graph, nodes, weights)


def _ordered(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """Walk back from the outputs, and give every node after those that it depends on."""
    makers = {name: node for node in graph.node for name in node.output if name}
    given: set[str] = set()
    waiting = [(makers[one.name], False) for one in reversed(graph.output) if one.name in makers]
    while waiting:
        node, ready = waiting.pop()
        if node.output[0] in given:
            continue
        if ready:
            given.add(node.output[0])
            yield node
            continue
        waiting.append((node, True))
        waiting.extend((makers[name], False) for name in reversed(node.input) if name in makers)


def _copy(node: onnx.NodeProto) -> onnx.NodeProto:
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    copy.doc_string = ""
    attributes = sorted(node.attribute, key=lambda one: one.name)
    del copy.attribute[:]
    copy.attribute.extend(attributes)
    return copy


def _rename(node: onnx.NodeProto, names: dict[str, str]) -> None:
    inputs, outputs = ([names.get(name, name) for name in some] for some in (node.input, node.output))
    del node.input[:]
    del node.output[:]
    node.input.extend(inputs)
    node.output.extend(outputs)


def _replace(graph: onnx.GraphProto, nodes: list[onnx.NodeProto], weights: list[onnx.TensorProto]) -> None:
    copies = []
    for one in weights:
        copy = onnx.TensorProto()
        copy.CopyFrom(one)
        copies.append(copy)
    del graph.node[:]
    del graph.initializer[:]
    del graph.value_info[:]
    graph.doc_string = ""
    graph.node.extend(nodes)
    graph.initializer.extend(copies)
