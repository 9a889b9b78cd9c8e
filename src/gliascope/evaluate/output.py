"""The files of an evaluation: ``evaluation.json``, ``patients.csv``, ``slices.csv``, ``evidence.parquet``."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from gliascope.evaluate.assemble import Evaluation
from gliascope.evaluate.evidence import save_evidence
from gliascope.evaluate.files import write_bytes, write_text

__all__ = ["EVIDENCE", "PATIENTS", "RECORD", "SLICES", "write_bytes", "write_evaluation", "write_text"]

RECORD: Final = "evaluation.json"
PATIENTS: Final = "patients.csv"
SLICES: Final = "slices.csv"
EVIDENCE: Final = "evidence.parquet"

PATIENT_COLUMNS: Final = (
    "patient",
    "institution",
    "slices",
    "tumour_slices",
    "called_slices",
    "found_slices",
    "true_px",
    "predicted_px",
    "both_px",
    "false_positive_px",
    "dice",
    "iou",
    "hd95",
    "asd",
    "true_ml",
    "predicted_ml",
    "hd95_mm",
    "asd_mm",
    "missing",
    "fold",
    "seen_slices",
)
SLICE_COLUMNS: Final = (
    "folder",
    "file",
    "page",
    "tumour",
    "probability",
    "verdict",
    "true_px",
    "predicted_px",
    "both_px",
    "hd95",
    "asd",
    "seen",
    "raw",
)


def write_evaluation(evaluation: Evaluation, out: str | Path) -> list[Path]:
    """Write the four files; each is written beside its place and moved there.

    The last column of both tables, ``sample``, says on every row whether the images are evidence of accuracy: see
    `gliascope.evaluate.record.Sample`.

    Parameters
    ----------
    evaluation : Evaluation
    out : path
        Folder; made where it is missing.

    Returns
    -------
    list of Path

    Raises
    ------
    InputError
        If two slices have one name.
    MissingExtra
        If the extra `evaluate` is not installed.
    OSError
        If they cannot be written.
    """
    folder = Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    sample = evaluation.record.sample
    patients = [[getattr(one, name) for name in PATIENT_COLUMNS] for one in evaluation.record.patients]
    slices = [[getattr(one, name) for name in SLICE_COLUMNS] for mine in evaluation.patients for one in mine.slices]
    texts = {
        RECORD: evaluation.record.text(),
        PATIENTS: _table(PATIENT_COLUMNS, patients, sample),
        SLICES: _table(SLICE_COLUMNS, slices, sample),
    }
    written = [write_text(folder / name, text) for name, text in texts.items()]
    return [*written, save_evidence(evaluation.patients, folder / EVIDENCE, record=evaluation.record)]


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]], sample: str) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*columns, "sample"])
    writer.writerows([*map(_cell, row), sample] for row in rows)
    return stream.getvalue()


def _cell(value: Any) -> Any:
    """Empty where a figure is not defined; 1 and 0 for yes and no; several words with a blank between them."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, list):
        return " ".join(value)
    return "" if isinstance(value, float) and math.isnan(value) else value
