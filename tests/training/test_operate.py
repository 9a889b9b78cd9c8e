from __future__ import annotations

from collections.abc import Callable

import numpy as np

from gliascope.detect.calibration import calibrate
from gliascope.evaluate.thresholds import RUN
from gliascope.training.operate import choose_operation
from gliascope.training.score import Predictions, choose_operating_point
from gliascope.training.table import SliceTable

TableFactory = Callable[..., SliceTable]


def test_thresholds_are_chosen_on_the_calibrated_scale(make_table: TableFactory) -> None:
    table = make_table()
    slices = np.where(table.labels, 0.8, 0.1).astype(np.float32)
    predictions = Predictions(slices, table.masks.astype(np.float16))
    operation = choose_operation(table, predictions)
    assert operation.calibration is not None
    assert (operation.calibration.fitted_on, operation.calibration.patients) == ("validation", 2)
    low, high = calibrate(np.array([0.1, 0.8], np.float32), operation.calibration).astype(np.float64)
    assert low < operation.balanced.detection == table.labels.mean() < high
    assert {one.run for one in operation.points.values()} == {RUN}
    calibrated = operation.calibrated(table, predictions)
    assert choose_operating_point(table, calibrated) == operation.balanced
    assert calibrated.masks is predictions.masks


def test_however_the_networks_are_calibrated_the_same_slices_are_called(make_table: TableFactory) -> None:
    table = make_table(patients=3, slices=8, tumours=3)
    rng = np.random.default_rng(4)
    slices = np.clip(0.7 * table.labels + rng.uniform(0, 0.5, len(table.labels)), 0.01, 0.99).astype(np.float32)
    bold = (1 / (1 + ((1 - slices) / slices) ** 3)).astype(np.float32)  # three times the logit
    masks, called = table.masks.astype(np.float16), []
    for told in (slices, bold):
        predictions = Predictions(told, masks)
        operation = choose_operation(table, predictions)
        assert operation.calibration is not None
        assert operation.calibration.volume is None  # random slices: neighbours tell nothing
        after = operation.calibrated(table, predictions).slices
        assert after is not None
        called.append(after >= operation.balanced.detection)
        chosen = operation.balanced
        assert (chosen.mask, chosen.components, chosen.holes) == (0.5, "spanning", "filled")
        assert {one.holes for one in operation.points.values()} == {"filled"}
    assert called[0].any()
    assert np.array_equal(called[0], called[1])


def test_slices_without_tumour_leave_probabilities_as_they_are(make_table: TableFactory) -> None:
    table = make_table(tumours=0)
    operation = choose_operation(table, Predictions(np.zeros(10, np.float32), table.masks.astype(np.float16)))
    assert operation.calibration is None
    assert {one.detection for one in operation.points.values()} == {0.5}
