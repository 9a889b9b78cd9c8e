"""The data set as tables: one row a slice, one row a patient's folder, one row a column of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.dataset.describe.survey import REGIONS, STAGES
from gliascope.scan import SEQUENCES

if TYPE_CHECKING:
    from pandas import DataFrame, Series

REAL: Final = tuple(f"{one}_real" for one in SEQUENCES)
LABELS: Final = ("no tumour", "tumour")
TYPES: Final = {
    "patient": "category",
    "institution": "category",
    "folder": "category",
    "slice": "Int64",
    "position": "float64",
    "image": "string",
    "page": "int32",
    "mask": "string",
    "rows": "int32",
    "columns": "int32",
    "tumour": LABELS,
    "tumour_px": "Int64",
    "head_px": "int64",
} | dict.fromkeys(REAL, "bool")
"""Columns of the slice table, in order, and their types; the labels are those of a category."""

FEW: Final = 12
"""A column of whole numbers with at most so many different values is taken for a code, not for an amount."""


LARGEST_CODE: Final = 20
"""A code is no larger than this."""


def slice_table(rows: Sequence[dict[str, Any]]) -> DataFrame:
    """Make the table of slices.

    Parameters
    ----------
    rows : sequence of dict
        One a slice.

    Returns
    -------
    DataFrame
        ``patient``, ``institution``, ``folder``; ``slice`` (number in the file's name, or the page); ``position`` (0
        for the folder's first slice, 1 for its last); ``image`` and ``mask`` (paths relative to the data set),
        ``page``; ``rows``, ``columns`` (of the image); ``tumour`` (category ``no tumour`` < ``tumour``) and
        ``tumour_px`` (pixels inside the true outline), both missing where there is no readable mask; ``head_px``
        (pixels of the head); ``pre_real``, ``flair_real``, ``post_real`` (False where the sequence is missing or a
        copy of FLAIR).
    """
    import pandas as pd

    table = pd.DataFrame({name: [row[name] for row in rows] for name in TYPES})
    for name, kind in TYPES.items():
        wanted = pd.CategoricalDtype(kind, ordered=True) if isinstance(kind, tuple) else kind
        table[name] = table[name].astype(wanted)
    return table


def patient_table(slices: DataFrame) -> DataFrame:
    """Make the table of patients' folders from the table of slices.

    Parameters
    ----------
    slices : DataFrame

    Returns
    -------
    DataFrame
        One row a folder, sorted by its name: ``folder``, ``patient``, ``institution``, ``slices``, ``outlined``
        (slices with a mask), ``tumour_slices``, ``tumour_px`` (summed over the slices), ``largest_px`` (of one
        slice), ``size`` (rows x columns), and ``missing`` (sequences that are missing or copies on any slice, with
        ``+`` between; empty where none is).
    """
    import pandas as pd

    groups = slices.groupby("folder", observed=True, sort=True)
    table = pd.DataFrame(
        {
            "patient": groups["patient"].first().astype(str),
            "institution": groups["institution"].first().astype(str),
            "slices": groups.size(),
            "outlined": groups["tumour_px"].count(),
            "tumour_slices": groups["tumour"].agg(lambda one: int((one == LABELS[1]).sum())),
            "tumour_px": groups["tumour_px"].sum().astype("int64"),
            "largest_px": groups["tumour_px"].max(),
            "size": groups[["rows", "columns"]].apply(_sizes),
            "missing": groups[list(REAL)].apply(_missing),
        }
    )
    return table.reset_index().astype({"folder": str})


def _sizes(group: DataFrame) -> str:
    pairs = group[["rows", "columns"]].drop_duplicates()
    return ", ".join(f"{rows} x {columns}" for rows, columns in pairs.itertuples(index=False))


def _missing(group: DataFrame) -> str:
    return "+".join(name for name, real in zip(SEQUENCES, REAL, strict=True) if not group[real].all())


def intensity_table(counts: dict[str, NDArray[np.int64]]) -> DataFrame:
    """Make the table of grey levels.

    Parameters
    ----------
    counts : dict of str to ndarray, int64, shape (stage, region, sequence, level)
        Pixels, by institution.

    Returns
    -------
    DataFrame
        ``institution``, ``stage``, ``region``, ``sequence``, ``level`` (0 to 255) and ``pixels``; only levels that
        occur.
    """
    import pandas as pd

    rows: list[DataFrame] = []
    for institution, mine in sorted(counts.items()):
        stage, region, sequence, level = np.nonzero(mine)
        values = {"stage": np.array(STAGES)[stage], "region": np.array(REGIONS)[region]}
        values |= {"sequence": np.array(SEQUENCES)[sequence], "level": level}
        rows.append(pd.DataFrame({"institution": institution} | values | {"pixels": mine[mine > 0]}))
    names = ["institution", "stage", "region", "sequence", "level", "pixels"]
    return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=names)


@dataclass(frozen=True)
class ColumnRow:
    """What one column of a table holds.

    Attributes
    ----------
    name : str
    kind : str
        In words: text, category, yes or no, code (few whole numbers), whole number, number, empty.
    dtype : str
        pandas' name of the type.
    missing : int
        Rows without a value.
    share : float
        The same as a share of all rows; NaN where there are none.
    distinct : int
        Different values.
    values : str
        The values of a code or category with their counts, the range and median of an amount, an example of a text.
    """

    name: str
    kind: str
    dtype: str
    missing: int
    share: float
    distinct: int
    values: str


def column_rows(table: DataFrame) -> list[ColumnRow]:
    """Tell type, missing values and content of each column of a table, in order."""
    return [_column(str(name), table[name]) for name in table.columns]


def _column(name: str, column: Series) -> ColumnRow:
    missing = int(column.isna().sum())
    share = missing / len(column) if len(column) else float("nan")
    kind = kind_of(column)
    return ColumnRow(name, kind, str(column.dtype), missing, share, int(column.nunique()), _values(column, kind))


def kind_of(column: Series) -> str:
    """Say in words what a column holds: see `ColumnRow`."""
    from pandas.api import types

    filled = column.dropna()
    if filled.empty:
        return "empty"
    if types.is_bool_dtype(filled):
        return "yes or no"
    if isinstance(column.dtype, types.CategoricalDtype):
        return "category"
    if not types.is_numeric_dtype(filled):
        return "text"
    if not (filled == filled.round()).all():
        return "number"
    repeated = 3 * filled.nunique() <= 2 * len(filled)  # ages of a few patients are amounts
    few = repeated and filled.nunique() <= FEW and filled.abs().max() <= LARGEST_CODE
    return "code" if few else "whole number"


def _values(column: Series, kind: str) -> str:
    filled = column.dropna()
    if kind == "empty":
        return ""
    if kind in {"number", "whole number"} and filled.nunique() == 1:
        return f"{_number(filled.iloc[0])} throughout"
    if kind in {"number", "whole number"}:
        return f"{_number(filled.min())} to {_number(filled.max())}, median {_number(filled.median())}"
    if kind == "text" or (kind == "category" and filled.nunique() > FEW):
        return f"as {filled.iloc[0]}"
    counted = filled.value_counts().sort_index()
    return ", ".join(f"{_plain(value)}: {count:,}" for value, count in counts_above_zero(counted))


def counts_above_zero(counted: Series) -> list[tuple[Any, int]]:
    """List values and counts, without the categories that do not occur."""
    return [(value, int(count)) for value, count in counted.items() if count]


def _plain(value: Any) -> str:
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    return _number(value) if isinstance(value, float | np.floating) else str(value)


def _number(value: Any) -> str:
    number = float(value)
    return f"{number:,.0f}" if number == round(number) else f"{number:,.3g}"
