"""Making a split by patient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from gliascope.dataset.layout import PatientFolder, PatientStatistics, measure_patient, patients
from gliascope.dataset.members import EVERYBODY, SIDES, Split
from gliascope.dataset.rules import check_split
from gliascope.dataset.splitfile import load_split, save_split
from gliascope.dataset.stratify import Unit, choose
from gliascope.errors import SplitError

__all__ = [
    "SIDES",
    "Split",
    "check_shares",
    "check_split",
    "load_split",
    "make_split",
    "save_split",
    "split_patients",
    "train_everybody",
]

Folders = dict[str, list[PatientStatistics]]
"""The measured folders of every patient."""


def make_split(
    root: str | Path,
    *,
    test: float = 0.25,
    validation: float = 0.15,
    seed: int = 0,
    hold_out: Sequence[str] = (),
) -> Split:
    """Split a data set by patient, stratified by institution and tumour size.

    Parameters
    ----------
    root : path
        A data set in the LGG layout.
    test : float
        Share of the patients on the test side, above 0 and below 1; at least one patient.
    validation : float
        Share of the remaining patients used to choose checkpoint and thresholds, 0 to below 1; at
        least one patient unless 0.
    seed : int
        The same seed gives the same split, in whatever order the disk lists the folders.
    hold_out : sequence of str
        Patients (``TCGA_CS_4942``) or folders that must be on the test side.

    Returns
    -------
    Split

    Raises
    ------
    SplitError
        If a share is out of range, a held-out patient is not there, or no patient is left to train.
    InputError
        If the folder is no data set or a file in it cannot be used.
    """
    measured = [measure_patient(folder) for folder in patients(root)]
    return split_patients(measured, test=test, validation=validation, seed=seed, hold_out=hold_out)


def train_everybody(root: str | Path, hold_out: Sequence[str] = ()) -> Split:
    """Put every patient of a data set on the training side.

    Parameters
    ----------
    root : path
        A data set in the LGG layout.
    hold_out : sequence of str
        Patients (``TCGA_CS_4942``) or folders that are left out.

    Returns
    -------
    Split
        With the strategy ``all``.

    Raises
    ------
    SplitError, InputError
        If there is no patient to train, one who is held out is not there, or the folder is no data set.
    """
    folders = patients(root)
    spared = _patients_named(hold_out, folders)
    split = Split(
        train=tuple(sorted(one.name for one in folders if one.patient not in spared)),
        validation=(),
        test=(),
        strategy=EVERYBODY,
        test_fraction=0.0,
        validation_fraction=0.0,
        hold_out=tuple(sorted(set(hold_out))),
    )
    check_split(split, str(root))
    return split


def split_patients(
    measured: Iterable[PatientStatistics],
    *,
    test: float = 0.25,
    validation: float = 0.15,
    seed: int = 0,
    hold_out: Sequence[str] = (),
) -> Split:
    """Split patients whose folders have been measured; see `make_split`."""
    check_shares(test, validation)
    folders = by_patient(measured)
    units = units_of(folders)
    forced = held_out(folders, hold_out)
    tested = choose(units, _at_least_one(test, units), f"{seed}:test", forced)
    rest = [unit for unit in units if unit.patient not in tested]
    validated = choose_validation(rest, validation, f"{seed}:validation")
    trained = {unit.patient for unit in rest} - validated
    train, valid, tests = (names_of(chosen, folders) for chosen in (trained, validated, tested))
    return Split(
        train=train,
        validation=valid,
        test=tests,
        seed=seed,
        test_fraction=test,
        validation_fraction=validation,
        hold_out=tuple(sorted(set(hold_out))),
    )


def check_shares(test: float, validation: float) -> None:
    """Refuse shares of patients that make no split.

    Raises
    ------
    SplitError
        If `test` is not between 0 and 1, or `validation` is negative or not below 1.
    """
    if not 0 < test < 1:
        raise SplitError(f"the test share must be above 0 and below 1, received {test}")
    check_validation_share(validation)


def check_validation_share(validation: float) -> None:
    """Refuse a share of the training side that cannot be kept for validation.

    Raises
    ------
    SplitError
        If it is negative or not below 1.
    """
    if not 0 <= validation < 1:
        raise SplitError(f"the validation share must be 0 or more and below 1, received {validation}")


def choose_validation(rest: Sequence[Unit], share: float, seed: str) -> frozenset[str]:
    """Choose the validation patients of a training side.

    Raises
    ------
    SplitError
        If nobody would be left to train.
    """
    chosen = choose(rest, _at_least_one(share, rest), seed)
    if len(chosen) == len(rest):
        raise SplitError(f"at least one patient must be left to train, received {len(rest)} who are not tested")
    return chosen


def by_patient(measured: Iterable[PatientStatistics]) -> Folders:
    """Put the folders of each patient together."""
    folders: Folders = {}
    for one in measured:
        folders.setdefault(one.folder.patient, []).append(one)
    return folders


def units_of(folders: Folders) -> list[Unit]:
    """Give what of each patient counts in the balance."""
    return [
        Unit(patient, mine[0].folder.institution, sum(one.tumour_px for one in mine))
        for patient, mine in sorted(folders.items())
    ]


def names_of(patients: Iterable[str], folders: Folders) -> tuple[str, ...]:
    """Name the folders of some patients, sorted."""
    return tuple(sorted(one.folder.name for patient in patients for one in folders[patient]))


def held_out(folders: Folders, hold_out: Sequence[str]) -> frozenset[str]:
    """Find the patients that are named, by their own name or by a folder's.

    Raises
    ------
    SplitError
        If one of them is not in the data set.
    """
    return _patients_named(hold_out, [one.folder for mine in folders.values() for one in mine])


def _patients_named(names: Sequence[str], folders: Sequence[PatientFolder]) -> frozenset[str]:
    patient_of = {name: one.patient for one in folders for name in (one.name, one.patient)}
    unknown = sorted(set(names) - set(patient_of))
    if unknown:
        raise SplitError(f"a patient that is named must be in the data set, received {', '.join(unknown)}")
    return frozenset(patient_of[one] for one in names)


def _at_least_one(share: float, units: Sequence[Unit]) -> float:
    """Raise a small share, so that a side that was asked for is not empty in a small data set."""
    return max(share, 1 / len(units)) if share > 0 and units else share
