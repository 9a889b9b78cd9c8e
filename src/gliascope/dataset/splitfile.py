"""A split by patient as a value and as a file: what it says, and how it is checked."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gliascope.dataset.layout import patient_of
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


def save_split(split: Split, path: str | Path, *, replace: bool = True) -> None:
    """Write a split as JSON, with its digest.

    Parameters
    ----------
    split : Split
    path : path
    replace : bool
        Whether another split that is there may be lost; the same split may always be written again.

    Raises
    ------
    SplitError
        If the split leaks between its sides, another file is there and may not be replaced, or the
        file cannot be written.
    """
    check_split(split, str(path))
    place = Path(path)
    if place.exists() and not replace and not _holds(place, split):
        raise SplitError(
            f"{path}: a split must not replace another unless told to, received a file that differs (--force)"
        )
    text = json.dumps(_content(split) | {"sha256": split.sha256}, indent=2, ensure_ascii=True) + "\n"
    try:
        beside = place.with_name(f".{place.name}.part")
        beside.write_text(text, encoding="utf-8")
        beside.replace(place)
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
    check_split(split, str(path))
    return split


def _holds(path: Path, split: Split) -> bool:
    try:
        return load_split(path) == split
    except SplitError:
        return False


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


def check_split(split: Split, origin: str) -> None:
    """Refuse a split that leaks or cannot be used; `origin` names it in the message.

    Raises
    ------
    SplitError
        If the strategy is unknown, a patient is on two sides, a folder is named twice, or nobody is left
        to train or to test.
    """
    if split.strategy != "patient":
        raise SplitError(f"{origin}: the strategy of a split must be patient, received {split.strategy!r}")
    side_of: dict[str, str] = {}
    for side in SIDES:
        folders = getattr(split, side)
        if len(set(folders)) < len(folders):
            raise SplitError(f"{origin}: a folder must be named once, received one twice in {side}")
        for folder in folders:
            other = side_of.setdefault(patient_of(folder), side)
            if other != side:
                raise SplitError(
                    f"{origin}: a patient must be on one side, received {patient_of(folder)} in {other} and {side}"
                )
    if not split.train or not split.test:
        raise SplitError(f"{origin}: a split must have patients to train and to test, received an empty side")
