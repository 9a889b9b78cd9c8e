"""The evidence of an evaluation: one Parquet table, a row a slice, from which everything else can be made again."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from gliascope.errors import InputError, require_extra
from gliascope.evaluate.assemble import Evaluation, Origin, make_record, origin_of
from gliascope.evaluate.evidence_rows import ADDED, COLUMNS, NAMES, OPTIONAL, patients_of, rows_of
from gliascope.evaluate.files import write_bytes
from gliascope.evaluate.record import EvaluationRecord
from gliascope.evaluate.score import PatientScore

SCHEMA: Final = "gliascope.evidence/1"
"""Name and version of the table; the number rises when a column changes its meaning or goes."""

KEY: Final = b"gliascope.evidence"
"""Key of the Parquet schema's metadata that holds everything but the rows, as JSON."""

LEVEL: Final = 19
"""Of zstd: the table is small and is kept for long."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a Parquet file of evidence holds.

    Attributes
    ----------
    patients : tuple of PatientScore
        By name, with every slice.
    origin : Origin
        What kind of images, which data, split, models and versions.
    resamples, seed : int
        Of the bootstrap that the evaluation was made with.
    """

    patients: tuple[PatientScore, ...]
    origin: Origin
    resamples: int
    seed: int


class _Header(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    origin: Origin
    resamples: int
    seed: int
    warnings: dict[str, list[str]]


def save_evidence(patients: Sequence[PatientScore], path: str | Path, *, record: EvaluationRecord) -> Path:
    """Write the evidence of an evaluation.

    The same evaluation gives the same bytes with the same version of PyArrow.

    Parameters
    ----------
    patients : sequence of PatientScore
    path : path
    record : EvaluationRecord
        The evaluation of these patients: says what kind of images, which data, split, models and versions.

    Returns
    -------
    Path

    Raises
    ------
    InputError
        If two slices have one name, or the record is of other patients.
    MissingExtra
        If the extra `evaluate` is not installed.
    OSError
        If it cannot be written.
    """
    require_extra("evidence as Parquet", "evaluate", "pyarrow")
    import pyarrow as pa
    from pyarrow import parquet

    if [one.patient for one in patients] != [one.patient for one in record.patients]:
        raise InputError("evidence must be of the record's patients, received others")
    header = _Header(
        origin=origin_of(record),
        resamples=record.bootstrap.resamples,
        seed=record.bootstrap.seed,
        warnings={one.patient: list(one.warnings) for one in patients if one.warnings},
    )
    text = json.dumps({"schema": SCHEMA, **header.model_dump(mode="json")}, ensure_ascii=False, allow_nan=False)
    rows = rows_of(patients, record.sample)
    columns = {name: pa.array([row[name] for row in rows], type=_type(kind)) for name, kind in COLUMNS.items()}
    table = pa.table(columns).replace_schema_metadata({KEY: text.encode()})
    stream = io.BytesIO()
    parquet.write_table(table, stream, compression="zstd", compression_level=LEVEL)
    return write_bytes(Path(path), stream.getvalue())


def load_evidence(path: str | Path) -> Evidence:
    """Read what `save_evidence` wrote.

    Raises
    ------
    InputError
        If it is no Parquet file, is not of this schema, or its rows contradict one another.
    MissingExtra
        If the extra `evaluate` is not installed.
    """
    require_extra("evidence as Parquet", "evaluate", "pyarrow")
    import pyarrow as pa
    from pyarrow import parquet

    try:
        table = parquet.read_table(str(path))
    except FileNotFoundError as error:
        raise InputError(f"{path}: evidence must be a Parquet file, received nothing there") from error
    except (OSError, pa.ArrowException) as error:
        raise InputError(f"{path}: evidence must be a Parquet file, received {error}") from error
    header = _header((table.schema.metadata or {}).get(KEY), str(path))
    patients = patients_of(_rows(table, str(path)), header.warnings, header.origin.sample, str(path))
    return Evidence(patients, header.origin, header.resamples, header.seed)


def record_of(evidence: Evidence, resamples: int | None = None, seed: int | None = None) -> EvaluationRecord:
    """Compute the whole record again.

    Parameters
    ----------
    evidence : Evidence
    resamples, seed : int, optional
        Of the bootstrap; by default those that the evaluation was made with, which give the same bytes again.

    Returns
    -------
    EvaluationRecord
    """
    return make_record(
        evidence.patients,
        evidence.origin,
        resamples=evidence.resamples if resamples is None else resamples,
        seed=evidence.seed if seed is None else seed,
    )


def evaluation_of(evidence: Evidence, resamples: int | None = None, seed: int | None = None) -> Evaluation:
    """Make the whole evaluation again; see `record_of`."""
    return Evaluation(record_of(evidence, resamples, seed), evidence.patients)


def _rows(table: Any, path: str) -> list[dict[str, Any]]:
    """Check a table's columns and give its rows."""
    import pyarrow as pa

    for name, same in ADDED.items():
        if name in table.column_names or not (same is None or same in table.column_names):
            continue
        old = pa.nulls(table.num_rows, _type(COLUMNS[name])) if same is None else table[same]
        table = table.append_column(name, old)
    absent = [name for name in COLUMNS if name not in table.column_names]
    if absent:
        raise InputError(f"{path}: evidence must have the columns {', '.join(COLUMNS)}; absent: {', '.join(absent)}")
    if not table.num_rows:
        raise InputError(f"{path}: evidence must have a row a slice, received none")
    try:
        table = table.select(list(COLUMNS)).cast(pa.schema({name: _type(kind) for name, kind in COLUMNS.items()}))
    except pa.ArrowException as error:
        raise InputError(f"{path}: a column of the evidence is of another type: {error}") from error
    unknown = [name for name in COLUMNS if name not in OPTIONAL and table[name].null_count]
    if unknown:
        raise InputError(f"{path}: every row of evidence must have a value in {', '.join(unknown)}")
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _type(kind: str) -> Any:
    import pyarrow as pa

    return pa.dictionary(pa.int16(), pa.string()) if kind == NAMES else pa.type_for_alias(kind)


def _header(raw: bytes | None, path: str) -> _Header:
    try:
        values: Any = json.loads(raw or b"null")
    except ValueError as error:
        raise InputError(f"{path}: the metadata of evidence must be JSON, received {error}") from error
    schema = values.get("schema") if isinstance(values, dict) else None
    if schema != SCHEMA:
        raise InputError(f"{path}: the schema of evidence must be {SCHEMA!r}, received {schema!r}")
    try:
        return _Header.model_validate(values)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise InputError(f"{path}: {faults}") from error
