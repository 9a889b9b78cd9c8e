"""From a split's names to the folders on disk."""

from __future__ import annotations

from pathlib import Path

from gliascope.dataset.layout import PatientFolder, patients
from gliascope.dataset.split import SIDES, Split
from gliascope.errors import SplitError


def side_patients(split: Split, side: str, root: str | Path) -> list[PatientFolder]:
    """Find the patients' folders of one side of a split.

    Parameters
    ----------
    split : Split
    side : str
        ``train``, ``validation`` or ``test``.
    root : path
        A data set in the LGG layout; it may hold more folders than the split names.

    Returns
    -------
    list of PatientFolder
        In natural order of their names.

    Raises
    ------
    SplitError
        If there is no such side, it is empty, or one of its folders is not in the data set.
    InputError
        If the folder is no data set.
    """
    if side not in SIDES:
        raise SplitError(f"side must be one of {', '.join(SIDES)}, received {side!r}")
    names: tuple[str, ...] = getattr(split, side)
    if not names:
        raise SplitError(f"the {side} side of the split must have patients, received none")
    known = {one.name: one for one in patients(root)}
    missing = sorted(set(names) - set(known))
    if missing:
        raise SplitError(
            f"{root}: every patient of the split's {side} side must be there, {len(missing)} of {len(names)} are not: "
            f"{', '.join(missing[:3])}{', ...' if len(missing) > 3 else ''}"
        )
    return [one for name, one in known.items() if name in names]
