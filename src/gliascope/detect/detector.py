"""The classifier: a probability for every slice, and the features that the segmenter goes on with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gliascope.bundle import Wiring
from gliascope.detect.calibration import calibrate
from gliascope.engine.base import Engine, Tensors
from gliascope.errors import InputError
from gliascope.rules import Calibration


@dataclass(frozen=True, eq=False)
class DetectedBatch:
    """The classifier's word on some neighbouring slices.

    Attributes
    ----------
    start : int
        Place of the first of them in the scan.
    probability : ndarray, float32, shape (slice,)
        Probability of tumour, 0 to 1, calibrated as that of a slice by itself.
    positive : ndarray, bool, shape (slice,)
        True where the probability reaches the threshold and the slice can be judged.
    features : dict of str to ndarray, float32
        The trunk's feature maps of the positive slices alone; empty where the networks are separate.
    raw : ndarray, float32, shape (slice,)
        The probability before calibration.
    """

    start: int
    probability: NDArray[np.float32]
    positive: NDArray[np.bool_]
    features: Tensors
    raw: NDArray[np.float32]


@dataclass(frozen=True)
class Detector:
    """Runs the trunk or the classifier over a scan.

    Attributes
    ----------
    engine : Engine
    wiring : str
        ``shared`` runs the role ``trunk``, ``separate`` the role ``classifier``.
    threshold : float
        A slice is positive from this calibrated probability on.
    batch_size : int
        Slices run at once; only their features are held at any time.
    calibration : Calibration or None
        The bundle's; None leaves the probabilities as the network gives them.
    """

    engine: Engine
    wiring: Wiring
    threshold: float
    batch_size: int = 8
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise InputError(f"batch_size must be at least 1, received {self.batch_size}")

    def detect(self, images: NDArray[np.float32], assessable: NDArray[np.bool_]) -> Iterator[DetectedBatch]:
        """Go through a scan batch by batch.

        Parameters
        ----------
        images : ndarray, float32, shape (slice, size, size, 3)
            Prepared slices.
        assessable : ndarray, bool, shape (slice,)
            False where a slice is never called positive, whatever its probability.

        Yields
        ------
        DetectedBatch
        """
        for start in range(0, len(images), self.batch_size):
            place = slice(start, start + self.batch_size)
            yield self.look(images[place], assessable[place], start)

    def look(self, images: NDArray[np.float32], assessable: NDArray[np.bool_], start: int = 0) -> DetectedBatch:
        """Look at some slices in one batch, each by itself.

        Parameters
        ----------
        images, assessable
            See `detect`; of these slices alone.
        start : int
            Handed on.

        Returns
        -------
        DetectedBatch
        """
        tensors = self.engine.run("trunk" if self.wiring == "shared" else "classifier", {"images": images})
        raw = tensors.pop("probability")[:, 0]
        probability, positive = self.judge(raw, assessable)
        # A copy of all features would cost a tenth of the trunk.
        features = tensors if positive.all() else {name: values[positive] for name, values in tensors.items()}
        return DetectedBatch(start, probability, positive, features, raw)

    def judge(
        self, raw: NDArray[np.float32], assessable: NDArray[np.bool_], beside: NDArray[np.float64] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Turn probabilities into calls.

        Parameters
        ----------
        raw : ndarray, float32, shape (slice,)
            Before calibration.
        assessable : ndarray, bool, shape (slice,)
            See `detect`.
        beside : ndarray, float64, shape (slice,), optional
            What the neighbours say (`gliascope.detect.calibration.calibrate`).

        Returns
        -------
        probability : ndarray, float32, shape (slice,)
            Calibrated.
        positive : ndarray, bool, shape (slice,)
        """
        probability = calibrate(raw, self.calibration, beside)
        return probability, (probability >= np.float32(self.threshold)) & assessable

    def features(self, images: NDArray[np.float32]) -> Tensors:
        """The trunk's feature maps of some slices; none where the networks are separate, which do without."""
        if self.wiring != "shared":
            return {}
        tensors = self.engine.run("trunk", {"images": images})
        del tensors["probability"]
        return tensors
