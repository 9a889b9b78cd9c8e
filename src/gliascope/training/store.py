"""Prepared patients that several runs share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gliascope.dataset.layout import PatientFolder
from gliascope.dataset.sides import side_patients
from gliascope.dataset.split import Split
from gliascope.recipe import Preparation
from gliascope.training.table import Patient, SliceTable, Tables, load_table


class TableStore:
    """Tables of many splits of one data set; each patient is read and prepared once.

    Patients are read when a split first asks for them as training or validation patients; a split's test side is
    never read for it.

    Parameters
    ----------
    data : Path
        A data set in the LGG layout.
    preparation : Preparation
    """

    def __init__(self, data: Path, preparation: Preparation) -> None:
        self.data, self.preparation = data, preparation
        self._known: dict[str, SliceTable] = {}

    def tables(self, split: Split) -> Tables:
        """Put the tables of a split together, as `gliascope.training.run.load_tables` reads them.

        Parameters
        ----------
        split : Split
            By patient.

        Returns
        -------
        Tables

        Raises
        ------
        SplitError
            If a side is empty or a patient of the split is not in the data.
        InputError
            If an image cannot be used.
        """
        return Tables(*(self._join(side_patients(split, side, self.data)) for side in ("train", "validation")))

    def _join(self, folders: list[PatientFolder]) -> SliceTable:
        for one in folders:
            if one.name not in self._known:
                self._known[one.name] = load_table([one], self.preparation)
        return join_tables([self._known[one.name] for one in folders])


def join_tables(parts: list[SliceTable]) -> SliceTable:
    """Put tables one after another.

    Parameters
    ----------
    parts : list of SliceTable
        At least one.

    Returns
    -------
    SliceTable
    """
    starts = np.cumsum([0, *(len(one.labels) for one in parts)])
    patients = tuple(
        _moved(patient, start) for one, start in zip(parts, starts.tolist(), strict=False) for patient in one.patients
    )
    return SliceTable(
        np.concatenate([one.images for one in parts]),
        np.concatenate([one.masks for one in parts]),
        np.concatenate([one.labels for one in parts]),
        patients,
        _joined_neighbours(parts, starts[:-1].tolist()),
    )


def _joined_neighbours(parts: list[SliceTable], starts: list[int]) -> NDArray[np.intp] | None:
    known = [one.neighbours + start for one, start in zip(parts, starts, strict=True) if one.neighbours is not None]
    return np.concatenate(known) if known else None


def _moved(patient: Patient, start: int) -> Patient:
    return replace(patient, rows=slice(patient.rows.start + start, patient.rows.stop + start))
