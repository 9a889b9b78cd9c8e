from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gliascope.bundle import Bundle
from gliascope.dataset.members import Folds
from gliascope.dataset.split import Split
from gliascope.errors import InputError
from gliascope.evaluate.assemble import Evaluation
from gliascope.evaluate.evidence import evaluation_of, load_evidence, record_of
from gliascope.evaluate.join import join_results
from gliascope.evaluate.output import write_evaluation
from gliascope.evaluate.record import EvaluationRecord
from gliascope.evaluate.remake import load_results
from gliascope.evaluate.run import evaluate_side, join_evaluations
from gliascope.pipeline import Analyser
from gliascope.rules import OperatingPoint

FIRST, SECOND, THIRD = "TCGA_AA_0001_20000101", "TCGA_BB_0002_20000102", "TCGA_AA_0003_20000103"


@pytest.fixture
def folds() -> Folds:
    splits = [
        Split(train=(SECOND,), validation=(), test=(FIRST, THIRD), fold=0),
        Split(train=(FIRST, THIRD), validation=(), test=(SECOND,), fold=1),
    ]
    return Folds(tuple(splits), 0, ())


@pytest.fixture
def parts(
    data: Path,
    folds: Folds,
    make_bundle: Callable[..., Bundle],
    make_analyser: Callable[[Bundle], Analyser],
) -> list[Evaluation]:
    """Two models with thresholds of their own."""
    points = [OperatingPoint("balanced", detection, 0.5, "all") for detection in (0.5, 0.6)]
    bundles = [make_bundle(f"m{n}", operating_points={"balanced": one}) for n, one in enumerate(points)]
    return [
        evaluate_side(data, split, make_analyser(bundle), resamples=0)
        for split, bundle in zip(folds.splits, bundles, strict=True)
    ]


def test_every_patient_is_scored_once_by_its_fold_s_model(
    data: Path, folds: Folds, parts: list[Evaluation], analyser: Analyser
) -> None:
    whole = join_evaluations(parts, folds, resamples=100)
    record = whole.record
    assert [(one.patient, one.fold) for one in whole.patients] == [
        ("TCGA_AA_0001", 0),
        ("TCGA_AA_0003", 0),
        ("TCGA_BB_0002", 1),
    ]
    assert [one.fold for one in record.patients] == [0, 0, 1]
    assert [(one.fold, one.bundle, one.operating_point.detection) for one in record.models] == [
        (0, parts[0].record.bundle, 0.5),
        (1, parts[1].record.bundle, 0.6),
    ]
    assert (record.split.sha256, record.split.side, record.split.strategy) == (folds.sha256, "test", "patient")
    assert record.sample == "unseen"
    # The same three patients by one model: the same outlines here, so the same figures and images.
    all_three = Split(train=("TCGA_ZZ_0000_20000101",), validation=(), test=(FIRST, SECOND, THIRD))
    alone = evaluate_side(data, all_three, analyser, resamples=100).record
    assert (record.figures, record.data, record.groups) == (alone.figures, alone.data, alone.groups)


def test_the_order_of_folds_does_not_matter_and_some_may_be_absent(folds: Folds, parts: list[Evaluation]) -> None:
    there, back = (join_evaluations(some, folds, resamples=20).record.text() for some in (parts, parts[::-1]))
    assert there == back
    assert [one.fold for one in join_evaluations(parts[1:], folds).record.models] == [1]


def test_evidence_of_folds_gives_the_same_whole(folds: Folds, parts: list[Evaluation], tmp_path: Path) -> None:
    files = [write_evaluation(one, tmp_path / str(number))[3] for number, one in enumerate(parts)]
    kept = [evaluation_of(load_evidence(one)) for one in files]
    whole = join_evaluations(kept, folds, resamples=50)
    assert whole.record.text() == join_evaluations(parts, folds, resamples=50).record.text()
    record, *_, evidence = write_evaluation(whole, tmp_path / "whole")
    assert record_of(load_evidence(evidence)).text() == record.read_text(encoding="utf-8")


def changed(part: Evaluation, **values: object) -> Evaluation:
    return replace(part, record=part.record.model_copy(update=values))


def test_what_does_not_belong_together_is_refused(folds: Folds, parts: list[Evaluation]) -> None:
    first, second = parts
    record, model = first.record, first.record.models[0]
    split, data = record.split, record.data
    refused: list[tuple[list[Evaluation], str]] = [
        ([], "must have a scored fold, received none"),
        ([first, second, first], "scored once, received twice: TCGA_AA_0001, TCGA_AA_0003"),
        (
            [changed(first, split=split.model_copy(update={"sha256": "0" * 64}))],
            "of one of the 2 folds' splits, received 000000000000",
        ),
        (
            [changed(first, data=data.model_copy(update={"name": "elsewhere"})), second],
            "of one data, received elsewhere, kaggle_3m",
        ),
        (
            [changed(first, split=split.model_copy(update={"side": "train"})), second],
            "of one side, received test, train",
        ),
        ([changed(first, models=[model, model])], "of one model, received 2"),
        (
            [changed(first, models=[model.model_copy(update={"fold": 1})])],
            "the evaluation of fold 1 must be of its split, received fold 0's",
        ),
    ]
    for some, message in refused:
        with pytest.raises(InputError, match=message):
            join_evaluations(some, folds)


