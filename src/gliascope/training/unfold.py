"""Weights of a bundle's graphs, put back into Keras networks that can be trained on.

The converter to ONNX names tensors as it likes, folds some batch normalisations into the convolution before them, and
leaves others as a scale and an offset behind it. Which tensor belongs to which layer is therefore asked of the
converter itself: a network whose kernels are filled with their layers' numbers is converted, and its graph is read side
by side with the bundle's.

A folded normalisation has lost the mean and the deviation of what goes through it. They are measured anew on slices,
and scale and offset are chosen so that the network computes what the bundle's graph does, in use as in training.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import keras
import numpy as np
import onnx
from keras import layers, ops
from numpy.typing import NDArray
from onnx import numpy_helper

from gliascope.bundle import Bundle
from gliascope.errors import ParityError, TrainingError
from gliascope.recipe import Recipe
from gliascope.training.canonical import canonicalise
from gliascope.training.checkpoint import restore, snapshot
from gliascope.training.graphs import to_onnx
from gliascope.training.networks import NetworkSet, Stage, build_networks
from gliascope.training.parity import Parity, measure_parity

BATCH: Final = 8
"""Slices that statistics are measured on at once."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Affine:
    """What a graph does at one layer: ``(kernel * x + bias) * scale + offset``; the last three of shape (channel,)."""

    kernel: Floats
    bias: Floats
    scale: Floats
    offset: Floats


@dataclass(frozen=True, eq=False)
class _Place:
    """A convolution or dense layer of a network, and the normalisation that follows it, if one does."""

    layer: Any
    norm: Any | None

    def put(self, found: _Affine) -> None:
        """Make the layers compute what was found, as far as they are not trained."""
        if self.norm is None:
            values = [found.kernel * found.scale, found.bias * found.scale + found.offset]
            self.layer.set_weights(values[: 1 + self.layer.use_bias])
            return
        offset = found.offset if self.layer.use_bias else found.offset + found.bias * found.scale
        self.layer.set_weights([found.kernel, found.bias][: 1 + self.layer.use_bias])
        variance = np.full_like(found.scale, 1 - self.norm.epsilon)
        self.norm.set_weights([found.scale, offset, np.zeros_like(found.scale), variance])

    def settle(self, mean: Floats, variance: Floats) -> None:
        """Give the normalisation what really goes through it, without changing what comes out."""
        assert self.norm is not None
        scale, offset, *_ = self.norm.get_weights()
        gain = scale * np.sqrt(variance + self.norm.epsilon)
        self.norm.set_weights([gain, offset + scale * mean, mean, variance])


def unfold(
    networks: Mapping[str, keras.Model], graphs: Mapping[str, Path], images: NDArray[np.float16 | np.float32]
) -> None:
    """Put the weights of a bundle's graphs into networks of the same shape.

    Parameters
    ----------
    networks : dict of str to keras.Model
        What is exported, by role (see `gliascope.training.networks.NetworkSet.graphs`); changed in place.
    graphs : dict of str to Path
        ONNX files by role. The first takes images; one that takes ``feature_...`` follows it.
    images : ndarray, shape (slice, size, size, channel)
        Prepared slices that the statistics of the normalisations are measured on.

    Raises
    ------
    TrainingError
        If a graph is of another network.
    """
    if set(graphs) != set(networks):
        raise TrainingError(
            f"a start must have graphs for {', '.join(sorted(networks))}, received {', '.join(sorted(graphs))}"
        )
    given: Any = images
    for role, model in networks.items():
        places = _places(model)
        for place, found in zip(places, _read(model, places, graphs[role]), strict=True):
            place.put(found)
        follows = isinstance(model.input, dict) or len(model.inputs) > 1
        _settle(model, places, given if follows else images)
        if not follows:
            given = _features(model, images)


