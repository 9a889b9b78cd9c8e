"""From patients' folders to a description, one patient in memory at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gliascope.dataset.describe.clinical import Clinical, find_clinical, join_clinical, read_clinical
from gliascope.dataset.describe.survey import PLACE, PatientSurvey, survey_patient
from gliascope.dataset.describe.tables import intensity_table, patient_table, slice_table
from gliascope.dataset.layout import PatientFolder
from gliascope.errors import InputError
from gliascope.recipe import Preparation
from gliascope.scan import Problem

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, eq=False)
class Description:
    """What is known of a data set.

    Attributes
    ----------
    root : Path
    folders : tuple of PatientFolder
    slices : DataFrame
        One row a slice, joined with the clinical table; see `gliascope.dataset.describe.tables.slice_table`.
    patients : DataFrame
        One row a folder, joined likewise; see `gliascope.dataset.describe.tables.patient_table`.
    clinical : Clinical or None
        None where there is no such table.
    intensities : DataFrame
        Pixels of the head by grey level; see `gliascope.dataset.describe.tables.intensity_table`.
    places : ndarray, int64, shape (2, PLACE, PLACE)
        In how many folders a true outline, and the head, reach a place of the square that the networks see, on any
        slice.
    preparation : Preparation
        What "after CLAHE" and that square mean.
    problems : tuple of Problem
        Files that cannot be used.
    warnings : tuple of str
        What was assumed, each with its folder's name before it.
    """

    root: Path
    folders: tuple[PatientFolder, ...]
    slices: DataFrame
    patients: DataFrame
    clinical: Clinical | None
    intensities: DataFrame
    places: NDArray[np.int64]
    preparation: Preparation
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]

    @property
    def is_phantom(self) -> bool:
        """Whether any folder was written by `gliascope phantom`."""
        return any(one.name.startswith("PHANTOM_") for one in self.folders)

    @property
    def has_tumours(self) -> bool:
        """Whether any true outline is not empty."""
        return bool((self.patients["tumour_px"] > 0).any())


def describe(
    folders: Sequence[PatientFolder],
    root: Path,
    preparation: Preparation,
    *,
    clinical: Path | None = None,
    watch: Callable[[str], None] = lambda _: None,
) -> Description:
    """Read a data set.

    Parameters
    ----------
    folders : sequence of PatientFolder
        As `gliascope.dataset.layout.patients` lists them.
    root : Path
        The data set's folder: paths in the tables are relative to it.
    preparation : Preparation
        Its CLAHE is applied for the grey levels "after CLAHE".
    clinical : Path, optional
        The clinical table; by default ``data.csv`` where there is one. One that was not asked for and cannot be used
        becomes a problem.
    watch : callable
        Called with each folder's name when it has been read.

    Returns
    -------
    Description

    Raises
    ------
    InputError
        If no slice can be read, or the clinical table that was asked for cannot be used.
    """
    problems: list[Problem] = []
    table = _clinical(root, folders, clinical, problems)
    warnings = [] if table is None else list(table.warnings)
    rows: list[dict[str, Any]] = []
    counts: dict[str, NDArray[np.int64]] = {}
    places = np.zeros((2, PLACE, PLACE), dtype=np.int64)
    for folder in folders:
        seen: PatientSurvey = survey_patient(folder, root, preparation)
        rows.extend(seen.rows)
        counts[folder.institution] = counts.get(folder.institution, np.int64(0)) + seen.counts
        places += seen.places
        problems.extend(seen.problems)
        warnings.extend(f"{folder.name}: {one}" for one in seen.warnings)
        watch(folder.name)
    if not rows:
        raise InputError(f"{root}: a data set must have slices that can be read, received none")
    slices = slice_table(rows)
    return Description(
        root=root,
        folders=tuple(folders),
        slices=join_clinical(slices, table),
        patients=join_clinical(patient_table(slices), table),
        clinical=table,
        intensities=intensity_table(counts),
        places=places,
        preparation=preparation,
        problems=tuple(problems),
        warnings=tuple(warnings),
    )


def _clinical(
    root: Path, folders: Sequence[PatientFolder], asked: Path | None, problems: list[Problem]
) -> Clinical | None:
    if asked is not None:
        return read_clinical(asked, folders)
    found = find_clinical(root, folders)
    if found is None:
        return None
    try:
        return read_clinical(found, folders)
    except (InputError, OSError) as error:
        problems.append(Problem(str(found), str(error).removeprefix(f"{found}: ")))
        return None
