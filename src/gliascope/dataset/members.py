"""Who is on which side: a split and a set of folds as values."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

SPLIT_SCHEMA: Final = "gliascope.split/1"

FOLDS_SCHEMA: Final = "gliascope.folds/1"

SIDES: Final = ("train", "validation", "test")

BY_PATIENT: Final = "patient"

BY_SLICE: Final = "slice"

EVERYBODY: Final = "all"
"""Strategy of a split whose patients all train: for the last run, once others have told what it will be worth."""

LEAK: Final = (
    "slices of one patient are on both sides: neighbours look alike, the score says how well the network remembers"
)
"""What is said wherever a split by slice is made or used.

It stands in the files and counts in their digest: other words would need another schema.
"""


@dataclass(frozen=True)
class Split:
    """Who trains, who chooses and who tests.

    Attributes
    ----------
    train, validation, test : tuple of str
        Sorted names: of patients' folders, or of slices (``FOLDER/FILE.tif``) in a split by slice.
        Validation was drawn from the training side.
    strategy : str
        ``patient``: all folders of a patient are on one side. ``slice``: only the slices differ, see `leaks`.
        ``all``: everybody trains, the other sides are empty.
    seed : int
    test_fraction : float
        Share of all patients (or slices) asked for on the test side.
    validation_fraction : float
        Share of the training side's patients (or slices) asked for as validation.
    hold_out : tuple of str
        Patients or folders kept from training: forced to the test side, or, in a fold, on no side at all.
    fold : int, optional
        Number of the fold that the split is, from 0; None where it is none.
    """

    train: tuple[str, ...]
    validation: tuple[str, ...]
    test: tuple[str, ...]
    strategy: str = BY_PATIENT
    seed: int = 0
    test_fraction: float = 0.25
    validation_fraction: float = 0.15
    hold_out: tuple[str, ...] = ()
    fold: int | None = None

    @property
    def leaks(self) -> bool:
        """Whether slices of one patient are on several sides: `LEAK`."""
        return self.strategy == BY_SLICE

    @property
    def everybody(self) -> bool:
        """Whether all patients train, and nobody is left to choose or to test."""
        return self.strategy == EVERYBODY

    @property
    def sha256(self) -> str:
        """Digest of the split's canonical JSON: sorted keys, no blanks, without the digest itself."""
        return digest(self.content())

    def side_of(self, member: str) -> str | None:
        """Name the side of a folder (or slice): ``train``, ``validation``, ``test``, or None where it is on none."""
        return next((side for side in SIDES if member in getattr(self, side)), None)

    def content(self) -> dict[str, Any]:
        """Give what the file says, without the digest; keys that say nothing are left out."""
        content = {
            "schema": SPLIT_SCHEMA,
            "strategy": self.strategy,
            "seed": self.seed,
            "test_fraction": self.test_fraction,
            "validation_fraction": self.validation_fraction,
            "hold_out": list(self.hold_out),
            "sides": self.sides(),
        }
        if self.fold is not None:
            content["fold"] = self.fold
        if self.leaks:
            content["leak"] = LEAK
        return content

    def sides(self) -> dict[str, list[str]]:
        """Give the members of each side, as JSON holds them."""
        return {side: list(getattr(self, side)) for side in SIDES}


@dataclass(frozen=True)
class Folds:
    """Splits that test every patient once, but those who always train.

    Attributes
    ----------
    splits : tuple of Split
        By patient, in the order of their numbers; each tests patients that no other tests.
    seed : int
    hold_out : tuple of str
        Patients or folders that are in no fold at all, sorted.
    always : tuple of str
        Folders that train in every fold and are tested in none, sorted: what training starts from has seen them.
    """

    splits: tuple[Split, ...]
    seed: int = 0
    hold_out: tuple[str, ...] = ()
    always: tuple[str, ...] = ()

    @property
    def sha256(self) -> str:
        """Digest of the folds' canonical JSON, as `Split.sha256`."""
        return digest(self.content())

    def content(self) -> dict[str, Any]:
        """Give what the file says, without the digest; `always` is left out where it is empty."""
        return {
            "schema": FOLDS_SCHEMA,
            "strategy": BY_PATIENT,
            "seed": self.seed,
            "validation_fraction": self.splits[0].validation_fraction,
            "hold_out": list(self.hold_out),
            "folds": [one.sides() for one in self.splits],
        } | ({"always": list(self.always)} if self.always else {})


def digest(content: dict[str, Any]) -> str:
    """Compute the SHA-256 of a value's canonical JSON: sorted keys, no blanks, ASCII."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