def unfold_bundle(
    bundle: Bundle, recipe: Recipe, images: NDArray[np.float16 | np.float32]
) -> dict[Stage, list[NDArray[Any]]]:
    """Give the weights of a bundle as a recipe's networks hold them while they are trained.

    Parameters
    ----------
    bundle : Bundle
    recipe : Recipe
        That the networks are built by: of the bundle's layers and channels. Its input may have another size: the
        networks' weights do not depend on it.
    images : ndarray, shape (slice, size, size, channel)
        Prepared slices, some of them with a tumour.

    Returns
    -------
    dict of str to list of ndarray
        By stage, in the order of its network's variables.

    Raises
    ------
    TrainingError
        If a graph is of another network.
    ParityError
        If the networks do not compute what the bundle's graphs do.
    """
    before = keras.mixed_precision.dtype_policy()
    keras.mixed_precision.set_global_policy("float32")
    try:
        networks = build_networks(recipe, pretrained=False)
        unfold(networks.graphs, bundle.graphs, images)
        parity = _parity(networks, bundle, recipe, images)
        if not parity.agrees:
            raise ParityError(
                f"{bundle.path}: networks that start from a bundle must compute what its graphs do, received a "
                f"difference of {parity.probability:.2g} in probability and a pooled Dice of {parity.dice:.5f} on "
                f"{parity.slices} slices"
            )
        return {stage: snapshot(model.variables) for stage, model in networks.stages.items()}
    finally:
        keras.mixed_precision.set_global_policy(before)


def _parity(networks: NetworkSet, bundle: Bundle, recipe: Recipe, images: NDArray[np.float16 | np.float32]) -> Parity:
    """Compare unfolded networks with the bundle's graphs, whose input has the bundle's size."""
    own = bundle.recipe.preparation
    if own.shape != recipe.preparation.shape:
        preparation = recipe.preparation.model_copy(update={"size": own.size})
        alike = build_networks(recipe.model_copy(update={"preparation": preparation}), pretrained=False)
        for role, model in networks.graphs.items():
            restore(alike.graphs[role].variables, snapshot(model.variables))
        networks, images = alike, _fitted(images, own.shape)
    return measure_parity(networks, bundle, images, bundle.operating_point())


def _fitted(images: NDArray[Any], shape: tuple[int, int]) -> NDArray[Any]:
    """Cut images to some rows and columns, or repeat their edges, alike on both sides."""
    for axis, wanted in enumerate(shape, start=1):
        more = wanted - images.shape[axis]
        before = max(more, 0) // 2
        width = [(0, 0)] * images.ndim
        width[axis] = (before, max(more, 0) - before)
        images = np.pad(images, width, mode="edge")
        first = max(-more, 0) // 2
        images = np.take(images, range(first, first + wanted), axis=axis)
    return images


def _places(model: keras.Model) -> list[_Place]:
    """List a network's layers with a kernel, in the network's own order."""
    norms = {id(one.input): one for one in model.layers if isinstance(one, layers.BatchNormalization)}
    kinds = (layers.Conv2D, layers.Dense)
    kernels = [one for one in model.layers if isinstance(one, kinds)]
    linear = [id(one.output) for one in kernels if one.activation is keras.activations.linear]
    alone = [one.name for before, one in norms.items() if before not in linear]
    if alone:
        raise TrainingError(
            f"{model.name}: a normalisation must follow a convolution to be taken from a graph, received {alone[0]}"
        )
    return [_Place(one, norms.get(id(one.output))) for one in kernels]


def _read(model: keras.Model, places: list[_Place], path: Path) -> list[_Affine]:
    """Find in a graph what belongs to each layer."""
    for number, place in enumerate(places, start=1):
        kernel, *rest = (np.zeros(one.shape, np.float32) for one in place.layer.get_weights())
        place.layer.set_weights([kernel + number, *rest])
        if place.norm is not None:
            blank = np.zeros(place.norm.gamma.shape, np.float32)
            place.norm.set_weights([blank + 1, blank, blank, blank + 1 - place.norm.epsilon])
    asked, given = _Graph(to_onnx(model)), onnx.load(str(path))
    canonicalise(given)
    found = _Graph(given)
    numbered, kernels = asked.kernels(), found.kernels()
    if [one.shape for _, one in numbered] != [one.shape for _, one in kernels]:
        raise TrainingError(f"{path}: a start must be of the same network, received another")
    by_number = {round(float(one.mean())): other for (_, one), other in zip(numbered, kernels, strict=True)}
    wanted = range(1, len(places) + 1)
    if sorted(by_number) != list(wanted):
        raise TrainingError(f"{path}: a start must have one kernel for each of {len(places)} layers, received others")
    return [found.affine(*by_number[number]) for number in wanted]


