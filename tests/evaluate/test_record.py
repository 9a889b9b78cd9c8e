from __future__ import annotations

from pathlib import Path

import pytest

from gliascope.dataset.split import Split
from gliascope.evaluate.record import NO_EVIDENCE, EvaluationRecord, Sample
from gliascope.evaluate.run import evaluate_side
from gliascope.pipeline import Analyser

END = "The figures are no evidence of accuracy."


@pytest.fixture
def record(data: Path, split: Split, analyser: Analyser) -> EvaluationRecord:
    return evaluate_side(data, split, analyser, resamples=2).record


def marked(record: EvaluationRecord, sample: Sample, strategy: str) -> EvaluationRecord:
    split = record.split.model_copy(update={"strategy": strategy})
    return record.model_copy(update={"sample": sample, "split": split})


@pytest.mark.parametrize("sample", ["in-sample", "phantom"])
def test_a_leak_is_told_beside_what_else_is_wrong(record: EvaluationRecord, sample: Sample) -> None:
    both = marked(record, sample, "slice").stamp
    assert both == f"{NO_EVIDENCE[sample]} {NO_EVIDENCE['leaky']} {END}"
    assert marked(record, sample, "patient").stamp == f"{NO_EVIDENCE[sample]} {END}"


def test_a_leak_is_told_once_and_alone(record: EvaluationRecord) -> None:
    assert marked(record, "leaky", "slice").stamp == f"{NO_EVIDENCE['leaky']} {END}"


def test_only_unseen_patients_carry_no_stamp(record: EvaluationRecord) -> None:
    assert marked(record, "unseen", "patient").stamp is None
    assert marked(record, "unseen", "slice").stamp == f"{NO_EVIDENCE['leaky']} {END}"
