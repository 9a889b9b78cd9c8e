"""Splits and folds as JSON files that show every edit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gliascope.dataset.members import FOLDS_SCHEMA, SIDES, SPLIT_SCHEMA, Folds, Split, digest
from gliascope.dataset.rules import check_folds, check_split
from gliascope.errors import SplitError

__all__ = ["SIDES", "Folds", "Split", "check_split", "load_folds", "load_split", "save_folds", "save_split"]


def save_split(split: Split, path: str | Path, *, replace: bool = True) -> None:
    """Write a split as JSON, with its digest.

    Parameters
    ----------
    split : Split
    path : path
    replace : bool
        Whether another file that is there may be lost; the same split may always be written again.

    Raises
    ------
    SplitError
        If the split breaks a rule of `check_split`, another file is there and may not be replaced, or the
        file cannot be written.
    """
    check_split(split, str(path))
    _write(split.content(), Path(path), replace)


def save_folds(folds: Folds, path: str | Path, *, replace: bool = True) -> None:
    """Write folds as JSON, with their digest; see `save_split`.

    Raises
    ------
    SplitError
        As for `save_split`, by the rules of `gliascope.dataset.rules.check_folds`.
    """
    check_folds(folds, str(path))
    _write(folds.content(), Path(path), replace)


def load_split(path: str | Path, fold: int | None = None) -> Split:
    """Read a split, or one fold of a file of folds, and check it.

    Parameters
    ----------
    path : path
        A file of `save_split` or `save_folds`.
    fold : int, optional
        Number of the fold, from 0: required with a file of folds, refused with any other.

    Returns
    -------
    Split

    Raises
    ------
    SplitError
        If the file is neither a split nor folds, was altered since it was made, breaks a rule of `check_split`, or
        `fold` does not suit it.
    """
    content = _read(Path(path))
    if content.get("schema") == FOLDS_SCHEMA:
        splits = _folds(content, str(path)).splits
        if fold is None or not 0 <= fold < len(splits):
            received = "none" if fold is None else fold
            raise SplitError(
                f"{path}: it holds {len(splits)} folds, a fold from 0 to {len(splits) - 1} must be named (--fold), "
                f"received {received}"
            )
        return splits[fold]
    if fold is not None:
        raise SplitError(f"{path}: a fold is named with a file of folds alone, received fold {fold} of one split")
    return _split(content, str(path))


def load_folds(path: str | Path) -> Folds:
    """Read all folds of a file and check them.

    Returns
    -------
    Folds

    Raises
    ------
    SplitError
        If the file holds no folds, was altered since it was made, or breaks a rule of
        `gliascope.dataset.rules.check_folds`.
    """
    content = _read(Path(path))
    if content["schema"] != FOLDS_SCHEMA:
        raise SplitError(f"{path}: folds must have the schema {FOLDS_SCHEMA}, received {content['schema']}")
    return _folds(content, str(path))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SplitError(f"{path}: a split must be a JSON file, received {error}") from error
    if not isinstance(content, dict) or content.get("schema") not in (SPLIT_SCHEMA, FOLDS_SCHEMA):
        received = content.get("schema") if isinstance(content, dict) else type(content).__name__
        raise SplitError(f"{path}: a split must have the schema {SPLIT_SCHEMA} or {FOLDS_SCHEMA}, received {received}")
    return content


def _write(content: dict[str, Any], path: Path, replace: bool) -> None:
    if path.is_dir():
        raise SplitError(f"{path}: a split must be written to a file, received a folder")
    if path.exists() and not replace and not _holds(path, content):
        raise SplitError(
            f"{path}: a split must not replace another unless told to, received a file that differs (--force)"
        )
    text = json.dumps(content | {"sha256": digest(content)}, indent=2, ensure_ascii=True) + "\n"
    try:
        beside = path.with_name(f".{path.name}.part")
        beside.write_text(text, encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise SplitError(f"{path}: a split must be written to a file, received {error}") from error


def _holds(path: Path, content: dict[str, Any]) -> bool:
    try:
        return _read(path) == content | {"sha256": digest(content)}
    except SplitError:
        return False


def _split(content: dict[str, Any], origin: str) -> Split:
    try:
        fold = content.get("fold")
        split = Split(
            **_sides(content["sides"]),
            strategy=str(content["strategy"]),
            seed=int(content["seed"]),
            test_fraction=float(content["test_fraction"]),
            validation_fraction=float(content["validation_fraction"]),
            hold_out=tuple(str(one) for one in content["hold_out"]),
            fold=None if fold is None else int(fold),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise SplitError(f"{origin}: a split must have all its keys, received a fault at {error}") from error
    _check_whole(split.content(), content, origin)
    check_split(split, origin)
    return split


def _folds(content: dict[str, Any], origin: str) -> Folds:
    try:
        held = tuple(str(one) for one in content["hold_out"])
        splits = tuple(
            Split(
                **_sides(sides),
                seed=int(content["seed"]),
                test_fraction=1 / len(content["folds"]),
                validation_fraction=float(content["validation_fraction"]),
                hold_out=held,
                fold=number,
            )
            for number, sides in enumerate(content["folds"])
        )
        always = tuple(str(one) for one in content.get("always", ()))
        folds = Folds(splits, splits[0].seed, held, always)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise SplitError(f"{origin}: folds must have all their keys, received a fault at {error}") from error
    _check_whole(folds.content(), content, origin)
    check_folds(folds, origin)
    return folds


def _sides(sides: dict[str, Any]) -> dict[str, Any]:
    return {side: tuple(str(name) for name in sides[side]) for side in SIDES}


def _check_whole(made: dict[str, Any], content: dict[str, Any], origin: str) -> None:
    """Compare what was understood with what was read, digest and all: nothing may be added, lost or changed."""
    if made | {"sha256": digest(made)} != content:
        raise SplitError(
            f"{origin}: a split must be as it was made, received content that does not match its sha256 "
            f"{content.get('sha256')}"
        )
