"""Splits by patient: made, written, read and checked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gliascope.dataset.layout import PatientStatistics, measure_patient, patient_of, patients
from gliascope.dataset.stratify import Unit, choose
from gliascope.errors import SplitError

SCHEMA: Final = "gliascope.split/1"

SIDES: Final = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Which patients' folders train, choose and test.

    Attributes
    ----------
    train, validation, test : tuple of str
        Names of patients' folders, sorted. Validation was drawn from the training side.
    strategy : str
        ``patient``: all folders of a patient are on one side.
    seed : int
    test_fraction : float
        Share of all patients asked for on the test side.
    validation_fraction : float
        Share of the training side's patients asked for as validation.
    hold_out : tuple of str
        Patients or folders that were forced to the test side.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    strategy: str = "patient"
    seed: int = 0
    test_fraction: float = 0.25
    validation_fraction: float = 0.15
    hold_out: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Digest of the split's canonical JSON: sorted keys, no blanks, without the digest itself."""
        text = json.dumps(_content(self), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def side_of(self, folder: str) -> str | None:
        """Name the side of a patient's folder: ``train``, ``validation``, ``test``, or None where it is on none."""
        return next((side for side in SIDES if folder in getattr(self, side)), None)


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
        Share of the patients on the test side, above 0 and below 1.
    validation : float
        Share of the remaining patients used to choose checkpoint and thresholds, 0 to below 1.
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


def split_patients(
    measured: Iterable[PatientStatistics],
    *,
    test: float = 0.25,
    validation: float = 0.15,
    seed: int = 0,
    hold_out: Sequence[str] = (),
) -> Split:
    """Split patients whose folders have been measured; see `make_split`."""
    if not 0 < test < 1:
        raise SplitError(f"the test share must be above 0 and below 1, received {test}")
    if not 0 <= validation < 1:
        raise SplitError(f"the validation share must be 0 or more and below 1, received {validation}")
    folders: dict[str, list[PatientStatistics]] = {}
    for one in measured:
        folders.setdefault(one.folder.patient, []).append(one)
    units = [
        Unit(patient, mine[0].folder.institution, sum(one.tumour_px for one in mine))
        for patient, mine in sorted(folders.items())
    ]
    forced = _forced(folders, hold_out)
    tested = choose(units, test, f"{seed}:test", forced)
    rest = [unit for unit in units if unit.patient not in tested]
    validated = choose(rest, validation, f"{seed}:validation")
    trained = {unit.patient for unit in rest} - validated
    if not trained:
        raise SplitError(f"at least one patient must be left to train, received {len(units)} patients in all")
    train, valid, tests = (
        tuple(sorted(one.folder.name for patient in chosen for one in folders[patient]))
        for chosen in (trained, validated, tested)
    )
    return Split(
        train=train,
        validation=valid,
        test=tests,
        seed=seed,
        test_fraction=test,
        validation_fraction=validation,
        hold_out=tuple(sorted(set(hold_out))),
    )


def _forced(folders: dict[str, list[PatientStatistics]], hold_out: Sequence[str]) -> frozenset[str]:
    by_name = {one.folder.name: patient for patient, mine in folders.items() for one in mine}
    unknown = sorted(one for one in hold_out if one not in folders and one not in by_name)
    if unknown:
        raise SplitError(f"a held-out patient must be in the data set, received {', '.join(unknown)}")
    return frozenset(by_name.get(one, one) for one in hold_out)


def save_split(split: Split, path: str | Path) -> None:
    """Write a split as JSON, with its digest.

    Raises
    ------
    SplitError
        If the split leaks between its sides, or the file cannot be written.
    """
    _check(split, str(path))
    text = json.dumps(_content(split) | {"sha256": split.sha256}, indent=2, ensure_ascii=True) + "\n"
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as error:
        raise SplitError(f"{path}: a split must be written to a file, received {error}") from error


def load_split(path: str | Path) -> Split:
    """Read a split and check it.

    Returns
    -------
    Split

    Raises
    ------
    SplitError
        If the file is no split, was altered since it was made, or has a patient on two sides.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SplitError(f"{path}: a split must be a JSON file, received {error}") from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA:
        received = content.get("schema") if isinstance(content, dict) else type(content).__name__
        raise SplitError(f"{path}: a split must have the schema {SCHEMA}, received {received}")
    split = _from_content(content, str(path))
    if split.sha256 != content.get("sha256") or _content(split) != {k: v for k, v in content.items() if k != "sha256"}:
        raise SplitError(
            f"{path}: a split must be as it was made, received content that does not match its sha256 "
            f"{content.get('sha256')}"
        )
    _check(split, str(path))
    return split


def _content(split: Split) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "strategy": split.strategy,
        "seed": split.seed,
        "test_fraction": split.test_fraction,
        "validation_fraction": split.validation_fraction,
        "hold_out": list(split.hold_out),
        "sides": {side: list(getattr(split, side)) for side in SIDES},
    }


def _from_content(content: dict[str, Any], origin: str) -> Split:
    try:
        train, validation, test = (tuple(str(name) for name in content["sides"][side]) for side in SIDES)
        return Split(
            train=train,
            validation=validation,
            test=test,
            strategy=str(content["strategy"]),
            seed=int(content["seed"]),
            test_fraction=float(content["test_fraction"]),
            validation_fraction=float(content["validation_fraction"]),
            hold_out=tuple(str(one) for one in content["hold_out"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SplitError(f"{origin}: a split must have all its keys, received a fault at {error}") from error


def _check(split: Split, origin: str) -> None:
    side_of: dict[str, str] = {}
    for side in SIDES:
        for folder in getattr(split, side):
            other = side_of.setdefault(patient_of(folder), side)
            if other != side:
                raise SplitError(
                    f"{origin}: a patient must be on one side, received {patient_of(folder)} in {other} and {side}"
                )
    if not split.train or not split.test:
        raise SplitError(f"{origin}: a split must have patients to train and to test, received an empty side")
