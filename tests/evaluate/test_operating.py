from __future__ import annotations

import math
from dataclasses import replace

import pytest

from gliascope.evaluate.operating import count_patient, operating_results, points_of, tumour_free_rows
from gliascope.evaluate.record_parts import BundleRecord, ModelRecord, PointRecord
from gliascope.evaluate.score import PatientScore, SliceScore

BUNDLE = BundleRecord(name="b", created="", sha256="", graphs={}, recipe_sha256="", seen_sha256="")


def point(name: str, detection: float, run: int = 3) -> PointRecord:
    return PointRecord(name=name, detection=detection, mask=0.5, components="all", run=run)


def model(*points: PointRecord, fold: int | None = None) -> ModelRecord:
    return ModelRecord(fold=fold, bundle=BUNDLE, operating_point=points[0], operating_points=list(points))


def patient(name: str, slices: str, fold: int | None = None) -> PatientScore:
    """``.`` and ``o`` are tumour-free slices of 0.1 and 0.9, ``-`` and ``X`` tumour slices of 0.3 and 0.8, ``?`` is a
    tumour-free one without probability."""
    values = {".": (0.1, 0), "o": (0.9, 0), "-": (0.3, 9), "X": (0.8, 9), "?": (math.nan, 0)}
    scores = tuple(
        SliceScore(name, f"{place}.tif", 0, values[one][0], "no tumour", values[one][1], 0, 0, seen=False)
        for place, one in enumerate(slices)
    )
    return PatientScore(name, "AA", (name,), scores, fold=fold)


def test_one_patient_by_hand() -> None:
    one = patient("A", "..ooo.XXX-..o")
    found = count_patient(one, point("balanced", 0.5))
    assert found.sensitivity == (3, 4)
    assert found.specificity == (5, 9)
    assert found.case_sensitivity == (1, 1)
    assert found.row_specificity == (1, 2)  # ooo is a false run; ..o is none
    assert count_patient(one, point("sensitive", 0.2)).sensitivity == (4, 4)
    assert count_patient(one, point("single", 0.5, run=1)).row_specificity == (0, 2)


def test_a_short_row_is_no_row() -> None:
    rows = tumour_free_rows(patient("A", "oo-...-o").slices)
    assert [len(one) for one in rows] == [2, 3, 1]
    assert count_patient(patient("A", "oo-...-o"), point("balanced", 0.5)).row_specificity == (1, 1)


def test_a_patient_of_two_tumour_slices_is_missed_by_a_run_of_three() -> None:
    one = patient("A", "..XX..")
    assert count_patient(one, point("balanced", 0.5)).case_sensitivity == (0, 1)
    assert count_patient(one, point("balanced", 0.5, run=2)).case_sensitivity == (1, 1)


def test_slices_without_a_probability_are_not_called_and_break_a_run() -> None:
    found = count_patient(patient("A", "oo?oo-"), point("sensitive", 0.0))
    assert found.specificity == (1, 5)
    assert count_patient(patient("A", "XX?X"), point("balanced", 0.5, run=2)).case_sensitivity == (1, 1)
    assert count_patient(patient("A", "oo?oo-"), point("balanced", 0.5, run=3)).row_specificity == (0, 1)


def test_a_patient_without_tumour_counts_for_no_sensitivity() -> None:
    found = count_patient(patient("A", "ooo..."), point("balanced", 0.5))
    assert (found.sensitivity, found.case_sensitivity) == ((0, 0), (0, 0))


def test_every_point_stands_side_by_side_the_one_in_use_first() -> None:
    models = [model(point("specific", 0.85), point("balanced", 0.5), point("sensitive", 0.2))]
    assert points_of(models) == ["specific", "balanced", "sensitive"]
    people = [patient("A", "..o.XXX-"), patient("B", "....XXXX")]
    results = {one.name: one for one in operating_results(people, models, resamples=200, seed=0)}
    assert results["balanced"].sensitivity.value == pytest.approx(7 / 8)
    assert (results["balanced"].specificity.value, results["balanced"].specificity.of) == (7 / 8, 8)
    assert results["specific"].case_sensitivity.value == 0
    assert results["sensitive"].sensitivity.value == 1
    interval = results["balanced"].sensitivity
    assert interval.low is not None
    assert interval.high is not None
    assert 0.75 <= interval.low <= 7 / 8 <= interval.high <= 1


def test_each_fold_has_thresholds_of_its_own() -> None:
    models = [model(point("balanced", 0.5), fold=0), model(point("balanced", 0.2), point("other", 0.1), fold=1)]
    assert points_of(models) == ["balanced"]
    (result,) = operating_results(
        [patient("A", "...-", fold=0), patient("B", "...-", fold=1)], models, resamples=0, seed=0
    )
    assert result.sensitivity.value == 0.5
    assert result.sensitivity.low is None


def test_evidence_that_names_no_points_has_the_one_in_use() -> None:
    older = ModelRecord(fold=None, bundle=BUNDLE, operating_point=point("balanced", 0.5, run=1))
    (result,) = operating_results([patient("A", "..o-X")], [older], resamples=0, seed=0)
    assert (result.name, result.sensitivity.value) == ("balanced", 0.5)
    assert result.specificity.value == pytest.approx(2 / 3)


def with_runs(one: PatientScore, run: int | None) -> PatientScore:
    return replace(one, slices=tuple(replace(some, run=run) for some in one.slices))


def test_a_volume_has_a_run_of_its_own() -> None:
    tumour, empty = patient("A", "..XXXX.."), patient("B", "oooo.ooo")
    five, alone = with_runs(tumour, 5), with_runs(empty, 1)
    usual = point("balanced", 0.5)
    assert count_patient(tumour, usual).case_sensitivity == (1, 1)
    assert count_patient(five, usual).case_sensitivity == (0, 1)
    assert count_patient(five, usual).row_specificity == (0, 0)  # both rows are shorter than a run
    assert count_patient(with_runs(patient("A", "oo.X"), None), usual).row_specificity == (1, 1)
    assert count_patient(with_runs(patient("A", "oo.X"), 1), usual).row_specificity == (0, 1)
    assert count_patient(with_runs(patient("A", ".X.."), 1), usual).case_sensitivity == (1, 1)
    assert count_patient(alone, usual).row_specificity == (0, 1)


def test_a_point_with_another_run_than_the_one_in_use_has_its_own() -> None:
    models = [model(point("balanced", 0.5), point("single", 0.5, run=1))]
    people = [with_runs(patient("A", "..XXXX.."), 5)]
    results = {one.name: one for one in operating_results(people, models, resamples=0, seed=0)}
    assert results["balanced"].case_sensitivity.value == 0
    assert results["single"].case_sensitivity.value == 1
