"""The clinical table that lies beside the images, and its way to the slices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gliascope.dataset.layout import PatientFolder
from gliascope.errors import InputError

if TYPE_CHECKING:
    from pandas import DataFrame

FILE: Final = "data.csv"
"""Name of the clinical table in the LGG data set's layout."""

DELIMITERS: Final = (",", ";", "\t")


@dataclass(frozen=True, eq=False)
class Clinical:
    """A clinical table.

    Attributes
    ----------
    path : Path
    as_read : DataFrame
        With the types that pandas gives it: a code with a missing value becomes a float.
    table : DataFrame
        The same with types that know missing values (Int64, Float64, string), first column ``patient``, one row a
        patient.
    key : str
        The column of the file that names the patients.
    without_images : tuple of str
        Patients of the table who have no folder.
    warnings : tuple of str
    """

    path: Path
    as_read: DataFrame
    table: DataFrame
    key: str
    without_images: tuple[str, ...]
    warnings: tuple[str, ...]


def find_clinical(root: Path, folders: Iterable[PatientFolder]) -> Path | None:
    """Find ``data.csv``: in the data set's folder, or beside the patients' folders; None where there is none."""
    places = dict.fromkeys([root, *(one.path.parent for one in folders)])
    return next((place / FILE for place in places if (place / FILE).is_file()), None)


def read_clinical(path: Path, folders: Sequence[PatientFolder]) -> Clinical:
    """Read a clinical table.

    Parameters
    ----------
    path : Path
        A CSV file with a header, in UTF-8; comma, semicolon or tab between the columns. The first column that holds
        the name of a patient or of a patient's folder is the key.
    folders : sequence of PatientFolder

    Returns
    -------
    Clinical

    Raises
    ------
    InputError
        If the file is no such table, has no column that names the patients, or tells one patient twice, differently.
    """
    as_read = _read(path)
    patients = {one.patient: one.patient for one in folders} | {one.name: one.patient for one in folders}
    key = next((name for name in as_read.columns if as_read[name].astype("string").isin(patients).any()), None)
    if key is None:
        raise InputError(
            f"{path}: a clinical table must have a column with the patients' names, as {next(iter(patients))}, "
            f"received the columns {', '.join(as_read.columns)}"
        )
    table = as_read.convert_dtypes().drop(columns=key)
    names = as_read[key].astype("string").str.strip()
    table.insert(0, "patient", names.map(lambda one: patients.get(one, one), na_action="ignore").astype("string"))
    table = table[table["patient"].notna()].drop_duplicates()
    twice = sorted(table.loc[table["patient"].duplicated(), "patient"])
    if twice:
        raise InputError(f"{path}: a patient must have one row, received several for {', '.join(twice)}")
    present = {one.patient for one in folders}
    absent = tuple(one for one in table["patient"] if one not in present)
    lacking = sorted(present - set(table["patient"]))
    warnings = [f"{path.name} has no row for {', '.join(lacking)}"] if lacking else []
    return Clinical(path, as_read, table.reset_index(drop=True), str(key), absent, tuple(warnings))


def _read(path: Path) -> DataFrame:
    import pandas as pd

    try:
        with path.open(encoding="utf-8-sig") as file:
            header = file.readline()
        delimiter = max(DELIMITERS, key=header.count)
        return pd.read_csv(path, sep=delimiter, encoding="utf-8-sig")
    except ValueError as error:  # what pandas and the decoding raise is one
        raise InputError(f"{path}: a clinical table must be CSV in UTF-8 with a header, received {error}") from error


def join_clinical(table: DataFrame, clinical: Clinical | None) -> DataFrame:
    """Put a patient's clinical values behind each row of that patient.

    Parameters
    ----------
    table : DataFrame
        With a column ``patient``.
    clinical : Clinical or None
        None leaves the table as it is.

    Returns
    -------
    DataFrame
        The same rows in the same order. A clinical column whose name is taken gets ``_clinical`` behind it. Patients
        without a row have missing values.
    """
    if clinical is None:
        return table
    renamed = clinical.table.rename(
        columns={name: f"{name}_clinical" for name in clinical.table.columns if name in table and name != "patient"}
    )
    places = renamed.set_index("patient").reindex(table["patient"].astype("string"))
    joined = table.copy()
    for name in places.columns:
        joined[name] = places[name].array
    return joined
