"""What is chosen on validation patients once the networks are trained: calibration and operating points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.detect.calibration import calibrate, neighbour_logits
from gliascope.evaluate.platt import fit_calibration
from gliascope.evaluate.thresholds import choose_points
from gliascope.rules import Calibration, Components, OperatingPoint
from gliascope.training.score import COMPONENTS, Predictions, choose_operating_point
from gliascope.training.table import SliceTable

VALIDATION: Final = "validation"
"""What a calibration says it was fitted on: patients kept from training, who chose epoch and thresholds as well."""


@dataclass(frozen=True)
class Operation:
    """How a network's predictions are turned into calls and outlines.

    Attributes
    ----------
    calibration : Calibration or None
    points : dict of str to OperatingPoint
        ``balanced``, ``sensitive``, ``specific``; on the calibrated scale.
    """

    calibration: Calibration | None
    points: dict[str, OperatingPoint]

    @property
    def balanced(self) -> OperatingPoint:
        """The point that is used unless another is asked for."""
        return self.points["balanced"]

    def calibrated(self, table: SliceTable, predictions: Predictions) -> Predictions:
        """Calibrate the slices of some predictions for the table's patients, each a volume."""
        if predictions.slices is None:
            return predictions
        told = calibrate(predictions.slices, self.calibration, beside_of(table, predictions.slices))
        return Predictions(told, predictions.masks)


def beside_of(table: SliceTable, slices: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean logits of each slice's neighbours among its patient's slices, as the pipeline takes them."""
    parts = (neighbour_logits(slices[one.rows], one.step) for one in table.patients)
    return np.concatenate([*parts, np.zeros(0)])


def choose_operation(
    table: SliceTable, predictions: Predictions, choices: Sequence[Components] = COMPONENTS
) -> Operation:
    """Fit the calibration and choose the operating points, both on validation patients.

    Parameters
    ----------
    table : SliceTable
    predictions : Predictions
        The networks' own, with slices and masks.
    choices : sequence of str
        See `gliascope.training.score.choose_operating_point`.

    Returns
    -------
    Operation
    """
    if predictions.slices is None:
        raise ValueError("operating points need slice probabilities, received none")
    beside = beside_of(table, predictions.slices)
    calibration = fit_calibration(
        table.labels,
        predictions.slices,
        patients=len(table.patients),
        fitted_on=VALIDATION,
        beside=beside,
    )
    calibrated = calibrate(predictions.slices, calibration, beside)
    balanced = choose_operating_point(table, Predictions(calibrated, predictions.masks), choices)
    return Operation(calibration, choose_points(table.labels, calibrated, balanced))
