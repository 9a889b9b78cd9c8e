"""The training table of the classic image pipelines: a row a slice, its label a string, no patient in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gliascope.dataset.layout import PatientStatistics, measure_patient
from gliascope.dataset.members import SIDES, Split
from gliascope.dataset.sides import side_patients, side_statistics
from gliascope.errors import InputError, require_extra

if TYPE_CHECKING:
    from pandas import DataFrame

LABELS: Final = ("no tumour", "tumour")
"""Categories of the column ``tumour``, as strings: Keras' loaders take no other labels for classes."""

COLUMNS: Final = ("image", "mask", "tumour")


def training_table(split: Split, side: str, root: str | Path) -> DataFrame:
    """List the slices of one side of a split, for a loader of images and labels.

    Parameters
    ----------
    split : Split
    side : str
        ``train``, ``validation`` or ``test``.
    root : path
        A data set in the LGG layout.

    Returns
    -------
    pandas.DataFrame
        One row a slice, in natural order: ``image`` and ``mask``, paths below `root` with ``/`` between the parts, and
        ``tumour``, a category of the strings in `LABELS`. It has no patient column: who is on which side is the
        split's affair, and a number of a patient is nothing to learn from.

    Raises
    ------
    MissingExtra
        If pandas is not installed.
    SplitError
        If there is no such side, it is empty, or one of its members is not in the data set.
    InputError
        If a file cannot be used or a slice has no mask.
    """
    require_extra("a training table", "data", "pandas")
    return _frame([measure_patient(folder) for folder in side_patients(split, side, root)], Path(root))


def write_tables(
    split: Split, measured: Sequence[PatientStatistics], root: str | Path, folder: Path, *, replace: bool = True
) -> list[Path]:
    """Write the table of every side as ``train.csv``, ``validation.csv`` and ``test.csv``.

    Parameters
    ----------
    split : Split
    measured : sequence of PatientStatistics
        The whole data set.
    root : path
        Where it lies.
    folder : Path
        Made here. The table of an empty side has no rows.
    replace : bool
        Whether other files of these names may be lost; the same tables may always be written again.

    Returns
    -------
    list of Path

    Raises
    ------
    MissingExtra
        If pandas is not installed.
    InputError
        If a slice has no mask, or a file is there and may not be replaced.
    """
    require_extra("a training table", "data", "pandas")
    texts = {
        folder / f"{side}.csv": _frame(side_statistics(split, side, measured), Path(root)).to_csv(
            index=False, lineterminator="\n"
        )
        for side in SIDES
    }
    for path, text in texts.items():
        if not replace and path.exists() and path.read_bytes() != text.encode():
            raise InputError(f"{path}: a table must not replace another file unless told to, received one (--force)")
    folder.mkdir(parents=True, exist_ok=True)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    return list(texts)


def _frame(measured: Iterable[PatientStatistics], root: Path) -> DataFrame:
    import pandas as pd

    rows = []
    for each in (each for one in measured for each in one.each):
        if each.mask is None:
            raise InputError(f"{each.image}: a training slice must have a mask, received none")
        label = LABELS[each.tumour_px > 0]
        rows.append((each.image.relative_to(root).as_posix(), each.mask.relative_to(root).as_posix(), label))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.assign(tumour=pd.Categorical(frame["tumour"], categories=list(LABELS)))
