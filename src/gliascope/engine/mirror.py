"""Flips at test time: every slice is run as it is and mirrored from left to right, and the answers are averaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.engine.base import Engine, Tensors

MIRRORED: Final = "mirrored:"
"""Stands before the names of the features of the mirrored slice."""


class MirroredEngine:
    """Another engine, asked twice (`gliascope.engine.base.Engine`).

    Probabilities and masks are means over both runs, the mask of the mirrored slice turned back. The trunk gives the
    features of both; the decoder takes them. So every graph runs twice as often.

    Parameters
    ----------
    engine : Engine
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @property
    def roles(self) -> tuple[str, ...]:
        """Those of the engine itself."""
        return self.engine.roles

    @property
    def lanes(self) -> int:
        """Those of the engine itself."""
        return self.engine.lanes

    def run(
        self, role: str, inputs: Mapping[str, NDArray[np.float32]], outputs: Sequence[str] | None = None
    ) -> Tensors:
        """Run one role on both sides; see `gliascope.engine.base.Engine.run`.

        Raises
        ------
        InputError
            If the engine has no such role.
        """
        own, other = (self.engine.run(role, one, outputs) for one in _sides(inputs))
        given: Tensors = {}
        for name, values in own.items():
            if name == "probability":
                given[name] = _mean(values, other[name])
            elif name == "mask":
                given[name] = _mean(values, other[name][:, :, ::-1])
            else:
                given |= {name: values, f"{MIRRORED}{name}": other[name]}
        return given

    def describe(self) -> dict[str, Any]:
        """Say what computes; JSON values."""
        return self.engine.describe()


def _sides(inputs: Mapping[str, NDArray[np.float32]]) -> tuple[Tensors, Tensors]:
    if "images" in inputs:
        return dict(inputs), {"images": np.ascontiguousarray(inputs["images"][:, :, ::-1])}
    mirrored = {name.removeprefix(MIRRORED): one for name, one in inputs.items() if name.startswith(MIRRORED)}
    return {name: one for name, one in inputs.items() if not name.startswith(MIRRORED)}, mirrored


def _mean(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    return (one + other) * np.float32(0.5)
