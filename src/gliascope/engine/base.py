"""What every inference engine promises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

FEATURES: Final = tuple(f"feature_{level}" for level in range(5))
"""Names of the trunk's feature maps, fine to coarse."""

Tensors = dict[str, NDArray[np.float32]]
"""Tensors by name; every one is float32, its first axis the slice."""


class Engine(Protocol):
    """Runs the graphs of one bundle.

    The tensors, NHWC and float32; n slices of r rows, s columns and c channels, r and s being the recipe's
    ``preparation.shape`` and c its ``preparation.channels``:

    ========== ============ ============================ ============================================
    wiring     role         takes                        gives
    ========== ============ ============================ ============================================
    shared     trunk        images (n, r, s, c)          probability (n, 1), feature_0 ... feature_4
    shared     decoder      feature_0 ... feature_4      mask (n, r, s, 1)
    separate   classifier   images (n, r, s, c)          probability (n, 1)
    separate   segmenter    images (n, r, s, c)          mask (n, r, s, 1)
    ========== ============ ============================ ============================================

    ``probability`` and ``mask`` are after the sigmoid, 0 to 1. The channels of ``images`` are those of
    `gliascope.prepare.Prepared`; a missing sequence is 0 throughout. The features' shapes are the bundle's own
    affair: they are handed from the trunk to the decoder as they are, for all slices or for some of them.

    A slice's result must not depend on the slices that are run with it, and the same input gives the same
    bytes on the same machine.
    """

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that can be run."""
        ...

    @property
    def lanes(self) -> int:
        """How many calls of `run`, each with one slice, go side by side; 0 where one call with many is better."""
        ...

    def run(
        self, role: str, inputs: Mapping[str, NDArray[np.float32]], outputs: Sequence[str] | None = None
    ) -> Tensors:
        """Run one graph.

        Parameters
        ----------
        role : str
        inputs : mapping of str to ndarray, float32
            The tensors that the role takes.
        outputs : sequence of str, optional
            The tensors wanted; all of them by default.

        Returns
        -------
        dict of str to ndarray, float32
        """
        ...

    def describe(self) -> dict[str, Any]:
        """Say what computes; JSON values.

        ``name``, ``version``, ``device``, ``precision`` (float32 or int8), ``providers``, ``threads``.
        """
        ...
