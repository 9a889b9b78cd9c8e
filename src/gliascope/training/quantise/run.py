"""A bundle with graphs in 8-bit integers, made from one without."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx

from gliascope.bundle import LICENCE, ROLES, Bundle, write_bundle
from gliascope.dataset.split import Split
from gliascope.errors import TrainingError
from gliascope.precision import Quantised
from gliascope.training.quantise.damage import Damage, Reference, fewest_float, predict, sensitivity
from gliascope.training.quantise.graphs import Feed, float_graph, measure_ranges
from gliascope.training.quantise.samples import Samples, draw_samples

LIMIT: Final = 0.008
"""Largest damage that a role's graph may do: mean change of probability, and 1 - Dice against float outlines, added."""

LARGEST: Final = 80 * 2**20
"""Most bytes of a bundle with both kinds of graphs."""

Advance = Callable[[str], None]


@dataclass(frozen=True)
class RoleResult:
    """What came out for one graph.

    Attributes
    ----------
    role : str
    kept : tuple of str
        Convolutions left in float.
    damage : Damage
    used : bool
        False where no such graph is within the limit; the role is then computed in float32.
    size : int
        Bytes of the graph; 0 where it is not used.
    """

    role: str
    kept: tuple[str, ...]
    damage: Damage
    used: bool
    size: int


def quantise_bundle(
    bundle: Bundle,
    data: Path,
    split: Split,
    out: Path,
    *,
    slices: int = 200,
    checked: int = 48,
    limit: float = LIMIT,
    decoder: bool = False,
    seed: int = 0,
    advance: Advance = lambda _text: None,
) -> tuple[Bundle, list[RoleResult]]:
    """Write a bundle that has graphs in 8-bit integers beside its float ones.

    Ranges are measured on one half of the split's training patients; what each convolution does to the results, on the
    other half. Of each role as few convolutions stay in float as keep the damage within the limit; where half of them
    are not enough, the role has no such graph.

    Parameters
    ----------
    bundle : Bundle
    data : Path
        The data set that the bundle was trained on.
    split : Split
        The one it was trained by.
    out : Path
        The new bundle's folder.
    slices, checked : int
        Slices that ranges are measured on, and that results are compared on.
    limit : float
        See `LIMIT`.
    decoder : bool
        Quantise the decoder too: it runs on few slices, and rounding it changes outlines more than the trunk's does.
    seed : int
    advance : callable
        Called with what was done.

    Returns
    -------
    bundle : Bundle
    results : list of RoleResult

    Raises
    ------
    InputError
        If an image cannot be used.
    TrainingError
        If the split is not the bundle's, no role is within the limit, or the bundle becomes too large.
    """
    check_split(bundle, split)
    samples = draw_samples(
        data, split, bundle.recipe.preparation, slices=slices, checked=checked, seed=seed, advance=advance
    )
    floats = {role: float_graph(path) for role, path in bundle.graphs.items()}
    maker = _Maker(bundle, floats, samples, limit, advance)
    roles = [role for role in ROLES[bundle.wiring] if decoder or role != "decoder"]
    made = {role: maker.quantise(role) for role in roles}
    results = [result for _, result in made.values()]
    graphs = {role: graph for role, (graph, _) in made.items() if graph is not None}
    if not graphs:
        raise TrainingError(
            f"{bundle.path}: at least one graph must be within the limit of {limit}, "
            f"received {', '.join(f'{one.role} {one.damage.total:.4f}' for one in results)}"
        )
    summary = {
        "split_sha256": split.sha256,
        "slices": len(samples.ranges),
        "checked_slices": len(samples.checked),
        "patients": len(samples.patients),
        "seed": seed,
        "limit": limit,
        "damage": {one.role: asdict(one.damage) | {"used": one.used} for one in results},
        "versions": {one: version(one) for one in ("gliascope", "onnx", "onnxruntime")},
    }
    kept = {one.role: one.kept for one in results if one.used}
    return _write(bundle, out, graphs, kept, summary), results


def check_split(bundle: Bundle, split: Split) -> None:
    """Refuse a split other than the one that the bundle was trained by: its patients might be the test's.

    Raises
    ------
    TrainingError
    """
    theirs = bundle.summary.get("split_sha256")
    if theirs != split.sha256:
        raise TrainingError(
            f"{bundle.path}: the split must be the one that the bundle was trained by ({str(theirs)[:12]}...), "
            f"received {split.sha256[:12]}..."
        )


@dataclass(frozen=True, eq=False)
class _Maker:
    """What all roles share."""

    bundle: Bundle
    floats: dict[str, onnx.ModelProto]
    samples: Samples
    limit: float
    advance: Advance

    def quantise(self, role: str) -> tuple[bytes | None, RoleResult]:
        wiring, threshold = self.bundle.wiring, self.bundle.operating_point().mask
        whole = {name: model.SerializeToString() for name, model in self.floats.items()}
        probability, masks, features = predict(wiring, whole, self.samples.checked, threshold)
        reference = Reference(wiring, self.samples.checked, features, probability, masks, threshold)
        self.advance(f"{role}: compared slices in float32")
        ranges = measure_ranges(self.floats[role], self._feeds(whole, role))
        self.advance(f"{role}: ranges")

        def measure(graph: bytes) -> Damage:
            # A decoder's damage is measured on the trunk's float features.
            return reference.damage({role: graph} if role == "decoder" else whole | {role: graph})

        ranked = sensitivity(self.floats[role], ranges, measure, lambda name: self.advance(f"{role}: {name}"))
        graph, kept, damage = fewest_float(self.floats[role], ranges, list(ranked), measure, self.limit)
        self.advance(f"{role}: {'int8' if graph else 'float32'}")
        return graph, RoleResult(role, kept, damage, graph is not None, len(graph or b""))

    def _feeds(self, graphs: dict[str, bytes], role: str) -> list[Feed]:
        """What a role takes: images, or the trunk's features of them."""
        if role == "decoder":
            return predict(self.bundle.wiring, graphs, self.samples.ranges, 0.5)[2]
        return [{"images": one[np.newaxis]} for one in self.samples.ranges]


def _write(
    bundle: Bundle, out: Path, graphs: dict[str, bytes], kept: dict[str, tuple[str, ...]], summary: dict[str, Any]
) -> Bundle:
    with tempfile.TemporaryDirectory() as temporary:
        paths = {role: Path(temporary) / f"{role}.int8.onnx" for role in graphs}
        for role, path in paths.items():
            path.write_bytes(graphs[role])
        older = set() if bundle.quantised is None else set(bundle.quantised.graphs.values())
        size = sum(path.stat().st_size for path in (*paths.values(), *(set(bundle.path.iterdir()) - older)))
        if size > LARGEST:
            raise TrainingError(f"{out}: a bundle must be at most {LARGEST} bytes, received {size}")
        return write_bundle(
            out,
            name=bundle.name,
            wiring=bundle.wiring,
            recipe=bundle.recipe,
            operating_points=bundle.operating_points,
            graphs=dict(bundle.graphs),
            seen=bundle.seen(),
            summary=bundle.summary,
            card=bundle.card(),
            licence=(bundle.path / LICENCE).read_text(encoding="utf-8"),
            evaluation=bundle.evaluation,
            created=bundle.created,
            calibration=bundle.calibration,
            uncertainty=bundle.uncertainty,
            quantised=Quantised(paths, float_nodes=kept, made=summary),
        )
