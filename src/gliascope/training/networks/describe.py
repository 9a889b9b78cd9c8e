"""What the networks of a recipe are made of, and what a slice costs: parameters and operations, stage by stage."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import keras

from gliascope.recipe import Recipe
from gliascope.training.networks import build_networks
from gliascope.training.networks.counts import LayerCount, count_layer

SCHEMA: Final = "gliascope.networks/1"
"""Name and version of the JSON form; the number rises when a key changes its meaning or goes."""

STAGE_OF_LAYER: Final = re.compile(r"conv[1-5]|pool1|slice|probability|encoder_\d+|decoder_(?:\d+|bottom|full)|mask")
"""Start of a layer's name that tells its stage."""

ALIASES: Final = {"pool1": "conv2", "probability": "slice"}
"""Stages that belong to another: the first pooling stands in conv2_x in He et al. 2016, table 1."""

TITLES: Final = {
    "trunk": "ResNet-50 with classification head",
    "classifier": "ResNet-50 with classification head",
    "decoder": "ResUNet decoder",
    "segmenter": "small ResUNet",
}
"""The graphs by their role, as they are named to people."""

NUMBERS: Final = {2: "twice", 3: "three times"}
"""How often, in words."""


@dataclass(frozen=True)
class StageDescription:
    """Layers that work at one resolution.

    Attributes
    ----------
    name : str
        Start of its layers' names.
    makeup : str
        What it is made of, in words.
    output : tuple of int
        Shape of what it hands on: (row, column, channel), or (value,).
    parameters, macs, flops : int
        Sums over its layers, for one slice (see `gliascope.training.networks.counts`).
    """

    name: str
    makeup: str
    output: tuple[int, ...]
    parameters: int
    macs: int
    flops: int


@dataclass(frozen=True)
class NetworkDescription:
    """One exported graph.

    Attributes
    ----------
    role : str
        As in `gliascope.bundle`.
    title : str
    stages : tuple of StageDescription
        In the data's order.
    """

    role: str
    title: str
    stages: tuple[StageDescription, ...]

    @property
    def parameters(self) -> int:
        """Weights and statistics of all stages."""
        return sum(one.parameters for one in self.stages)

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one slice."""
        return sum(one.macs for one in self.stages)

    @property
    def flops(self) -> int:
        """Floating-point operations for one slice."""
        return sum(one.flops for one in self.stages)


@dataclass(frozen=True)
class Description:
    """The networks of one recipe.

    Attributes
    ----------
    recipe : str
        Its name.
    wiring : str
        ``shared`` or ``separate``.
    size : (int, int)
        Rows and columns of the input that operations were counted for.
    channels : int
        Of the input.
    networks : tuple of NetworkDescription
        The first sees every slice, the second those where a tumour is suspected.
    training_parameters : int
        Parameters while training: more than the graphs have where a recipe trains auxiliary outputs.
    """

    recipe: str
    wiring: str
    size: tuple[int, int]
    channels: int
    networks: tuple[NetworkDescription, ...]
    training_parameters: int

    def as_json(self) -> dict[str, Any]:
        """JSON values; counts are whole numbers for one slice."""
        return {
            "schema": SCHEMA,
            "recipe": self.recipe,
            "wiring": self.wiring,
            "input": [*self.size, self.channels],
            "networks": [
                {"role": one.role, "title": one.title, **_sums(one), "stages": [_stage_values(s) for s in one.stages]}
                for one in self.networks
            ],
            "total": {key: sum(getattr(one, key) for one in self.networks) for key in _sums(self.networks[0])},
            "training_parameters": self.training_parameters,
        }


def describe_networks(recipe: Recipe, size: int | tuple[int, int] | None = None) -> Description:
    """Build a recipe's networks and count them; nothing is downloaded.

    Parameters
    ----------
    recipe : Recipe
    size : int or (int, int), optional
        Count for this input size, a multiple of 32 or rows and columns, instead of the recipe's.

    Returns
    -------
    Description
    """
    if size is not None:
        preparation = recipe.preparation.model_copy(update={"size": size})
        recipe = recipe.model_copy(update={"preparation": preparation})
    networks = build_networks(recipe, pretrained=False)
    return Description(
        recipe=recipe.name,
        wiring=recipe.network.wiring,
        size=recipe.preparation.shape,
        channels=recipe.preparation.channels,
        networks=tuple(
            NetworkDescription(role, TITLES[role], describe_stages(graph)) for role, graph in networks.graphs.items()
        ),
        training_parameters=networks.parameters(),
    )


def describe_stages(model: keras.Model) -> tuple[StageDescription, ...]:
    """Count a network's layers and sum them up by stage.

    Parameters
    ----------
    model : keras.Model
        With a fixed input size.

    Returns
    -------
    tuple of StageDescription

    Raises
    ------
    TypeError
        If a layer's operations cannot be counted.
    ValueError
        If a layer that costs something belongs to no stage.
    """
    stages: dict[str, list[LayerCount]] = {}
    for count in map(count_layer, model.layers):
        match = STAGE_OF_LAYER.match(count.name)
        if match is not None:
            stages.setdefault(ALIASES.get(match[0], match[0]), []).append(count)
        elif count.parameters or count.flops:
            raise ValueError(f"{model.name}: every layer must belong to a stage, received {count.name}")
    return tuple(_describe_stage(name, counts) for name, counts in stages.items())


def _describe_stage(name: str, counts: list[LayerCount]) -> StageDescription:
    return StageDescription(
        name=name,
        makeup=", ".join(_makeup(counts)),
        output=counts[-1].output,
        parameters=sum(one.parameters for one in counts),
        macs=sum(one.macs for one in counts),
        flops=sum(one.flops for one in counts),
    )


def _makeup(counts: list[LayerCount]) -> Iterable[str]:
    kinds = Counter(one.kind for one in counts)
    for kind, words in (("MaxPooling2D", "max pooling"), ("UpSampling2D", "upsampling")):
        if kinds[kind]:
            yield f"{words}, skip" if kinds["Concatenate"] else words
    if blocks := kinds["Add"]:
        yield "residual block" if blocks == 1 else f"{blocks} residual blocks"
    else:
        for (rows, columns), number in Counter(one.kernel for one in counts if one.kernel).items():
            kernel = f"{rows} \N{MULTIPLICATION SIGN} {columns} convolution"
            yield kernel if number == 1 else f"{kernel}, {NUMBERS.get(number, str(number))}"
    for kind, words in (("GlobalAveragePooling2D", "global average"), ("Dense", "dense layer")):
        if kinds[kind]:
            yield words


def _sums(one: NetworkDescription | StageDescription) -> dict[str, int]:
    return {"parameters": one.parameters, "macs": one.macs, "flops": one.flops}


def _stage_values(one: StageDescription) -> dict[str, Any]:
    return {"name": one.name, "makeup": one.makeup, "output": list(one.output), **_sums(one)}
