"""Making folds: splits by patient that test every patient once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from gliascope.dataset.layout import PatientStatistics, measure_patient, patients
from gliascope.dataset.members import Folds, Split
from gliascope.dataset.rules import check_folds
from gliascope.dataset.split import (
    by_patient,
    check_validation_share,
    choose_validation,
    held_out,
    names_of,
    units_of,
)
from gliascope.dataset.splitfile import load_folds, save_folds
from gliascope.dataset.stratify import deal
from gliascope.errors import SplitError

__all__ = ["Folds", "check_folds", "fold_patients", "load_folds", "make_folds", "save_folds"]


def make_folds(
    root: str | Path,
    *,
    folds: int = 5,
    validation: float = 0.15,
    seed: int = 0,
    hold_out: Sequence[str] = (),
) -> Folds:
    """Divide a data set into folds by patient, alike in institutions and tumour sizes.

    Parameters
    ----------
    root : path
        A data set in the LGG layout.
    folds : int
        How many; 2 or more.
    validation : float
        Share of each fold's other patients used to choose checkpoint and thresholds, 0 to below 1; at least one
        patient unless 0.
    seed : int
        The same seed gives the same folds, in whatever order the disk lists the folders.
    hold_out : sequence of str
        Patients (``TCGA_CS_4942``) or folders that are in no fold at all.

    Returns
    -------
    Folds
        Every other patient is tested in one of them; their sizes differ by one at most, and so do the numbers of each
        institution, of each tercile of tumour size and of their combinations.

    Raises
    ------
    SplitError
        If a share or number is out of range, a held-out patient is not there, or no patient is left to train.
    InputError
        If the folder is no data set or a file in it cannot be used.
    """
    measured = [measure_patient(folder) for folder in patients(root)]
    return fold_patients(measured, folds=folds, validation=validation, seed=seed, hold_out=hold_out)


def fold_patients(
    measured: Iterable[PatientStatistics],
    *,
    folds: int = 5,
    validation: float = 0.15,
    seed: int = 0,
    hold_out: Sequence[str] = (),
) -> Folds:
    """Divide patients whose folders have been measured; see `make_folds`."""
    check_validation_share(validation)
    folders = by_patient(measured)
    held = held_out(folders, hold_out)
    units = [unit for unit in units_of(folders) if unit.patient not in held]
    if not 2 <= folds <= len(units):
        raise SplitError(f"there must be 2 folds or more, none without a patient, received {folds} of {len(units)}")
    kept = tuple(sorted(set(hold_out)))
    splits = []
    for number, tested in enumerate(deal(units, folds, f"{seed}:folds")):
        rest = [unit for unit in units if unit.patient not in tested]
        validated = choose_validation(rest, validation, f"{seed}:fold {number}:validation")
        trained = {unit.patient for unit in rest} - validated
        splits.append(
            Split(
                train=names_of(trained, folders),
                validation=names_of(validated, folders),
                test=names_of(tested, folders),
                seed=seed,
                test_fraction=1 / folds,
                validation_fraction=validation,
                hold_out=kept,
                fold=number,
            )
        )
    return Folds(tuple(splits), seed, kept)
