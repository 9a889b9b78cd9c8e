"""What a split and a set of folds must be to be used."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gliascope.dataset.layout import patient_of
from gliascope.dataset.members import BY_PATIENT, BY_SLICE, EVERYBODY, SIDES, Folds, Split
from gliascope.errors import SplitError
from gliascope.read.raster import is_image_name
from gliascope.read.truth import is_mask_name


def check_split(split: Split, origin: str) -> None:
    """Refuse a split that cannot be used, or that leaks without saying so; `origin` names it in the message.

    Raises
    ------
    SplitError
        If the strategy is unknown; a patient (in a split by slice: a slice) is on two sides or named twice; a slice's
        name is not ``FOLDER/FILE``; a held-out patient trains; nobody is left to train or to test; or, where everybody
        trains, somebody is on another side.
    """
    if split.strategy not in (BY_PATIENT, BY_SLICE, EVERYBODY):
        raise SplitError(
            f"{origin}: the strategy of a split must be {BY_PATIENT}, {BY_SLICE} or {EVERYBODY}, received "
            f"{split.strategy!r}"
        )
    unit = "slice" if split.leaks else "patient"
    side_of: dict[str, str] = {}
    for side in SIDES:
        members: tuple[str, ...] = getattr(split, side)
        _check_names(split, members, side, origin)
        for member in members:
            whole = member if split.leaks else patient_of(member)
            other = side_of.setdefault(whole, side)
            if other != side:
                raise SplitError(f"{origin}: a {unit} must be on one side, received {whole} in {other} and {side}")
    if split.everybody and (split.validation or split.test or not split.train):
        raise SplitError(f"{origin}: where everybody trains, only the training side may have patients, and must")
    if not split.everybody and not (split.train and split.test):
        raise SplitError(f"{origin}: a split must have {unit}s to train and to test, received an empty side")
    learnt = _patients((*split.train, *split.validation)) & _patients(split.hold_out)
    if learnt:
        raise SplitError(f"{origin}: a held-out patient must not train, received {', '.join(sorted(learnt))}")


def check_folds(folds: Folds, origin: str) -> None:
    """Refuse folds that do not test each patient once; `origin` names them in the message.

    Raises
    ------
    SplitError
        If there are fewer than two folds, one of them is no split by patient, a patient is tested twice or never, a
        held-out patient is in a fold, or one who always trains does not.
    """
    if len(folds.splits) < 2:
        raise SplitError(f"{origin}: there must be at least 2 folds, received {len(folds.splits)}")
    tested = {name for one in folds.splits for name in one.test}
    everybody = tested | set(folds.always)
    held = _patients(everybody) & _patients(folds.hold_out)
    if held:
        raise SplitError(f"{origin}: a held-out patient must be in no fold, received {', '.join(sorted(held))}")
    fold_of: dict[str, int] = {}
    for number, one in enumerate(folds.splits):
        if not set(folds.always) <= set(one.train):
            wrong = ", ".join(sorted(set(folds.always) - set(one.train)))
            raise SplitError(f"{origin}: who always trains must train in every fold, received {wrong} in fold {number}")
        if one.leaks:
            raise SplitError(f"{origin}: folds must be by patient, received strategy {one.strategy!r}")
        check_split(one, f"{origin}: fold {number}")
        if {*one.train, *one.validation, *one.test} != everybody:
            raise SplitError(f"{origin}: every fold must hold the patients of all, received others in fold {number}")
        for patient in _patients(one.test):
            other = fold_of.setdefault(patient, number)
            if other != number:
                raise SplitError(
                    f"{origin}: a patient must be tested once, received {patient} in folds {other} and {number}"
                )


def _patients(members: Iterable[str]) -> set[str]:
    return {patient_of(one.partition("/")[0]) for one in members}


def _check_names(split: Split, members: tuple[str, ...], side: str, origin: str) -> None:
    if len(set(members)) < len(members):
        unit = "slice" if split.leaks else "folder"
        raise SplitError(f"{origin}: a {unit} must be named once, received one twice in {side}")
    wrong = [one for one in members if split.leaks and not _is_slice_name(one)]
    if wrong:
        raise SplitError(f"{origin}: a slice must be named FOLDER/FILE, FILE an image, received {wrong[0]!r}")


def _is_slice_name(member: str) -> bool:
    folder, _, file = member.partition("/")
    plain = "/" not in file and "\\" not in member and folder not in ("", ".", "..")
    return plain and is_image_name(Path(file)) and not is_mask_name(Path(file))
