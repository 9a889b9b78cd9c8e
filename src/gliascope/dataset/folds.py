"""Making folds: splits by patient that test every patient once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
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
from gliascope.read import read_case

__all__ = ["Folds", "check_folds", "fold_patients", "load_folds", "make_folds", "save_folds"]


def make_folds(
    root: str | Path,
    *,
    folds: int = 5,
    validation: float = 0.15,
    seed: int = 0,
    hold_out: Sequence[str] = (),
    seen: Collection[str] = (),
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
    seen : collection of str
        Digests of slices (`gliascope.scan.Source.sha256`) that the weights have seen which every fold begins with.
        Patients with such a slice train in every fold, and neither choose nor are tested.

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
    known = patients_seen(measured, seen)
    return fold_patients(measured, folds=folds, validation=validation, seed=seed, hold_out=hold_out, always=known)


def patients_seen(measured: Iterable[PatientStatistics], seen: Collection[str]) -> frozenset[str]:
    """Name the patients of whom some slice is known by its digest; images are read only where anything was seen.

    Raises
    ------
    InputError
        If an image cannot be used.
    """
    digests = frozenset(seen)
    return frozenset(
        one.folder.patient
        for one in (measured if digests else ())
        if any(source.sha256 in digests for source in read_case(one.folder.files).sources)
    )


def named_patients(measured: Iterable[PatientStatistics], names: Sequence[str]) -> frozenset[str]:
    """Find the patients that are named, by their own name or by a folder's.

    Parameters
    ----------
    measured : iterable of PatientStatistics
    names : sequence of str

    Returns
    -------
    frozenset of str
        Their own names.

    Raises
    ------
    SplitError
        If one of them is not in the data set.
    """
    return held_out(by_patient(measured), names)


def fold_patients(
    measured: Iterable[PatientStatistics],
    *,
    folds: int = 5,
    validation: float = 0.15,
    seed: int = 0,
    hold_out: Sequence[str] = (),
    always: Collection[str] = (),
) -> Folds:
    """Divide patients whose folders have been measured; see `make_folds`. Those named in `always` only train."""
    check_validation_share(validation)
    folders = by_patient(measured)
    held = held_out(folders, hold_out)
    units = [unit for unit in units_of(folders) if unit.patient not in held and unit.patient not in always]
    if not 2 <= folds <= len(units):
        raise SplitError(f"there must be 2 folds or more, none without a patient, received {folds} of {len(units)}")
    learnt = frozenset(always) - held
    kept = tuple(sorted(set(hold_out)))
    splits = []
    for number, tested in enumerate(deal(units, folds, f"{seed}:folds")):
        rest = [unit for unit in units if unit.patient not in tested]
        validated = choose_validation(rest, validation, f"{seed}:fold {number}:validation")
        trained = {unit.patient for unit in rest} - validated | learnt
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
    return Folds(tuple(splits), seed, kept, names_of(learnt, folders))
