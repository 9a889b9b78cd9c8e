from __future__ import annotations

import pandas as pd
import pytest

from gliascope.dataset.describe.tables import column_rows


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        (pd.Series([1, 2, 2, None]), "code", "1: 1, 2: 2"),
        (pd.Series([34, 61, 47, 52]), "whole number", "34 to 61, median 49.5"),
        (pd.Series([20, 45, 70, None]), "whole number", "20 to 70, median 45"),
        (pd.Series([256, 256]), "whole number", "256 throughout"),
        (pd.Series([0.25, 0.5, 1.5]), "number", "0.25 to 1.5, median 0.5"),
        (pd.Series([True, False, True]), "yes or no", "no: 1, yes: 2"),
        (pd.Series(["a", "b"]), "text", "as a"),
        (pd.Series(["x", "y", "x"], dtype="category"), "category", "x: 2, y: 1"),
        (pd.Series([None, None]), "empty", ""),
    ],
)
def test_a_column_is_told_in_words(values: pd.Series, kind: str, said: str) -> None:
    (row,) = column_rows(pd.DataFrame({"column": values}))
    assert (row.name, row.kind, row.values) == ("column", kind, said)
    assert row.missing == int(values.isna().sum())
    assert row.share == row.missing / len(values)
    assert row.distinct == values.nunique()


def test_a_table_without_rows_has_columns() -> None:
    (row,) = column_rows(pd.DataFrame({"column": []}))
    assert (row.kind, row.missing) == ("empty", 0)
    assert row.share != row.share