def test_one_part_that_is_no_evidence_marks_the_whole(folds: Folds, parts: list[Evaluation]) -> None:
    whole = join_evaluations([parts[0], changed(parts[1], sample="in-sample")], folds, resamples=0)
    assert whole.record.sample == "in-sample"
    assert whole.record.stamp is not None


def test_other_versions_are_told_by_fold(folds: Folds, parts: list[Evaluation]) -> None:
    other = parts[0].record.provenance | {"gliascope": "0.0.1"}
    record = join_evaluations([changed(parts[0], provenance=other), parts[1]], folds, resamples=0).record
    told = json.loads(record.text())["provenance"]
    mine = parts[1].record.provenance
    assert told["folds"] == {"0": {"gliascope": "0.0.1"}, "1": {"gliascope": mine["gliascope"]}}
    assert told == {"folds": told["folds"]} | {key: value for key, value in mine.items() if key != "gliascope"}


def test_results_of_different_patients_are_put_together(folds: Folds, parts: list[Evaluation]) -> None:
    whole = join_results(parts, resamples=100)
    record, told = whole.record, join_evaluations(parts, folds, resamples=100).record
    assert (record.figures, record.groups, record.models) == (told.figures, told.groups, told.models)
    assert [(one.patient, one.fold) for one in record.patients] == [(one.patient, one.fold) for one in told.patients]
    digests = sorted(one.record.split.sha256 for one in parts)
    assert record.split.sha256 == hashlib.sha256("\n".join(digests).encode()).hexdigest()
    assert (record.split.side, record.split.strategy) == ("test", "patient")


def test_models_are_numbered_anew_where_a_result_has_several(folds: Folds, parts: list[Evaluation]) -> None:
    both = join_evaluations(parts, folds, resamples=0)
    renamed = {one.patient: f"{one.patient}_again" for one in both.patients}
    later = tuple(replace(one, patient=renamed[one.patient]) for one in both.patients)
    record = join_results([both, replace(both, patients=later)], resamples=0).record
    assert [one.fold for one in record.models] == [0, 1, 2, 3]
    wanted = [one.fold for one in both.patients]
    numbers = {one.patient: one.fold for one in record.patients}
    assert [numbers[one.patient] for one in both.patients] == wanted
    assert [numbers[one.patient] for one in later] == [one + 2 for one in wanted if one is not None]
    other = both.record.provenance | {"gliascope": "0.0.1"}
    told = join_results([both, changed(replace(both, patients=later), provenance=other)], resamples=0).record.provenance
    assert told["folds"] == {"0": {"gliascope": both.record.provenance["gliascope"]}, "2": {"gliascope": "0.0.1"}}


def test_results_that_differ_are_not_put_together(parts: list[Evaluation]) -> None:
    first, second = parts
    split, data = first.record.split, first.record.data
    for some, message in [
        ([], "must be given, received none"),
        ([first, second, first], "scored once, received twice: TCGA_AA_0001, TCGA_AA_0003"),
        ([changed(first, data=data.model_copy(update={"name": "elsewhere"})), second], "of one data"),
        ([changed(first, split=split.model_copy(update={"side": "train"})), second], "of one side"),
        (
            [changed(first, split=split.model_copy(update={"strategy": "slice"})), second],
            "of one strategy of splitting",
        ),
    ]:
        with pytest.raises(InputError, match=message):
            join_results(some)
    assert join_results([changed(first, sample="in-sample"), second], resamples=0).record.sample == "in-sample"


def test_evidence_of_several_runs_is_read_as_one(parts: list[Evaluation], tmp_path: Path) -> None:
    folders = [write_evaluation(one, tmp_path / str(number))[3].parent for number, one in enumerate(parts)]
    whole = load_results(folders, seed=3)
    assert whole.record.text() == join_results(parts, resamples=0, seed=3).record.text()
    assert load_results(folders[:1]).record.text() == parts[0].record.text()


def test_a_record_of_several_models_has_no_one_bundle(folds: Folds, parts: list[Evaluation]) -> None:
    record: EvaluationRecord = join_evaluations(parts, folds, resamples=0).record
    with pytest.raises(InputError, match="must be of one model to be asked for it, received 2"):
        _ = record.bundle
    with pytest.raises(InputError, match="must be of one model"):
        _ = record.operating_point
    assert parts[1].record.bundle.name == "plain-1"
    assert parts[1].record.operating_point.detection == 0.6
