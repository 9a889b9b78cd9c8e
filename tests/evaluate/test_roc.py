from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from gliascope.evaluate.curve import area_under_curve
from gliascope.evaluate.record_parts import ConfusionRecord
from gliascope.evaluate.roc import POINTS, areas, confusion_of, curves_of, labels_and_scores
from gliascope.evaluate.score import PatientScore, SliceScore
from gliascope.findings import Verdict


def patient(*slices: tuple[bool, float, Verdict]) -> PatientScore:
    scores = [SliceScore("f", "s.tif", 0, p, said, int(ill), 0, 0, False) for ill, p, said in slices]
    return PatientScore("p", "AA", ("f",), tuple(scores))


FOUR = patient(
    (True, 0.9, "tumour"), (False, 0.8, "tumour"), (True, 0.4, "no tumour"), (False, math.nan, "not assessable")
)


def test_the_confusion_of_four_slices() -> None:
    assert confusion_of([FOUR]) == ConfusionRecord(tp=1, fp=1, fn=1, tn=1)
    assert confusion_of([FOUR, FOUR]) == ConfusionRecord(tp=2, fp=2, fn=2, tn=2)


def test_the_curves_of_four_slices_by_hand() -> None:
    curves = curves_of([FOUR])
    assert curves.roc.threshold == [None, 0.9, 0.8, 0.4, 0.0]
    assert curves.roc.tpr == [0, 0.5, 0.5, 1, 1]
    assert curves.roc.fpr == [0, 0, 0.5, 0.5, 1]
    assert curves.pr.threshold == [None, 0.9, 0.8, 0.4, 0.0]
    assert curves.pr.recall == [0, 0.5, 0.5, 1, 1]
    assert curves.pr.precision == pytest.approx([1, 1, 1 / 2, 2 / 3, 2 / 4])
    assert areas([FOUR]) == pytest.approx({"auc": 3 / 4, "pr_auc": 0.5 * 1 + 0.5 * 2 / 3})


def test_one_kind_of_slice_has_no_curve() -> None:
    for ill in (True, False):
        one = patient((ill, 0.5, "tumour"))
        curves = curves_of([one])
        assert (curves.roc.fpr, curves.roc.threshold, curves.pr.recall) == ([], [], [])
        assert all(map(math.isnan, areas([one]).values()))


def test_long_curves_are_thinned_and_keep_both_ends() -> None:
    rng = np.random.default_rng(0)
    many = patient(*[(bool(rng.random() < 0.3 + 0.4 * p), float(p), "tumour") for p in rng.random(3000)])
    curves = curves_of([many])
    assert len(curves.roc.fpr) == len(curves.roc.tpr) == len(curves.roc.threshold) == POINTS
    assert len(curves.pr.recall) == len(curves.pr.precision) == len(curves.pr.threshold) == POINTS
    assert (curves.roc.fpr[0], curves.roc.tpr[0]) == (0, 0)
    assert (curves.roc.fpr[-1], curves.roc.tpr[-1]) == (1, 1)
    assert (curves.pr.recall[0], curves.pr.precision[0], curves.pr.recall[-1]) == (0, 1, 1)
    labels, scores = labels_and_scores([many])
    fpr, tpr, thresholds = metrics.roc_curve(labels, scores)
    points = set(zip(fpr.tolist(), tpr.tolist(), thresholds.tolist(), strict=True))
    kept = zip(
        curves.roc.fpr, curves.roc.tpr, [math.inf if t is None else t for t in curves.roc.threshold], strict=True
    )
    assert set(kept) <= points
    assert metrics.auc(curves.roc.fpr, curves.roc.tpr) == pytest.approx(areas([many])["auc"], abs=2e-3)


PAIRS = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.8])), min_size=1, max_size=40)


@given(PAIRS)
def test_curves_rise_and_the_area_is_the_one_that_training_chooses_by(pairs: list[tuple[bool, float]]) -> None:
    one = patient(*[(ill, p, "tumour") for ill, p in pairs])
    curves = curves_of([one])
    for values in (curves.roc.fpr, curves.roc.tpr, curves.pr.recall):
        assert values == sorted(values)
    assert areas([one])["auc"] == pytest.approx(area_under_curve(*labels_and_scores([one])), nan_ok=True)
