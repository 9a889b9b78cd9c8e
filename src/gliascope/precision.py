"""Which numbers graphs are computed in: float32, or 8-bit integers where the processor is quick with them."""

from __future__ import annotations

import importlib
import platform
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

Precision = Literal["float32", "int8"]

PRECISIONS: Final = ("auto", "float32", "int8")
"""What may be asked for."""

EVERY: Final = "any"
"""In a processor table: whatever the processor."""

FROM_NUMPY: Final = {"AVX2": "avx2", "AVX512VNNI": "avx512_vnni", "ASIMDDP": "asimddp"}
"""NumPy's names of features, and Linux's."""


class ProcessorRule(BaseModel):
    """One line of a processor table."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    feature: str
    """A feature as Linux names it, such as ``avx512_vnni``, or ``any``."""
    use: Precision
    """What ``auto`` uses on a processor that has it."""


TABLE: Final = (
    ProcessorRule(feature="avx512_vnni", use="int8"),
    ProcessorRule(feature="avx_vnni", use="int8"),
    ProcessorRule(feature=EVERY, use="float32"),
)
"""What `gliascope quantise` writes into a bundle: int8 where processors have instructions for sums of products of 8-bit
integers, and it was measured to take a third of the time; with AVX2 alone it saves a twelfth (decision 0150)."""


class QuantisedManifest(BaseModel):
    """The part ``int8`` of a bundle's manifest."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    graphs: dict[str, str]
    """File of each role that has a graph in 8-bit integers; the others are computed in float32."""
    processors: tuple[ProcessorRule, ...] = TABLE
    """What ``auto`` uses: the first line whose feature the processor has."""
    float_nodes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Convolutions of each role that stay in float because the results suffered most from rounding them."""
    made: dict[str, Any] = Field(default_factory=dict)
    """How the graphs were calibrated, and how far their results are from float32's."""


@dataclass(frozen=True, eq=False)
class Quantised:
    """A bundle's graphs in 8-bit integers.

    Attributes
    ----------
    graphs : dict of str to Path
        The ONNX file of each role that has one.
    processors : tuple of ProcessorRule
    float_nodes : dict of str to tuple of str
    made : dict
        JSON values.
    """

    graphs: dict[str, Path]
    processors: tuple[ProcessorRule, ...] = TABLE
    float_nodes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    made: dict[str, Any] = field(default_factory=dict)

    def manifest(self) -> dict[str, Any]:
        """Give what the bundle's manifest holds; JSON values."""
        values = QuantisedManifest(
            graphs={role: path.name for role, path in self.graphs.items()},
            processors=self.processors,
            float_nodes=self.float_nodes,
            made=self.made,
        )
        return values.model_dump(mode="json")

    @classmethod
    def from_manifest(cls, values: QuantisedManifest, folder: Path) -> Quantised:
        """Take the manifest's part, its files in `folder`."""
        graphs = {role: folder / name for role, name in values.graphs.items()}
        return cls(graphs, values.processors, dict(values.float_nodes), dict(values.made))


def automatic_precision(quantised: Quantised | None, features: Iterable[str]) -> Precision:
    """Choose as ``auto`` does: by the bundle's table, never by a timing.

    Parameters
    ----------
    quantised : Quantised or None
        None where the bundle has no graphs in 8-bit integers.
    features : iterable of str
        The processor's; see `processor_features`.

    Returns
    -------
    str
        ``float32`` where no line of the table holds.
    """
    if quantised is None:
        return "float32"
    there = {*features, EVERY}
    return next((rule.use for rule in quantised.processors if rule.feature in there), "float32")


@cache
def processor_features() -> frozenset[str]:
    """Features of this processor, as Linux names them.

    Returns
    -------
    frozenset of str
        On Linux all that the kernel tells, elsewhere those of `FROM_NUMPY`.
    """
    if platform.system() == "Linux":
        try:
            return parse_cpuinfo(Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace"))
        except OSError:
            return frozenset()
    # NumPy has no public name for it.
    found = importlib.import_module("numpy._core._multiarray_umath").__cpu_features__
    return frozenset(name for theirs, name in FROM_NUMPY.items() if found.get(theirs))


def parse_cpuinfo(text: str) -> frozenset[str]:
    """Take the features of the first processor from the text of ``/proc/cpuinfo``."""
    for line in text.splitlines():
        name, _, value = line.partition(":")
        if name.strip().lower() in {"flags", "features"}:
            return frozenset(value.split())
    return frozenset()
