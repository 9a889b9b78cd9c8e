"""What a cross-validation was started with, and how far each of its folds is."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from gliascope.bundle import MANIFEST
from gliascope.dataset.folds import Folds, load_folds, save_folds
from gliascope.errors import TrainingError
from gliascope.evaluate.files import write_text
from gliascope.recipe import Recipe, recipe_from_dict
from gliascope.training.start import Start, read_start

SCHEMA: Final = "gliascope.crossval/1"
"""Name and version of `JOB_FILE`; the number rises when a key changes its meaning or goes."""

JOB_FILE: Final = "crossval.json"
"""What a cross-validation was started with."""

FOLDS_FILE: Final = "folds.json"
"""Copy of the folds."""

EPOCH_VARIABLE: Final = "SOURCE_DATE_EPOCH"
"""Environment variable with the time, in seconds since 1970, that results say they were made at."""


@dataclass(frozen=True)
class Job:
    """A cross-validation on disk.

    Attributes
    ----------
    folder : Path
    recipe : Recipe
    folds : Folds
    created : str
        When it was started, ISO 8601, UTC; its bundles say the same, so that they depend on nothing else.
    start : Start or None
        Weights that every fold begins with; None for the recipe's.
    """

    folder: Path
    recipe: Recipe
    folds: Folds
    created: str
    start: Start | None = None

    @property
    def folds_file(self) -> Path:
        """The copy of the folds."""
        return self.folder / FOLDS_FILE

    def files(self, fold: int) -> FoldFiles:
        """Tell where a fold keeps its results."""
        return FoldFiles(self.folder / f"fold-{fold}")

    def trained(self) -> tuple[int, ...]:
        """Number the folds whose training is finished."""
        return tuple(fold for fold in range(len(self.folds.splits)) if self.files(fold).trained)

    def scored(self) -> tuple[int, ...]:
        """Number the folds whose patients have been scored."""
        return tuple(fold for fold in range(len(self.folds.splits)) if self.files(fold).scored)


@dataclass(frozen=True)
class FoldFiles:
    """A fold's folder: an ordinary run's folder, and the results beside it, each of which is there once it is whole.

    Attributes
    ----------
    folder : Path
    """

    folder: Path

    @property
    def inner(self) -> Path:
        """The inner hold-out's figures; written when training is finished."""
        return self.folder / "inner.json"

    @property
    def variants(self) -> Path:
        """The inner hold-out's figures with flips and other rules for components, where they were asked for."""
        return self.folder / "variants.json"

    @property
    def bundle(self) -> Path:
        """The bundle's folder."""
        return self.folder / "bundle"

    @property
    def evidence(self) -> Path:
        """The scores of the fold's own patients."""
        return self.folder / "evidence.parquet"

    @property
    def lone_evidence(self) -> Path:
        """The scores of the fold's own patients, every slice analysed as a lone image; where they were asked for."""
        return self.folder / "evidence-lone.parquet"

    @property
    def trained(self) -> bool:
        """Whether every epoch is done and the best of them measured on the inner hold-out."""
        return self.inner.exists()

    @property
    def exported(self) -> bool:
        """Whether the bundle is there."""
        return (self.bundle / MANIFEST).exists()

    @property
    def scored(self) -> bool:
        """Whether the fold's patients have been scored."""
        return self.evidence.exists()


def start_job(folder: Path, recipe: Recipe, folds: Folds, start: Start | None = None) -> Job:
    """Claim a folder for a new cross-validation, and copy the weights that it starts from.

    Raises
    ------
    TrainingError
        If it holds one already, or is a file.
    SplitError
        If the folds break a rule.
    """
    if (folder / JOB_FILE).exists():
        raise TrainingError(f"{folder}: the folder must be new, it holds a cross-validation; --resume goes on with it")
    if folder.exists() and not folder.is_dir():
        raise TrainingError(f"{folder}: a cross-validation must have a folder of its own, received a file")
    job = Job(folder, recipe, folds, _now(), start)
    folder.mkdir(parents=True, exist_ok=True)
    save_folds(folds, job.folds_file)
    if start is not None:
        start.keep(folder, weights=True)
    values = {
        "schema": SCHEMA,
        "created": job.created,
        "folds": folds.sha256,
        "recipe": recipe.model_dump(mode="json"),
        "start": None if start is None else start.description,
    }
    write_text(folder / JOB_FILE, json.dumps(values, indent=2, ensure_ascii=False) + "\n")
    return job


def resume_job(folder: Path, recipe: Recipe | None = None, folds: Folds | None = None) -> Job:
    """Go on with the cross-validation in a folder.

    Parameters
    ----------
    folder : Path
    recipe : Recipe, optional
        Must be the one it was started with, where it is given.
    folds : Folds, optional
        Likewise.

    Raises
    ------
    TrainingError
        If there is none, its description is damaged, or recipe, folds or the weights it started from are others.
    SplitError
        If the copy of the folds was altered.
    RecipeError
        If this version of gliascope does not know a key of its recipe.
    """
    values = _read(folder)
    kept = load_folds(folder / FOLDS_FILE)
    own = recipe_from_dict(values["recipe"], str(folder / JOB_FILE))
    start = read_start(folder)
    changed = [
        name
        for name, same in (
            ("recipe", recipe in (None, own)),
            ("folds", kept.sha256 == values["folds"] and (folds is None or folds.sha256 == kept.sha256)),
            ("start", values.get("start") == (None if start is None else start.description)),
        )
        if not same
    ]
    if changed:
        raise TrainingError(
            f"{folder}: a cross-validation goes on with what it was started with, changed: {', '.join(changed)}"
        )
    return Job(folder, own, kept, values["created"], start)


def _read(folder: Path) -> dict[str, Any]:
    path = folder / JOB_FILE
    if not path.exists():
        raise TrainingError(f"{folder}: nothing to go on with, {JOB_FILE} is missing")
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TrainingError(f"{path}: not a cross-validation's description ({error})") from error
    if not isinstance(values, dict) or values.get("schema") != SCHEMA:
        received = values.get("schema") if isinstance(values, dict) else type(values).__name__
        raise TrainingError(
            f"{path}: a cross-validation's description must have the schema {SCHEMA}, received {received}"
        )
    missing = {"created", "folds", "recipe"} - set(values)
    if missing:
        raise TrainingError(f"{path}: not a cross-validation's description, missing: {', '.join(sorted(missing))}")
    return values


def _now() -> str:
    fixed = os.environ.get(EPOCH_VARIABLE)
    try:
        moment = datetime.fromtimestamp(int(fixed), UTC) if fixed else datetime.now(UTC)
    except (ValueError, OverflowError, OSError):
        raise TrainingError(f"{EPOCH_VARIABLE} must be seconds since 1970, received {fixed}") from None
    return moment.isoformat(timespec="seconds")