class _Graph:
    """An ONNX graph, for looking up what is stored and what follows on what.

    Parameters
    ----------
    model : onnx.ModelProto
        In canonical order, by which two graphs of one network are compared.
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        self.nodes = list(model.graph.node)
        kinds = {onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16}
        self.stored: dict[str, Floats] = {
            one.name: numpy_helper.to_array(one).astype(np.float32)
            for one in model.graph.initializer
            if one.data_type in kinds
        }
        for node in self.nodes:
            if node.op_type == "Cast" and node.input[0] in self.stored:
                self.stored[node.output[0]] = self.stored[node.input[0]]

    def kernels(self) -> list[tuple[onnx.NodeProto, Floats]]:
        """List what multiplies by a stored kernel, and the kernel as Keras has it: the output's channels last."""
        orders = {"Conv": (2, 3, 1, 0), "MatMul": (0, 1)}
        return [
            (node, self.stored[node.input[1]].transpose(orders[node.op_type]))
            for node in self.nodes
            if node.op_type in orders and node.input[1] in self.stored
        ]

    def affine(self, node: onnx.NodeProto, kernel: Floats) -> _Affine:
        """Follow what is done behind a kernel for as long as it scales or shifts by what is stored."""
        channels = kernel.shape[-1]
        bias, scale, offset = (np.full(channels, one, np.float32) for one in (0, 1, 0))
        if len(node.input) > 2:
            bias = self.stored[node.input[2]].ravel()
        for kind, constant in self._behind(node.output[0]):
            if kind == "Mul":
                scale, offset = scale * constant, offset * constant
            else:
                offset = offset + constant
        values = (np.broadcast_to(one, (channels,)).astype(np.float32) for one in (bias, scale, offset))
        return _Affine(kernel, *values)

    def _behind(self, name: str) -> Iterator[tuple[str, Floats]]:
        while True:
            takers = [one for one in self.nodes if name in one.input]
            if len(takers) != 1 or takers[0].op_type not in {"Mul", "Add"}:
                return
            constants = [self.stored[one].ravel() for one in takers[0].input if one in self.stored]
            if not constants:
                return
            yield takers[0].op_type, constants[0]
            name = takers[0].output[0]


def _settle(model: keras.Model, places: list[_Place], given: Any) -> None:
    """Measure mean and variance before every normalisation."""
    normalised = [one for one in places if one.norm is not None]
    if not normalised:
        return
    taken = [one.norm.input for one in normalised if one.norm is not None]
    moments = [ops.mean(power, axis=(1, 2)) for one in taken for power in (one, one * one)]
    meter = keras.Model(model.inputs if not isinstance(model.input, dict) else model.input, moments)
    found: list[NDArray[np.float64]] = [one.astype(np.float64).mean(axis=0) for one in _run(meter, given)]
    for place, mean, square in zip(normalised, found[::2], found[1::2], strict=True):
        variance = np.maximum(square - mean**2, 0)
        place.settle(mean.astype(np.float32), variance.astype(np.float32))


def _features(model: keras.Model, images: Any) -> dict[str, Floats]:
    """Give what a network that follows takes; empty where none does."""
    outputs = {name: one for name, one in model.output.items() if name.startswith("feature_")}
    if not outputs:
        return {}
    values = _run(keras.Model(model.input, list(outputs.values())), images)
    return dict(zip(outputs, values, strict=True))


def _run(model: keras.Model, given: Any) -> list[Floats]:
    parts: list[list[Floats]] = []
    count = len(next(iter(given.values()))) if isinstance(given, dict) else len(given)
    for start in range(0, count, BATCH):
        rows = slice(start, start + BATCH)
        some = {name: one[rows] for name, one in given.items()} if isinstance(given, dict) else given[rows]
        parts.append([np.asarray(ops.convert_to_numpy(one)) for one in model.predict_on_batch(some)])
    return [np.concatenate(some) for some in zip(*parts, strict=True)]
