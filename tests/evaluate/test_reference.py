"""docs/reference/evaluation.md says what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from gliascope.dataset.split import Split
from gliascope.evaluate import record, record_parts
from gliascope.evaluate.definitions import EVERY, Definition
from gliascope.evaluate.evidence import SCHEMA
from gliascope.evaluate.evidence_rows import COLUMNS, NAMES
from gliascope.evaluate.figures import LEVEL, RESAMPLES
from gliascope.evaluate.output import PATIENT_COLUMNS, SLICE_COLUMNS
from gliascope.evaluate.run import evaluate_side
from gliascope.evaluate.stamp import summary_of
from gliascope.pipeline import Analyser

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "evaluation.md").read_text(encoding="utf-8")
NEWLINE = "\n"
SHOWN = {0: "whole number", 1: "1 decimal", 2: "2 decimals", 3: "3 decimals", 4: "4 decimals"}
TYPES = {NAMES: "text", "string": "text"}
PARTS: dict[str, type[BaseModel]] = {
    "data": record_parts.DataRecord,
    "split": record_parts.SplitRecord,
    "models[]": record_parts.ModelRecord,
    "models[].bundle": record_parts.BundleRecord,
    "models[].operating_point": record_parts.PointRecord,
    "models[].calibration": record_parts.CalibrationRecord,
    "bootstrap": record_parts.BootstrapRecord,
    "figures.<key>": record_parts.FigureRecord,
    "confusion": record_parts.ConfusionRecord,
    "curves.roc": record_parts.RocRecord,
    "curves.pr": record_parts.PrRecord,
    "groups[]": record_parts.GroupRecord,
    "patients[]": record_parts.PatientRecord,
    "reliability": record_parts.ReliabilityRecord,
    "reliability.after[]": record_parts.BinRecord,
    "uncertainty": record_parts.UncertaintyRecord,
    "operating_results[]": record_parts.PointResultRecord,
    "operating_results[].sensitivity": record_parts.ShareRecord,
}


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.name)
def test_figures(one: Definition) -> None:
    assert f"| `{one.name}` | {one.title} | {one.meaning} | {one.counted} | {SHOWN[one.decimals]} |" in PAGE


@pytest.mark.parametrize("prefix", PARTS)
def test_keys(prefix: str) -> None:
    for name, field in PARTS[prefix].model_fields.items():
        if field.description is None:  # a part with a table of its own
            assert f"`{prefix}.{name}." in PAGE
            continue
        assert f"| `{prefix}.{name}` | {field.description.replace('``', '`').replace(NEWLINE, ' ')} |" in PAGE


def test_schema_intervals_and_columns() -> None:
    assert record.SCHEMA in PAGE
    assert f"Intervals are {LEVEL * 100:.0f} % percentile bootstrap intervals over patients: {RESAMPLES} times" in PAGE
    for column in (*PATIENT_COLUMNS, *SLICE_COLUMNS, *record.EvaluationRecord.model_fields):
        assert f"`{column}" in PAGE


@pytest.mark.parametrize(("name", "kind"), COLUMNS.items())
def test_columns_of_the_evidence(name: str, kind: str) -> None:
    evidence = PAGE.partition("## evidence.parquet")[2].partition("## ")[0]
    assert f"| `{name}` | {TYPES.get(kind, kind)} | " in evidence
    assert SCHEMA in evidence


def test_what_a_stamped_bundle_holds(data: Path, split: Split, analyser: Analyser) -> None:
    stamped = PAGE.partition("## What a stamped bundle holds")[2]
    for key in summary_of(evaluate_side(data, split, analyser, resamples=0).record):
        assert f"`{key}`" in stamped
