"""The whole state of a training stage on disk, replaced in one move."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import TrainingError

if TYPE_CHECKING:
    import keras


def stage_variables(model: keras.Model) -> list[Any]:
    """Variables that decide how training goes on: weights, statistics, random states, optimiser."""
    return [*model.variables, *model.optimizer.variables]


def snapshot(variables: Sequence[Any]) -> list[NDArray[Any]]:
    """Copy the values of Keras variables.

    Returns
    -------
    list of ndarray
        One a variable, in its own shape and type.
    """
    from keras import ops

    return [np.array(ops.convert_to_numpy(ops.copy(one))) for one in variables]


def restore(variables: Sequence[Any], values: Sequence[NDArray[Any]]) -> None:
    """Put values back into Keras variables, in the same order as `snapshot` took them.

    Raises
    ------
    TrainingError
        If number or shapes differ: the values belong to another network. Nothing is changed then.
    """
    if len(variables) != len(values):
        raise TrainingError(f"a checkpoint must hold {len(variables)} variables, received {len(values)}")
    for variable, value in zip(variables, values, strict=True):
        if tuple(variable.shape) != value.shape:
            raise TrainingError(f"{variable.path}: shape must be {tuple(variable.shape)}, received {value.shape}")
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def save_values(path: Path, values: Sequence[NDArray[Any]], epoch: int) -> None:
    """Write values beside `path` and move them into place, so that a killed run keeps the previous file.

    Parameters
    ----------
    path : Path
    values : sequence of ndarray
    epoch : int
        Number of epochs that are behind these values.

    Raises
    ------
    TrainingError
        If the disk is full or the folder cannot be written; the previous file stays.
    """
    temporary = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            named: dict[str, Any] = {f"v{i:04d}": one for i, one in enumerate(values)}
            np.savez(stream, epoch=np.int64(epoch), **named)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except OSError as error:
        raise TrainingError(
            f"{path}: the checkpoint could not be written ({error}); the previous one is kept"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def load_values(path: Path) -> tuple[list[NDArray[Any]], int]:
    """Read what `save_values` wrote.

    Returns
    -------
    values : list of ndarray
    epoch : int

    Raises
    ------
    TrainingError
        If the file is missing or damaged.
    """
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            return _values(stored), int(stored["epoch"])
    except (OSError, ValueError, KeyError, EOFError, RuntimeError, zipfile.BadZipFile) as error:
        raise TrainingError(f"{path}: not a readable checkpoint ({error})") from error


def _values(stored: Any) -> list[NDArray[Any]]:
    names = sorted(one for one in stored.files if one != "epoch")
    if len(set(names)) != len(names):
        raise ValueError("two values have one name")
    return [stored[one] for one in names]
