from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.evaluate.curve import area_under_curve
from gliascope.evaluate.thresholds import DEFAULT_THRESHOLD, youden_threshold
from gliascope.training.score import (
    MASK_THRESHOLDS,
    Predictions,
    _is_better,
    choose_operating_point,
    merge_predictions,
    nearest_to_half,
    patient_dice,
    validation_scores,
)
from gliascope.training.table import SliceTable

TableFactory = Callable[..., SliceTable]

LABELS_AND_SCORES = st.lists(
    st.tuples(st.booleans(), st.integers(0, 12).map(lambda one: np.float32(one / 12))), min_size=2, max_size=40
).filter(lambda rows: len({label for label, _ in rows}) == 2)


def arrays(rows: list[tuple[bool, np.float32]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([one for one, _ in rows]), np.array([one for _, one in rows], np.float32)


def youden(labels: np.ndarray, scores: np.ndarray, threshold: float) -> float:
    called = scores >= threshold
    return float(called[labels].mean() + (~called[~labels]).mean() - 1)


@given(LABELS_AND_SCORES)
def test_area_under_curve_is_scikit_learns(rows: list[tuple[bool, np.float32]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    labels, scores = arrays(rows)
    assert area_under_curve(labels, scores) == pytest.approx(metrics.roc_auc_score(labels, scores), abs=1e-12)


@given(LABELS_AND_SCORES)
def test_no_threshold_beats_youdens(rows: list[tuple[bool, np.float32]]) -> None:
    labels, scores = arrays(rows)
    chosen = youden(labels, scores, youden_threshold(labels, scores))
    candidates = [*np.unique(scores), 2.0]
    assert chosen == pytest.approx(max(youden(labels, scores, float(one)) for one in candidates), abs=1e-12)


def test_youdens_threshold_lies_between_two_scores() -> None:
    labels = np.array([False, False, True, True])
    assert youden_threshold(labels, np.array([0.1, 0.2, 0.6, 0.9], np.float32)) == pytest.approx(0.4)
    assert youden_threshold(labels[:2], np.array([0.1, 0.2], np.float32)) == DEFAULT_THRESHOLD


def test_dice_by_hand(make_table: TableFactory) -> None:
    table = make_table(patients=2, slices=3, tumours=1)
    masks = np.zeros(table.masks.shape, np.float16)
    masks[0, 8:20, 10:17] = 0.9  # half of the first patient's 12 x 14 pixels
    masks[3, 8:20, 10:24] = 0.9  # all of the second's
    masks[4, :2, :12] = 0.6  # and 24 pixels where there is nothing
    dice = patient_dice(table, Predictions(None, masks), 0.5, [0.5, 0.7])
    assert dice[0] == pytest.approx([2 * 84 / (84 + 168)] * 2)
    assert dice[1] == pytest.approx([2 * 168 / (168 + 24 + 168), 1.0])


def test_dice_stands_behind_the_slice_gate(make_table: TableFactory) -> None:
    table = make_table(patients=1, slices=3, tumours=2)
    masks = table.masks.astype(np.float16)
    slices = np.array([0.9, 0.2, 0.9], np.float32)
    assert patient_dice(table, Predictions(slices, masks), 0.5, [0.5])[0, 0] == pytest.approx(2 / 3)
    assert patient_dice(table, Predictions(slices, masks), 0.2, [0.5])[0, 0] == 1


def test_dice_of_nothing_is_no_number(make_table: TableFactory) -> None:
    table = make_table(patients=2, tumours=0)
    assert np.isnan(patient_dice(table, Predictions(None, table.masks.astype(np.float16)), 0.5, [0.5])).all()
    with pytest.raises(ValueError, match="needs masks"):
        patient_dice(table, Predictions(np.zeros(10, np.float32), None), 0.5, [0.5])


def test_the_largest_component_alone(make_table: TableFactory) -> None:
    table = make_table(patients=1, slices=3, tumours=2)
    masks = table.masks.astype(np.float16)
    masks[:, 28:, 28:] = 1
    predictions = Predictions(None, masks)
    assert patient_dice(table, predictions, 0.5, [0.5], "largest")[0, 0] == 1
    assert patient_dice(table, predictions, 0.5, [0.5], "all")[0, 0] < 1


def test_figures_of_an_epoch(make_table: TableFactory) -> None:
    table = make_table()
    perfect = Predictions(table.labels.astype(np.float32), table.masks.astype(np.float16))
    assert validation_scores(table, perfect) == {"auc": 1.0, "dice": 1.0, "score": 1.0}
    assert validation_scores(table, Predictions(None, perfect.masks)) == {"dice": 1.0, "score": 1.0}
    wrong = Predictions(1 - table.labels.astype(np.float32), None)
    assert validation_scores(table, wrong) == {"auc": 0.0, "score": 0.0}


def test_an_undefined_figure_is_left_out_of_the_score(make_table: TableFactory) -> None:
    table = make_table(slices=2, tumours=2)
    figures = validation_scores(table, Predictions(np.ones(4, np.float32), table.masks.astype(np.float16)))
    assert np.isnan(figures["auc"])
    assert figures["score"] == figures["dice"] == 1
    empty = make_table(tumours=0)
    figures = validation_scores(empty, Predictions(np.zeros(10, np.float32), empty.masks.astype(np.float16)))
    assert np.isnan(list(figures.values())).all()


def test_separate_predictions_are_put_together() -> None:
    slices, masks = np.zeros(3, np.float32), np.zeros((3, 4, 4), np.float16)
    merged = merge_predictions([Predictions(slices, None), Predictions(None, masks)])
    assert merged.slices is slices
    assert merged.masks is masks


def test_the_operating_point_is_where_dice_is_highest(make_table: TableFactory) -> None:
    table = make_table()
    masks = np.where(table.masks == 1, 0.43, 0.31).astype(np.float16)
    slices = np.where(table.labels, 0.8, 0.3).astype(np.float32)
    point = choose_operating_point(table, Predictions(slices, masks))
    assert point.detection == table.labels.mean() == 0.4
    assert 0.31 < point.mask <= 0.43
    assert point.components == "spanning"
    assert point.mask in MASK_THRESHOLDS


def test_chance_does_not_choose_the_pixel_threshold() -> None:
    nothing = np.full((3, len(MASK_THRESHOLDS)), 0.8)
    half = MASK_THRESHOLDS.index(0.5)
    last = len(MASK_THRESHOLDS) - 1
    by_chance = nothing.copy()
    by_chance[:, last] += [0.03, -0.02, 0.005]  # better on the mean, by less than one patient differs from the next
    assert nearest_to_half(by_chance, last) == half
    surely = nothing.copy()
    surely[:, last] += [0.05, 0.04, 0.045]
    assert nearest_to_half(surely, last) == last
    undefined = by_chance.copy()
    undefined[0] = np.nan
    undefined[1, last] = 0.9
    undefined[2, last] = 0.9
    assert nearest_to_half(undefined, last) == last
    assert nearest_to_half(by_chance[:1], last) == last  # one patient has no error
    assert nearest_to_half(np.zeros_like(nothing), 0) == 0  # what outlines nothing right says nothing
    costly = nothing.copy()
    costly[:, last] += [0.1, -0.05, 0.0]  # by chance, perhaps, but too much to give up
    assert nearest_to_half(costly, last) == last


def test_another_rule_for_components_is_chosen_only_where_it_is_better(make_table: TableFactory) -> None:
    table = make_table()
    slices, masks = table.labels.astype(np.float32), table.masks.astype(np.float16)
    masks[:, 28:, 28:] = 1  # far off, on all slices
    assert choose_operating_point(table, Predictions(slices, masks)).components == "largest"
    assert choose_operating_point(table, Predictions(slices, masks), ("all", "spanning")).components == "all"


def test_parts_on_one_slice_go_by_themselves(make_table: TableFactory) -> None:
    table = make_table()
    slices, masks = table.labels.astype(np.float32), table.masks.astype(np.float16)
    for patient in table.patients:
        masks[patient.rows.start + int(np.argmax(table.labels[patient.rows])), 28:, 28:] = 1
    predictions = Predictions(slices, masks)
    spanning, every = (patient_dice(table, predictions, 0.5, [0.5], rule) for rule in ("spanning", "all"))
    assert (spanning == 1).all()
    assert (every < 1).all()
    assert choose_operating_point(table, predictions).components == "spanning"
    coarse = replace(table, patients=tuple(replace(one, step=2) for one in table.patients))
    masks[:, 28:, 28:] = 0
    for patient in table.patients:
        first = patient.rows.start + int(np.argmax(table.labels[patient.rows]))
        masks[first : first + 2, 28:, 28:] = 1
    assert (patient_dice(table, predictions, 0.5, [0.5], "spanning") < 1).all()
    assert (patient_dice(coarse, predictions, 0.5, [0.5], "spanning") == 1).all()


def test_a_gain_within_the_error_of_few_patients_cuts_no_component() -> None:
    before = np.array([0.8, 0.7, 0.9, np.nan])
    assert not _is_better(before + np.array([0.05, -0.03, 0.0, 0.0]), before)
    assert _is_better(before + np.array([0.05, 0.03, 0.04, 0.0]), before)
    assert not _is_better(before, before)
    assert _is_better(before[:1] + 0.1, before[:1])
    assert not _is_better(before[3:], before[3:])


def test_an_operating_point_of_healthy_patients_is_the_usual_one(make_table: TableFactory) -> None:
    table = make_table(tumours=0)
    point = choose_operating_point(table, Predictions(np.zeros(10, np.float32), table.masks.astype(np.float16)))
    assert (point.detection, point.mask, point.components) == (0.5, 0.5, "spanning")


def test_masks_of_a_network_alone_are_scored_behind_another_networks_gate(make_table: TableFactory) -> None:
    table = make_table(patients=2, slices=5, tumours=2)
    masks = np.broadcast_to(table.masks.max(axis=0), table.masks.shape).astype(np.float16)  # a tumour on every slice
    alone = validation_scores(table, Predictions(None, masks))
    gated = validation_scores(table, Predictions(None, masks), table.labels.astype(np.float32))
    assert alone["dice"] == pytest.approx(2 * 2 / (2 + 5))
    assert gated == {"dice": 1.0, "score": 1.0}
