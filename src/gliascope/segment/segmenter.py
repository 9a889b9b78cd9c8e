"""The segmenter: a probability for every pixel of a slice that was called tumour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gliascope.bundle import Wiring
from gliascope.engine.base import Engine, Tensors
from gliascope.findings import Segmentation
from gliascope.prepare import InverseMap


@dataclass(frozen=True)
class Segmenter:
    """Runs the decoder or the separate segmenter.

    Attributes
    ----------
    engine : Engine
    wiring : str
        ``shared`` runs the role ``decoder`` on the trunk's features, ``separate`` the role ``segmenter`` on images.
    threshold : float
        A pixel is inside from this probability on.
    """

    engine: Engine
    wiring: Wiring
    threshold: float

    def segment(self, images: NDArray[np.float32], features: Tensors, inverse: InverseMap) -> Segmentation:
        """Outline slices.

        Parameters
        ----------
        images : ndarray, float32, shape (slice, size, size, 3)
            Prepared slices; not looked at where the wiring is shared.
        features : dict of str to ndarray, float32
            The trunk's features of the same slices; not looked at where the networks are separate.
        inverse : InverseMap
            The way back into the scan's rows and columns.

        Returns
        -------
        Segmentation
            Of these slices, in the scan's rows and columns. The threshold is applied after the way back.
        """
        if self.wiring == "shared":
            tensors = self.engine.run("decoder", features, ["mask"])
        else:
            tensors = self.engine.run("segmenter", {"images": images}, ["mask"])
        # Resizing rounds: a probability may end one bit beyond 1.
        probability = np.clip(inverse.restore(tensors["mask"][..., 0]), 0, 1)
        return Segmentation(probability >= np.float32(self.threshold), probability, self.threshold)
