"""An engine without networks, for tests and for trying things out: what is bright on FLAIR is a tumour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import gliascope
from gliascope.bundle import ROLES, Wiring
from gliascope.engine.base import FEATURES, Tensors
from gliascope.errors import InputError
from gliascope.scan import SEQUENCES

FLAIR: Final = SEQUENCES.index("flair")
STEEPNESS: Final = 4.0
"""Slope of the sigmoid between brightness and a pixel's probability."""
HALF_AREA: Final = 0.005
"""Share of bright pixels at which a slice's probability is one half."""


class FakeEngine:
    """Deterministic stand-in with the tensors of a real engine (`gliascope.engine.base.Engine`).

    A pixel's probability is a sigmoid of its FLAIR value, one half at `level`. A slice's probability rises with
    the share of pixels over `level`, one half at `HALF_AREA`.

    Parameters
    ----------
    wiring : str
        ``shared`` or ``separate``.
    level : float
        FLAIR value, after preparation, from which a pixel counts as bright.
    """

    def __init__(self, wiring: Wiring = "shared", level: float = 2.0) -> None:
        self.wiring: Wiring = wiring
        self.level = level

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles of the wiring."""
        return ROLES[self.wiring]

    @property
    def lanes(self) -> int:
        """0: a batch costs no more than its slices."""
        return 0

    def run(
        self, role: str, inputs: Mapping[str, NDArray[np.float32]], outputs: Sequence[str] | None = None
    ) -> Tensors:
        """Run one role; see `gliascope.engine.base.Engine.run`.

        Raises
        ------
        InputError
            If the wiring has no such role.
        """
        if role not in self.roles:
            raise InputError(f"role must be one of {', '.join(self.roles)}, received {role!r}")
        if role == "decoder":
            given: Tensors = {"mask": self._mask(inputs[FEATURES[0]])}
        else:
            flair = np.ascontiguousarray(inputs["images"][..., FLAIR : FLAIR + 1])
            given = {"mask": self._mask(flair)} if role == "segmenter" else {"probability": self._probability(flair)}
            if role == "trunk":
                given.update({name: flair[:, :: 1 << level, :: 1 << level] for level, name in enumerate(FEATURES)})
        return {name: given[name] for name in (outputs or given)}

    def describe(self) -> dict[str, Any]:
        """Say what computes; JSON values."""
        return {
            "name": "fake",
            "version": gliascope.__version__,
            "device": "cpu",
            "precision": "float32",
            "providers": [],
            "threads": 1,
        }

    def _mask(self, flair: NDArray[np.float32]) -> NDArray[np.float32]:
        return _sigmoid(np.float32(STEEPNESS) * (flair - np.float32(self.level)))

    def _probability(self, flair: NDArray[np.float32]) -> NDArray[np.float32]:
        share: NDArray[np.float64] = (flair >= self.level).reshape(len(flair), -1).mean(axis=1, dtype=np.float64)
        return _sigmoid(STEEPNESS * (share / HALF_AREA - 1.0))[:, np.newaxis]


def _sigmoid(values: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -30.0, 30.0))), dtype=np.float32)
