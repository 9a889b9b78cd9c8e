"""A description of networks as values that can be drawn."""

from __future__ import annotations

from typing import Final

from gliascope.present.architecture import Architecture, Network, Stage, quantity
from gliascope.scan import SEQUENCES
from gliascope.training.networks.describe import Description, NetworkDescription, StageDescription

EVERY: Final = "runs on every slice"
SUSPECTED: Final = "runs only where a tumour is suspected"

NAMES: Final = {"slice": "probability", "decoder_bottom": "bottleneck", "decoder_full": "full size"}
"""Stages that the diagram names otherwise than the layers."""


def diagram(description: Description) -> Architecture:
    """Arrange the stages of described networks for `gliascope.present.architecture`.

    Parameters
    ----------
    description : Description

    Returns
    -------
    Architecture
    """
    title = f"Networks of the recipe \N{LEFT SINGLE QUOTATION MARK}{description.recipe}\N{RIGHT SINGLE QUOTATION MARK}"
    first, second = description.networks
    trunk, verdict = _column(first)
    outline, mask = _column(second)
    heads = (_head(first, EVERY), _head(second, SUSPECTED))
    if description.wiring == "shared":
        networks: tuple[Network, ...] = (Network(heads, trunk, outline, verdict, mask, gate="if suspected"),)
    else:
        down = tuple(one for one in outline if one.name.startswith("encoder"))
        up = tuple(one for one in outline if one.name.startswith("decoder"))
        networks = (Network(heads[:1], trunk, verdict=verdict), Network((heads[1], ("", "", "")), down, up, mask=mask))
    return Architecture(title, description.size, networks, description.channels - len(SEQUENCES))


def _head(network: NetworkDescription, when: str) -> tuple[str, str, str]:
    title = network.title[0].upper() + network.title[1:]
    costs = f"{quantity(network.parameters)} parameters \N{MIDDLE DOT} {quantity(network.macs)} MAC"
    return title, when, costs


def _column(network: NetworkDescription) -> tuple[tuple[Stage, ...], Stage]:
    *inner, last = (_stage(one) for one in network.stages)
    return tuple(inner), last


def _stage(one: StageDescription) -> Stage:
    side = (one.output[0], one.output[1]) if len(one.output) == 3 else (1, 1)
    name = NAMES.get(one.name, one.name.replace("_", " "))
    return Stage(name, one.makeup, side, one.output[-1], one.parameters, one.macs)
