from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.bundle import Bundle
from gliascope.errors import InputError
from gliascope.evaluate.assemble import Origin
from gliascope.evaluate.evidence import Evidence, record_of
from gliascope.evaluate.identity import model_record
from gliascope.evaluate.record_parts import SplitRecord
from gliascope.evaluate.score import PatientScore, SliceScore
from gliascope.evaluate.uncertainty import (
    LEVEL,
    Volume,
    fit_interval,
    fit_uncertainty,
    least_volumes,
    measure_uncertainty,
    volumes_of,
)
from gliascope.findings import SoftAreas
from gliascope.segment.soft import judge_spread

SEEDS = st.integers(0, 10**6)


def volume(score: float, spread: float = 0.5, dice: float = 0.9, fold: int | None = None) -> Volume:
    """True over outlined area is ``exp(score * spread)``."""
    return Volume(spread, round(1e6 * math.exp(score * spread)), 10**6, dice, fold)


def patient(name: str, true: int, predicted: int, wide: int, narrow: int, fold: int | None = None) -> PatientScore:
    soft = SoftAreas(float(predicted), float(predicted), wide, narrow)
    both = min(true, predicted)
    one = SliceScore(name, "1.tif", 0, 0.9, "tumour", true, predicted, both, seen=False, soft=soft)
    return PatientScore(
        name,
        "AA",
        (name,),
        (one, replace(one, file="2.tif", true_px=0, predicted_px=0, both_px=0, soft=None)),
        fold=fold,
    )


def test_nineteen_volumes_by_hand() -> None:
    """The first and the last of 19 are the ends of an interval of 90 %; three of them may be flagged."""
    assert least_volumes() == 19
    volumes = [volume(score=(place - 9) / 10, spread=0.1 * (place + 1)) for place in range(19)]
    rule = fit_uncertainty(volumes, fitted_on="out-of-fold")
    assert rule is not None
    assert (rule.low, rule.high) == pytest.approx((-0.9, 0.9), abs=1e-4)
    assert sum(one.spread > rule.review for one in volumes) == 3
    assert (rule.level, rule.fitted_on, rule.patients) == (LEVEL, "out-of-fold", 19)
    assert fit_uncertainty(volumes[1:], fitted_on="out-of-fold") is None
    said = judge_spread(0.5, rule)
    assert (said.low, said.high) == pytest.approx((math.exp(-0.45), math.exp(0.45)), abs=1e-3)
    assert not said.needs_review
    assert judge_spread(1.8, rule).needs_review


def test_an_interval_is_fitted_to_one_model_with_enough_volumes(bundle: Bundle) -> None:
    patients = [patient(f"P{place:02}", 1000 + 10 * place, 1000, 1500 + place, 700) for place in range(20)]
    split = SplitRecord(sha256="0" * 64, strategy="patient", side="test")
    models = [model_record(bundle, bundle.operating_point(), None)]
    origin = Origin(sample="unseen", data="kaggle_3m", split=split, models=models, provenance={})
    record = record_of(Evidence(tuple(patients), origin, 10, 0))
    rule = fit_interval(record, patients)
    assert (rule.patients, rule.fitted_on) == (20, "test")
    assert rule == fit_uncertainty(volumes_of(patients), fitted_on="test")
    with pytest.raises(InputError, match=r"needs at least 19 volumes .* received 18"):
        fit_interval(record, patients[:18])
    folds = record.model_copy(update={"models": record.models * 2})
    with pytest.raises(InputError, match="one model, received an evaluation of 2"):
        fit_interval(folds, patients)


@given(SEEDS, st.integers(19, 120))
def test_intervals_hold_the_next_patient_as_often_as_they_say(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    volumes = [volume(rng.normal(0.2, 1), rng.uniform(0.1, 1)) for _ in range(count)]
    rule = fit_uncertainty(volumes, fitted_on="others")
    assert rule is not None
    inside = sum(rule.low <= one.score <= rule.high for one in volumes)
    assert inside + 1e-9 >= LEVEL * count  # at least so many of those it was fitted on
    assert sum(one.spread > rule.review for one in volumes) <= 0.2 * count
    assert rule.low <= rule.high


def test_volumes_are_those_with_both_outlines_and_a_spread() -> None:
    people = [
        patient("A", 100, 90, 120, 60),
        patient("B", 100, 0, 0, 0),
        patient("C", 0, 30, 40, 10),
    ]
    (only,) = volumes_of(people)
    assert (only.true_px, only.predicted_px) == (100, 90)
    assert only.dice == pytest.approx(180 / 190)
    assert only.spread == pytest.approx(math.log(121 / 61))
    assert only.score == pytest.approx(math.log(100 / 90) / only.spread)
    older = replace(people[0], slices=tuple(replace(one, soft=None) for one in people[0].slices))
    assert volumes_of([older]) == []


def test_every_volume_is_judged_by_the_others() -> None:
    people = [patient(f"P{place}", 100 + place, 100, 150 + place, 80, fold=place % 2) for place in range(40)]
    people[7] = patient("P7", 900, 100, 900, 10, fold=1)  # far off, and unsure
    found = measure_uncertainty(people)
    assert found is not None
    assert (found.volumes, found.level, found.worst) == (40, LEVEL, 4)
    assert found.caught >= 1
    assert 0.8 <= found.covered <= 1
    assert found.width > 1
    assert measure_uncertainty(people[:30]) is None  # 15 in the other fold
    assert measure_uncertainty([]) is None
