"""The vectorised figures against definitions written out for one draw, and against scikit-learn."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn import metrics

from gliascope.evaluate.definitions import EVERY
from gliascope.evaluate.figures import interval
from gliascope.evaluate.record_parts import ConfusionRecord
from gliascope.evaluate.resample import compute, draw_patients, weights_of
from gliascope.evaluate.roc import confusion_of
from gliascope.evaluate.score import PatientScore, SliceScore, VolumeScore
from gliascope.evaluate.tally import tabulate
from gliascope.findings import Verdict

NAN = math.nan


def by_definition(patients: Sequence[PatientScore]) -> dict[str, float]:
    """Every figure from the slices, one after the other; a patient may be in the list several times."""
    slices = [one for patient in patients for one in patient.slices]
    ill, well = [s for s in slices if s.tumour], [s for s in slices if not s.tumour]
    dice = [one.dice for one in patients if not math.isnan(one.dice)]
    true, found, both = (sum(getattr(s, name) for s in slices) for name in ("true_px", "predicted_px", "both_px"))
    excess = [(one.predicted_px - one.both_px) / one.true_px for one in patients if one.true_px]
    surplus = [one.predicted_ml - one.true_ml for one in patients if one.true_px + one.predicted_px]
    tp, fp = sum(s.called for s in ill), sum(s.called for s in well)
    false_px = sum(s.predicted_px for s in well)
    return {
        "dice_mean": mean(dice),
        "dice_median": statistics.median(dice) if dice else NAN,
        "dice_sd": statistics.stdev(dice) if len(dice) > 1 else NAN,
        "dice_low": sum(one < 0.7 for one in dice) if dice else NAN,
        "dice_pooled": share(2 * both, true + found),
        "dice_slice": mean([2 * s.both_px / (s.true_px + s.predicted_px) for s in ill]),
        "iou_mean": mean([one.iou for one in patients if not math.isnan(one.iou)]),
        "iou_pooled": share(both, true + found - both),
        "hd95_mean": mean([one.hd95 for one in patients if not math.isnan(one.hd95)]),
        "asd_mean": mean([one.asd for one in patients if not math.isnan(one.asd)]),
        "hd95_slices": sum(s.predicted_px > 0 for s in ill),
        "missed_slices": sum(s.predicted_px == 0 for s in ill) if ill else NAN,
        "empty_slices": sum(s.predicted_px == 0 for s in well) if well else NAN,
        "sensitivity": share(tp, len(ill)),
        "specificity": share(len(well) - fp, len(well)),
        "precision": share(tp, tp + fp),
        "f1": share(2 * tp, len(ill) + tp + fp),
        "accuracy": share(tp + len(well) - fp, len(slices)),
        "false_positive_share_median": statistics.median(excess) if excess else NAN,
        "false_positive_px": false_px if well else NAN,
        "false_positive_px_mean": share(false_px, len(well)),
        "false_positive_slices": sum(s.predicted_px > 0 for s in well) if well else NAN,
        "hd95_mm_mean": mean([one.hd95_mm for one in patients if not math.isnan(one.hd95_mm)]),
        "hd95_mm_median": median([one.hd95_mm for one in patients if not math.isnan(one.hd95_mm)]),
        "asd_mm_mean": mean([one.asd_mm for one in patients if not math.isnan(one.asd_mm)]),
        "volume_error_ml_mean": mean([abs(one) for one in surplus]),
        "volume_bias_ml_mean": mean(surplus),
        "brier": mean([(s.probability - s.tumour) ** 2 for s in slices if not math.isnan(s.probability)]),
        "brier_raw": mean([(s.raw - s.tumour) ** 2 for s in slices if not math.isnan(s.raw)]),
        **ranked(np.array([s.tumour for s in slices]), np.array([s.rank_score for s in slices])),
    }


def ranked(labels: NDArray[np.bool_], scores: NDArray[np.float64]) -> dict[str, float]:
    if labels.all() or not labels.any():
        return dict.fromkeys(("auc", "pr_auc", "sensitivity_at_96"), NAN)
    fpr, tpr, _ = metrics.roc_curve(labels, scores, drop_intermediate=False)
    return {
        "auc": metrics.roc_auc_score(labels, scores),
        "pr_auc": metrics.average_precision_score(labels, scores),
        "sensitivity_at_96": tpr[fpr <= 0.04 + 1e-12].max(),
    }


def mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if values else NAN


def median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else NAN


def share(part: float, whole: float) -> float:
    return part / whole if whole else NAN


def random_people(seed: int) -> list[PatientScore]:
    """Up to six patients of up to six slices, with ties, empty outlines and slices that could not be assessed."""
    rng = np.random.default_rng(seed)
    return [random_patient(rng, slices) for slices in rng.integers(1, 7, size=rng.integers(1, 7))]


def random_patient(rng: np.random.Generator, count: int) -> PatientScore:
    slices = []
    for _ in range(count):
        true, predicted = (int(rng.integers(0, 9)) * int(rng.random() < 0.5) for _ in range(2))
        distances = tuple(rng.random(2)) if true and predicted else (NAN, NAN)
        said: Verdict = "tumour" if rng.random() < 0.5 else "no tumour"
        pixels = (true, predicted, int(rng.integers(0, min(true, predicted) + 1)))
        told = float(rng.choice(PROBABILITIES))
        one = SliceScore("f", "s.tif", 0, told, said, *pixels, False, *distances)
        slices.append(replace(one, raw=told**2))
    both = all(any(getattr(one, name) for one in slices) for name in ("true_px", "predicted_px"))
    volume = VolumeScore(rng.uniform(0.5, 5), *(rng.random(2) if both else (NAN, NAN)))
    return PatientScore("p", "AA", ("f",), tuple(replace(one, volume=volume) for one in slices))


PROBABILITIES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0, NAN)
PEOPLE = st.integers(0, 10**6).map(random_people)


@settings(max_examples=25)
@given(PEOPLE, st.integers(0, 9))
def test_every_figure_of_every_draw_is_what_its_definition_says(people: list[PatientScore], seed: int) -> None:
    draws = np.concatenate([np.arange(len(people))[np.newaxis], draw_patients(len(people), 2, seed)])
    values = compute(tabulate(people), draws)
    assert set(values) == {one.name for one in EVERY}
    for place, draw in enumerate(draws):
        expected = by_definition([people[one] for one in draw])
        mine = {name: float(one[place]) for name, one in values.items() if not name.startswith("ece")}
        assert mine == pytest.approx(expected, nan_ok=True)


@given(PEOPLE)
def test_figures_of_the_verdicts_agree_with_scikit_learn(people: list[PatientScore]) -> None:
    slices = [s for one in people for s in one.slices]
    labels, called = [s.tumour for s in slices], [s.called for s in slices]
    values = compute(tabulate(people), np.arange(len(people))[None])
    for name, theirs in (
        ("sensitivity", metrics.recall_score),
        ("precision", metrics.precision_score),
        ("f1", metrics.f1_score),
    ):
        expected = theirs(labels, called, zero_division=NAN)
        assert float(values[name][0]) == pytest.approx(expected, nan_ok=True), name
    assert float(values["accuracy"][0]) == pytest.approx(metrics.accuracy_score(labels, called))
    tn, fp, fn, tp = metrics.confusion_matrix(labels, called, labels=[False, True]).ravel().tolist()
    assert confusion_of(people) == ConfusionRecord(tp=tp, fp=fp, fn=fn, tn=tn)


@given(PEOPLE)
def test_bounds_between_figures(people: list[PatientScore]) -> None:
    values = {name: float(one[0]) for name, one in compute(tabulate(people), np.arange(len(people))[None]).items()}
    for whole in ("mean", "pooled"):
        dice, iou = values[f"dice_{whole}"], values[f"iou_{whole}"]
        assert math.isnan(dice) or 0 <= iou <= dice <= 1
    if not math.isnan(values["f1"]) and not math.isnan(values["precision"]) and values["sensitivity"]:
        assert values["f1"] == pytest.approx(statistics.harmonic_mean([values["precision"], values["sensitivity"]]))
    slices = sum(len(one.slices) for one in people)
    parts = ("hd95_slices", "missed_slices", "empty_slices", "false_positive_slices")
    assert sum(values[name] for name in parts if not math.isnan(values[name])) == slices


@given(PEOPLE)
def test_the_order_of_patients_and_slices_does_not_matter(people: list[PatientScore]) -> None:
    mixed = [PatientScore("p", "AA", ("f",), one.slices[::-1]) for one in people[::-1]]
    first, second = (compute(tabulate(some), np.arange(len(some))[None]) for some in (people, mixed))
    for name, one in first.items():
        assert float(second[name][0]) == pytest.approx(float(one[0]), nan_ok=True), name


def test_sensitivity_is_read_off_at_a_threshold_and_not_between_two() -> None:
    """Of 50 tumour-free slices 2 may be called: 0.96 is reached exactly with two, and not with three."""
    empty = [score(0, 0.1)] * 47
    ill = [score(1, 0.9), score(1, 0.7), score(1, 0.5), score(1, 0.3)]
    alarms = [score(0, 0.8), score(0, 0.6), score(0, 0.4)]
    assert at_96([*ill, *alarms, *empty]) == 3 / 4
    tied = [score(0, 0.8), score(0, 0.5), score(0, 0.5)]  # the third tumour slice shares its threshold with two
    assert at_96([*ill, *tied, *empty]) == 2 / 4
    assert at_96([score(1, 0.2), score(0, 0.9)]) == 0.0


def score(tumour: int, probability: float) -> SliceScore:
    return SliceScore("f", "s.tif", 0, probability, "tumour", tumour, 0, 0, False)


def at_96(slices: list[SliceScore]) -> float:
    people = [PatientScore("p", "AA", ("f",), tuple(slices))]
    return float(compute(tabulate(people), np.array([[0]]))["sensitivity_at_96"][0])


def test_weights_count_the_draws() -> None:
    draws = np.array([[0, 0, 2], [1, 1, 1]])
    assert weights_of(draws).tolist() == [[2, 0, 1], [0, 3, 0]]
    assert draw_patients(3, 5, 7).shape == (5, 3)
    assert draw_patients(3, 0, 7).shape == (0, 3)


def test_no_draw_gives_no_value_and_no_interval() -> None:
    people = [PatientScore("p", "AA", ("f",), (score(1, 0.5),))]
    values = compute(tabulate(people), draw_patients(1, 0, 0))
    assert {one.shape for one in values.values()} == {(0,)}
    assert all(map(math.isnan, interval(values["dice_mean"])))
    assert interval(np.array([NAN, 1.0, 3.0])) == pytest.approx((1.05, 2.95))
