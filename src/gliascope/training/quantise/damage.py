"""What quantising does to the networks' results, and which convolutions must stay in float."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from gliascope.bundle import ROLES, Wiring
from gliascope.engine.base import FEATURES
from gliascope.engine.onnx import available_cores
from gliascope.training.quantise.graphs import Feed, convolutions, to_int8

logger = logging.getLogger(__name__)

STEPS: Final = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""How many convolutions are tried in float, the most sensitive first."""


@dataclass(frozen=True)
class Damage:
    """How far results are from those in float, on the same slices.

    Attributes
    ----------
    probability : float
        Mean difference of a slice's probability.
    dice : float
        1 - Dice of the outlines against those in float, over all slices together.
    """

    probability: float
    dice: float

    @property
    def total(self) -> float:
        """Both added."""
        return self.probability + self.dice


@dataclass(frozen=True, eq=False)
class Reference:
    """Slices and what the float graphs make of them.

    Attributes
    ----------
    wiring : str
    images : ndarray, float32, shape (slice, size, size, channel)
    features : list of dict
        Of each slice; empty dicts where the networks are separate.
    probability : ndarray, float32, shape (slice,)
    masks : ndarray, bool, shape (slice, size, size)
    threshold : float
        A pixel is inside from this probability on.
    """

    wiring: Wiring
    images: NDArray[np.float32]
    features: list[Feed]
    probability: NDArray[np.float32]
    masks: NDArray[np.bool_]
    threshold: float

    def damage(self, graphs: Mapping[str, bytes]) -> Damage:
        """Compare graphs with the float ones; without the first role's, its float features are used."""
        probability, masks, _ = predict(self.wiring, graphs, self.images, self.threshold, self.features)
        both = int((masks & self.masks).sum())
        pixels = int(masks.sum()) + int(self.masks.sum())
        change = 0.0 if ROLES[self.wiring][0] not in graphs else float(np.abs(probability - self.probability).mean())
        return Damage(change, 1 - 2 * both / pixels if pixels else 0.0)


def predict(
    wiring: Wiring,
    graphs: Mapping[str, bytes],
    images: NDArray[np.float32],
    threshold: float,
    features: Sequence[Feed] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.bool_], list[Feed]]:
    """Run both graphs on slices, every slice outlined.

    Parameters
    ----------
    wiring : str
    graphs : mapping of str to bytes
        The first role's may be missing where `features` are given; its probabilities are NaN then.
    images : ndarray, float32, shape (slice, size, size, channel)
    threshold : float
    features : sequence of dict, optional
        Instead of the trunk's own, where the trunk is not among the graphs.

    Returns
    -------
    probability : ndarray, float32, shape (slice,)
    masks : ndarray, bool, shape (slice, size, size)
    features : list of dict
    """
    first, second = (open_graph(graphs[role]) if role in graphs else None for role in ROLES[wiring])

    def one(place: int) -> tuple[float, NDArray[np.bool_], Feed]:
        feed = {"images": images[place : place + 1]}
        found = dict(features[place]) if features is not None else {}
        said: float = np.nan
        if first is not None:
            names = [output.name for output in first.get_outputs()]
            tensors = dict(zip(names, first.run(names, feed), strict=True))
            said = float(tensors["probability"][0, 0])
            found = {name: tensors[name] for name in FEATURES if name in tensors}
        assert second is not None
        mask = second.run(["mask"], found or feed)[0][0, ..., 0] >= threshold
        return said, mask, found

    with ThreadPoolExecutor(available_cores()) as pool:
        results = list(pool.map(one, range(len(images))))
    said, masks, found = zip(*results, strict=True)
    return np.array(said, dtype=np.float32), np.stack(masks), list(found)


def open_graph(graph: bytes) -> Any:
    """Open a graph for one thread a call."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def sensitivity(
    model: onnx.ModelProto, ranges: Any, measure: Callable[[bytes], Damage], advance: Callable[[str], None]
) -> dict[str, float]:
    """Quantise one convolution at a time and measure what that does.

    Parameters
    ----------
    model : onnx.ModelProto
    ranges : TensorsData
    measure : callable
        From a graph of this role to its damage.
    advance : callable
        Called with the name of each convolution that is done.

    Returns
    -------
    dict of str to float
        Total damage of each, the most sensitive first.
    """
    damages = {}
    for name in convolutions(model):
        damages[name] = measure(to_int8(model, ranges, only=[name])).total
        advance(name)
    return dict(sorted(damages.items(), key=lambda item: -item[1]))


def fewest_float(
    model: onnx.ModelProto,
    ranges: Any,
    ranked: Sequence[str],
    measure: Callable[[bytes], Damage],
    limit: float,
) -> tuple[bytes | None, tuple[str, ...], Damage]:
    """Leave the most sensitive convolutions in float, as few as keep the damage within a limit.

    Parameters
    ----------
    model, ranges, measure
        See `sensitivity`.
    ranked : sequence of str
        Convolutions, the most sensitive first.
    limit : float
        Largest total damage.

    Returns
    -------
    graph : bytes or None
        None where no step of `STEPS` up to half of the convolutions is within the limit.
    kept : tuple of str
        The convolutions left in float.
    damage : Damage
    """
    damage = Damage(float("nan"), float("nan"))
    for count in (step for step in STEPS if step <= len(ranked) // 2):
        kept = tuple(ranked[:count])
        graph = to_int8(model, ranges, kept=kept, half=True)
        damage = measure(graph)
        logger.info("%d convolutions in float: damage %.5f", count, damage.total)
        if damage.total <= limit:
            return graph, kept, damage
    return None, (), damage
