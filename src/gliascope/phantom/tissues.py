"""How bright each tissue is in the three channels, and the canvas it is painted on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

TISSUES: Final[dict[str, tuple[float, float, float]]] = {
    "air": (0.0, 0.0, 0.0),
    "fat": (2.1, 2.1, 1.85),
    "orbital fat": (2.1, 1.7, 1.8),
    "muscle": (0.8, 0.62, 1.0),
    "mucosa": (0.8, 1.6, 1.9),
    "bone": (0.15, 0.14, 0.17),
    "marrow": (0.75, 0.6, 0.75),
    "vitreous": (0.35, 0.25, 0.38),
    "lens": (0.9, 0.9, 0.9),
    "csf": (0.32, 0.16, 0.34),
    "grey": (0.80, 1.2, 0.84),
    "nuclei": (0.86, 1.04, 0.9),
    "thalamus": (0.91, 1.03, 0.94),
    "white": (1.0, 1.0, 1.0),
    "rim": (0.9, 1.3, 0.92),
    "cerebellum": (0.90, 1.08, 0.93),
    "stem": (0.97, 1.03, 0.98),
    "vessel": (0.35, 0.2, 1.9),
    "choroid": (0.7, 0.9, 1.7),
    "dura": (0.6, 0.4, 1.25),
}
"""Pre-contrast, FLAIR, post-contrast, as multiples of white matter."""


class Canvas:
    """A slice being painted, what lies deepest first.

    Attributes
    ----------
    values : ndarray, float32, shape (row, column, 3)
        Multiples of white matter.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.values: NDArray[np.float32] = np.zeros((*shape, 3), dtype=np.float32)

    def paint(self, coverage: NDArray[np.floating[Any]], tissue: str) -> None:
        """Cover the share `coverage` (0 to 1) of each pixel with a tissue of the table."""
        self.cover(coverage, TISSUES[tissue])

    def cover(self, coverage: NDArray[np.floating[Any]], level: Sequence[float] | NDArray[np.float32]) -> None:
        """Cover the share `coverage` (0 to 1) of each pixel with given levels, one a channel."""
        self.values += coverage[..., None] * (np.asarray(level, dtype=np.float32) - self.values)
