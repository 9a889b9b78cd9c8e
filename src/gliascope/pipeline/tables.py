"""``cases.csv`` and ``slices.csv``: one row a case and one a slice, added as cases are finished."""

from __future__ import annotations

import csv
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TextIO

CASES: Final = "cases.csv"
SLICES: Final = "slices.csv"
MEASURED: Final = ("volume_ml", "diameter_mm", "perpendicular_mm", "side")
"""Columns that are empty where the input has no spacing."""
_SAID: Final = ("case", "verdict", "score", "slices", "tumour_slices", "area_px", "warnings", "case_score")
DOUBTED: Final = ("needs_review", "area_px_low", "area_px_high", "volume_ml_low", "volume_ml_high")
"""Columns that are empty where the model cannot tell how sure an outline is; the last two without spacing as well."""
CASE_COLUMNS: Final = (*_SAID, *MEASURED, "reason", *DOUBTED)
SLICE_COLUMNS: Final = ("case", "file", "probability", "verdict", "area_px", "reason")
SEPARATOR: Final = "; "
"""Between the warnings of a case."""


class Tables:
    """Both tables, open for adding rows; every case's rows are on disk before the next case is begun.

    They are begun anew, so that they hold the cases of one run in the order of its inputs; `out` must be locked
    (`gliascope.pipeline.lock`).

    Parameters
    ----------
    out : Path
        The folder of all results; made where it is missing.
    """

    def __init__(self, out: Path) -> None:
        out.mkdir(parents=True, exist_ok=True)
        self._cases = _begin(out / CASES, CASE_COLUMNS)
        self._slices = _begin(out / SLICES, SLICE_COLUMNS)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._cases.close()
        self._slices.close()

    def add(self, record: dict[str, Any]) -> None:
        """Add a case and its slices.

        Parameters
        ----------
        record : dict
            The case's finding in its JSON form.
        """
        _append(self._slices, slice_rows(record))
        _append(self._cases, [case_row(record)])


def case_row(record: dict[str, Any]) -> list[Any]:
    """Row of `CASE_COLUMNS`; problems stand among the warnings."""
    problems = [f"{one['path']}: {one['message']}" for one in record["problems"]]
    score = "" if record["score"] is None else record["score"]
    counts = [record["slice_count"], record["tumour_slices"], record["area_px"]]
    warnings = SEPARATOR.join([*record["warnings"], *problems])
    case_score = "" if record["case_score"] is None else record["case_score"]
    said = [record["case"], record["verdict"], score, *counts, warnings, case_score]
    return [*said, *_measured(record), record["reason"] or "", *_doubted(record)]


def _measured(record: dict[str, Any]) -> list[Any]:
    found = record.get("measurement") or {}
    return ["" if found.get(key) is None else found[key] for key in MEASURED]


def _doubted(record: dict[str, Any]) -> list[Any]:
    found = record.get("uncertainty")
    if not found:
        return [""] * len(DOUBTED)
    unknown = {"low": "", "high": ""}
    ends = [(found[key] or unknown)[end] for key in ("area_px", "volume_ml") for end in ("low", "high")]
    return [int(found["needs_review"]), *ends]


def slice_rows(record: dict[str, Any]) -> list[list[Any]]:
    """Rows of `SLICE_COLUMNS`, in the case's order."""
    return [
        [
            record["case"],
            one["file"] if one["pages"] == 1 else f"{one['file']}#{one['page'] + 1}",
            "" if one["probability"] is None else one["probability"],
            one["verdict"],
            one["area_px"],
            one["reason"] or "",
        ]
        for one in record["slices"]
    ]


def _begin(path: Path, columns: tuple[str, ...]) -> TextIO:
    table = path.open("w", encoding="utf-8", newline="")
    _append(table, [list(columns)])
    return table


def _append(table: TextIO, rows: list[list[Any]]) -> None:
    csv.writer(table, lineterminator="\n").writerows(rows)
    table.flush()
