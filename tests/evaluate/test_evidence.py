from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from gliascope.bundle import Bundle
from gliascope.dataset.split import Split
from gliascope.errors import InputError
from gliascope.evaluate.assemble import Evaluation
from gliascope.evaluate.evidence import KEY, SCHEMA, evaluation_of, load_evidence, record_of, save_evidence
from gliascope.evaluate.evidence_rows import COLUMNS
from gliascope.evaluate.run import evaluate_side
from gliascope.pipeline import Analyser


@pytest.fixture
def evaluation(data: Path, split: Split, analyser: Analyser) -> Evaluation:
    return evaluate_side(data, split, analyser, resamples=50, seed=3)


@pytest.fixture
def file(evaluation: Evaluation, tmp_path: Path) -> Path:
    return save_evidence(evaluation.patients, tmp_path / "evidence.parquet", record=evaluation.record)


def changed(file: Path, /, **columns: Any) -> Path:
    """Write the table again with other values in some columns."""
    table = parquet.read_table(file)
    for name, values in columns.items():
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array(values, type=table.schema.field(name).type))
    parquet.write_table(table, file)
    return file


def with_header(file: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    table = parquet.read_table(file)
    values = json.loads(table.schema.metadata[KEY])
    change(values)
    parquet.write_table(table.replace_schema_metadata({KEY: json.dumps(values).encode()}), file)
    return file


def test_the_record_comes_back_to_the_byte(evaluation: Evaluation, file: Path) -> None:
    evidence = load_evidence(file)
    assert record_of(evidence).text() == evaluation.record.text()
    assert (evidence.resamples, evidence.seed) == (50, 3)
    again = evaluation_of(evidence, resamples=0)
    assert again.record.figures["dice_mean"].low is None
    assert again.record.figures["dice_mean"].value == evaluation.record.figures["dice_mean"].value
    assert repr(again.patients) == repr(evaluation.patients)


def test_warnings_missing_sequences_folds_and_what_is_not_defined_come_back(
    evaluation: Evaluation, tmp_path: Path
) -> None:
    first, second = evaluation.patients
    blank = replace(first.slices[1], probability=math.nan, verdict="not assessable")
    patients = (
        replace(first, slices=(first.slices[0], blank, first.slices[2]), fold=1, missing=("pre", "post")),
        replace(second, fold=0, warnings=("grey taken as FLAIR", "naïve")),
    )
    file = save_evidence(patients, tmp_path / "evidence.parquet", record=evaluation.record)
    assert repr(load_evidence(file).patients) == repr(patients)


def test_the_same_evaluation_gives_the_same_bytes(evaluation: Evaluation, file: Path, tmp_path: Path) -> None:
    again = save_evidence(evaluation.patients, tmp_path / "again.parquet", record=evaluation.record)
    assert again.read_bytes() == file.read_bytes()
    assert sorted(one.name for one in tmp_path.glob("*.parquet*")) == ["again.parquet", "evidence.parquet"]


def test_any_reader_of_parquet_understands_it(file: Path) -> None:
    pandas = pytest.importorskip("pandas")
    table = pandas.read_parquet(file)
    assert list(table.columns) == list(COLUMNS)
    assert len(table) == 6
    assert set(table["sample"]) == {"unseen"}
    both, either = table["both_px"].groupby(table["patient"]).sum(), table["predicted_px"] + table["true_px"]
    assert (2 * both / either.groupby(table["patient"]).sum()).tolist() == pytest.approx([200 / 225, 100 / 216])
    assert table["hd95"].dropna().tolist() == [0.0, 5.0]
    values = json.loads(parquet.read_schema(file).metadata[KEY])
    assert (values["schema"], values["origin"]["data"]) == (SCHEMA, "kaggle_3m")


def test_images_are_named_by_their_pixels(evaluation: Evaluation, file: Path) -> None:
    rows = parquet.read_table(file).to_pylist()
    assert [row["sha256"].hex() for row in rows] == [s.sha256 for one in evaluation.patients for s in one.slices]
    assert len({row["sha256"] for row in rows}) == 6


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"both_px": [101, 0, 0, 50, 0, 0]}, "_1.tif must not have more pixels in both outlines than in one of them"),
        ({"sample": ["in-sample"] * 6}, "must be marked unseen like the table, received in-sample"),
        ({"file": ["same.tif"] * 6}, "every slice must have its own name, received .*/same.tif/0 twice"),
        ({"verdict": ["ill"] * 6}, "_1.tif must have a verdict of gliascope, received 'ill'"),
        ({"missing": ["pre t2"] * 6}, "must miss some of pre, flair, post, received 'pre t2'"),
        ({"asd": [1.0, None, None, None, None, None]}, "_1.tif must have distances where both outlines are there"),
        ({"hd95": [1.0, 1.0, None, 1.0, None, None]}, "_2.tif must have distances where both outlines are there"),
        ({"true_px": [None, 0, 0, 0, 0, 0]}, "every row of evidence must have a value in true_px"),
        ({"fold": [0, 1, 0, None, None, None]}, "one fold, received several for TCGA_AA_0001"),
        ({"run": [0, 1, 1, 1, 1, 1]}, "_1.tif must have a run of 1 or more slices, received 0"),
    ],
)
def test_rows_that_contradict_one_another_are_refused(file: Path, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_evidence(changed(file, **columns))


def test_other_files_are_refused(file: Path, tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("none")
    with pytest.raises(InputError, match="must be a Parquet file"):
        load_evidence(tmp_path / "text.parquet")
    with pytest.raises(InputError, match="received nothing there"):
        load_evidence(tmp_path / "nowhere.parquet")
    parquet.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(InputError, match=r"the schema of evidence must be 'gliascope.evidence/1', received None"):
        load_evidence(tmp_path / "other.parquet")
    table = parquet.read_table(file)
    parquet.write_table(table.drop_columns(["hd95"]), tmp_path / "less.parquet")
    with pytest.raises(InputError, match="absent: hd95"):
        load_evidence(tmp_path / "less.parquet")
    parquet.write_table(table.set_column(4, "page", pa.array(["first"] * 6)), tmp_path / "types.parquet")
    with pytest.raises(InputError, match="a column of the evidence is of another type"):
        load_evidence(tmp_path / "types.parquet")
    parquet.write_table(table.slice(0, 0), tmp_path / "empty.parquet")
    with pytest.raises(InputError, match="a row a slice, received none"):
        load_evidence(tmp_path / "empty.parquet")


def test_a_later_or_damaged_header_is_refused(file: Path) -> None:
    with pytest.raises(InputError, match=r"origin.sample: Input should be"):
        load_evidence(with_header(file, lambda values: values["origin"].update(sample="new")))
    with pytest.raises(InputError, match=r"received 'gliascope.evidence/2'"):
        load_evidence(with_header(file, lambda values: values.update(schema="gliascope.evidence/2")))
    table = parquet.read_table(file)
    parquet.write_table(table.replace_schema_metadata({KEY: b"{"}), file)
    with pytest.raises(InputError, match="metadata of evidence must be JSON"):
        load_evidence(file)


def test_evidence_of_other_patients_than_the_record_s_is_not_written(evaluation: Evaluation, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="of the record's patients"):
        save_evidence(evaluation.patients[:1], tmp_path / "evidence.parquet", record=evaluation.record)
    twice = replace(evaluation.patients[1], slices=evaluation.patients[0].slices)
    with pytest.raises(InputError, match="every slice must have its own name"):
        save_evidence((evaluation.patients[0], twice), tmp_path / "evidence.parquet", record=evaluation.record)
    assert not list(tmp_path.glob("*.parquet*"))


def test_in_sample_stands_on_every_row(
    data: Path,
    split: Split,
    make_bundle: Callable[..., Bundle],
    make_analyser: Callable[[Bundle], Analyser],
    evaluation: Evaluation,
    tmp_path: Path,
) -> None:
    seen = evaluation.patients[0].slices[0].sha256
    analyser = make_analyser(make_bundle("seen", seen=[seen]))
    marked = evaluate_side(data, split, analyser, allow_seen=True, resamples=0)
    file = save_evidence(marked.patients, tmp_path / "evidence.parquet", record=marked.record)
    rows = parquet.read_table(file).to_pylist()
    assert {row["sample"] for row in rows} == {"in-sample"}
    assert [row["seen"] for row in rows] == [True] + [False] * 5
    assert load_evidence(file).origin.sample == "in-sample"


def test_how_sure_an_outline_is_is_kept_and_older_evidence_has_none(
    data: Path, split: Split, analyser: Analyser, tmp_path: Path
) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    evaluation = evaluate_side(data, split, analyser, resamples=0)
    path = save_evidence(evaluation.patients, tmp_path / "new.parquet", record=evaluation.record)
    soft = [one.soft for patient in evaluation.patients for one in patient.slices]
    assert [one is not None for one in soft] == [
        one.called for patient in evaluation.patients for one in patient.slices
    ]
    kept = load_evidence(path).patients
    assert [one.soft for patient in kept for one in patient.slices] == soft
    table = parquet.read_table(str(path))
    older = table.drop_columns(["raw", "expected_px", "inside_px", "wide_px", "narrow_px"])
    parquet.write_table(older, str(tmp_path / "old.parquet"))
    old = [one for patient in load_evidence(tmp_path / "old.parquet").patients for one in patient.slices]
    assert [one.soft for one in old] == [None] * len(old)
    assert [one.raw for one in old] == [one.probability for one in old]
    torn = table.set_column(table.column_names.index("wide_px"), "wide_px", pa.nulls(table.num_rows, pa.int32()))
    parquet.write_table(torn, str(tmp_path / "torn.parquet"))
    with pytest.raises(InputError, match="must have all of expected_px, inside_px, wide_px, narrow_px or none"):
        load_evidence(tmp_path / "torn.parquet")


def test_runs_are_kept_and_older_evidence_has_none(evaluation: Evaluation, file: Path, tmp_path: Path) -> None:
    assert {one.run for patient in load_evidence(file).patients for one in patient.slices} == {1}
    older = parquet.read_table(file).drop_columns(["run"])
    parquet.write_table(older, tmp_path / "older.parquet")
    evidence = load_evidence(tmp_path / "older.parquet")
    assert {one.run for patient in evidence.patients for one in patient.slices} == {None}
    assert record_of(evidence).text() == evaluation.record.text()
