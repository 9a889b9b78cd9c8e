from __future__ import annotations

import csv
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from gliascope.bundle import Bundle
from gliascope.dataset.layout import patients
from gliascope.dataset.split import Split
from gliascope.errors import InputError
from gliascope.evaluate.evidence import load_evidence, record_of
from gliascope.evaluate.output import write_evaluation, write_text
from gliascope.evaluate.record import EvaluationRecord, load_record
from gliascope.evaluate.run import evaluate_side
from gliascope.pipeline import Analyser
from gliascope.read import read_case


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_four_files_are_written_and_agree(data: Path, split: Split, analyser: Analyser, tmp_path: Path) -> None:
    evaluation = evaluate_side(data, split, analyser)
    files = write_evaluation(evaluation, tmp_path / "new" / "out")
    assert [one.name for one in files] == ["evaluation.json", "patients.csv", "slices.csv", "evidence.parquet"]
    assert sorted(one.name for one in files[0].parent.iterdir()) == sorted(one.name for one in files)
    assert load_record(files[0]) == evaluation.record
    people, slices = rows(files[1]), rows(files[2])
    assert [float(one["dice"]) for one in people] == [one.dice for one in evaluation.patients]
    assert [(one["true_px"], one["predicted_px"], one["both_px"]) for one in slices] == [
        ("100", "100", "100"),
        ("0", "0", "0"),
        ("0", "25", "0"),
        ("100", "100", "50"),
        ("16", "0", "0"),
        ("0", "0", "0"),
    ]
    assert [one["tumour"] for one in slices] == ["1", "0", "0", "1", "1", "0"]
    assert slices[2]["verdict"] == "tumour"
    assert slices[4]["raw"] == slices[4]["probability"]
    assert slices[4] | {"probability": "", "raw": ""} == {
        "folder": "TCGA_BB_0002_20000102",
        "file": "TCGA_BB_0002_20000102_2.tif",
        "page": "0",
        "tumour": "1",
        "probability": "",
        "verdict": "no tumour",
        "true_px": "16",
        "predicted_px": "0",
        "both_px": "0",
        "hd95": "",
        "asd": "",
        "seen": "0",
        "raw": "",
        "sample": "unseen",
    }
    assert {one["sample"] for one in people} == {"unseen"}
    assert [one["hd95"] for one in slices] == ["0.0", "", "", "5.0", "", ""]
    assert [(one["hd95"], one["asd"], one["missing"], one["fold"]) for one in people] == [
        ("0.0", "0.0", "", ""),
        ("5.0", "2.5", "", ""),
    ]
    assert record_of(load_evidence(files[3])) == evaluation.record


def test_in_sample_stands_on_every_row(
    data: Path,
    split: Split,
    make_bundle: Callable[..., Bundle],
    make_analyser: Callable[[Bundle], Analyser],
    tmp_path: Path,
) -> None:
    case = read_case(patients(data)[0].files)
    analyser = make_analyser(make_bundle(seen=[case.sources[0].sha256]))
    record, people, slices, _ = write_evaluation(
        evaluate_side(data, split, analyser, allow_seen=True), tmp_path / "out"
    )
    assert json.loads(record.read_text())["sample"] == "in-sample"
    assert {one["sample"] for path in (people, slices) for one in rows(path)} == {"in-sample"}
    assert [one["seen"] for one in rows(slices)] == ["1", "0", "0", "0", "0", "0"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = write_text(tmp_path / "card.md", "old\n")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "\ud800")
    assert path.read_text() == "old\n"
    assert list(tmp_path.iterdir()) == [path]


def test_several_may_write_one_file(tmp_path: Path) -> None:
    texts = [f"{number}\n" * 2000 for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: write_text(tmp_path / "inner.csv", texts[number % 4]), range(400)))
    assert (tmp_path / "inner.csv").read_text() in texts
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "must be a JSON file"),
        ("[]", "schema must be 'gliascope.evaluation/2', received None"),
        ('{"schema": "gliascope.evaluation/3"}', "a later gliascope wrote it"),
        ('{"schema": "gliascope.evaluation/1"}', "an earlier gliascope wrote it: run `gliascope evaluate` again"),
        ('{"schema": "gliascope.evaluation/2"}', "sample: Field required; data: Field required"),
    ],
)
def test_what_is_no_evaluation_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "evaluation.json").write_text(text)
    with pytest.raises(InputError, match=message):
        load_record(tmp_path / "evaluation.json")


def test_a_record_with_a_patient_too_few_is_refused(
    data: Path, split: Split, analyser: Analyser, tmp_path: Path
) -> None:
    values: dict[str, Any] = evaluate_side(data, split, analyser).record.values() | {"patients": []}
    (tmp_path / "evaluation.json").write_text(json.dumps(values))
    with pytest.raises(InputError, match="patients: List should have at least 1 item"):
        load_record(tmp_path / "evaluation.json")


def test_the_record_is_strict_json(data: Path, split: Split, analyser: Analyser) -> None:
    record = evaluate_side(data, split, analyser, resamples=0).record
    assert record.figures["dice_mean"].low is None
    assert EvaluationRecord.model_validate(json.loads(record.text())) == record
