"""Making the classic split by slice, which leaks: kept to show what the leak is worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from gliascope.dataset.layout import PatientStatistics, measure_patient, patients
from gliascope.dataset.members import BY_SLICE, Split
from gliascope.dataset.sides import slice_name
from gliascope.dataset.split import by_patient, check_shares, held_out, names_of
from gliascope.dataset.stratify import draw
from gliascope.errors import SplitError


def make_slice_split(
    root: str | Path,
    *,
    test: float = 0.25,
    validation: float = 0.15,
    seed: int = 0,
    hold_out: Sequence[str] = (),
) -> Split:
    """Split a data set by slice, stratified by whether a slice shows tumour: `gliascope.dataset.members.LEAK`.

    Parameters
    ----------
    root : path
        A data set in the LGG layout, a file for each slice.
    test : float
        Share of the slices on the test side, above 0 and below 1.
    validation : float
        Share of the remaining slices used to choose checkpoint and thresholds, 0 to below 1.
    seed : int
        The same seed gives the same split, in whatever order the disk lists the files.
    hold_out : sequence of str
        Patients or folders all of whose slices must be on the test side.

    Returns
    -------
    Split
        By slice. Each side holds its share of the slices with tumour and of those without, to the nearest slice, and
        at least one of each kind where it was asked for and there are three or more.

    Raises
    ------
    SplitError
        If a share is out of range, a held-out patient is not there, a file holds several slices, or nothing is left to
        train.
    InputError
        If the folder is no data set or a file in it cannot be used.
    """
    measured = [measure_patient(folder) for folder in patients(root)]
    return split_slices(measured, test=test, validation=validation, seed=seed, hold_out=hold_out)


def split_slices(
    measured: Iterable[PatientStatistics],
    *,
    test: float = 0.25,
    validation: float = 0.15,
    seed: int = 0,
    hold_out: Sequence[str] = (),
) -> Split:
    """Split the slices of folders that have been measured; see `make_slice_split`."""
    check_shares(test, validation)
    folders = by_patient(measured)
    held = set(names_of(held_out(folders, hold_out), folders))
    tumour = _slices(one for mine in folders.values() for one in mine)
    forced = frozenset(one for one in tumour if one.partition("/")[0] in held)
    tested = _choose(tumour, test, f"{seed}:test", forced)
    rest = {one: kind for one, kind in tumour.items() if one not in tested}
    validated = _choose(rest, validation, f"{seed}:validation")
    trained = rest.keys() - validated
    if not trained:
        raise SplitError(f"at least one slice must be left to train, received {len(rest)} that are not tested")
    return Split(
        train=tuple(sorted(trained)),
        validation=tuple(sorted(validated)),
        test=tuple(sorted(tested)),
        strategy=BY_SLICE,
        seed=seed,
        test_fraction=test,
        validation_fraction=validation,
        hold_out=tuple(sorted(set(hold_out))),
    )


def _slices(measured: Iterable[PatientStatistics]) -> dict[str, bool]:
    """Name every slice, and say whether it shows tumour."""
    named = [(slice_name(one.folder.name, each.image), each.tumour_px > 0) for one in measured for each in one.each]
    (most, count) = Counter(name for name, _ in named).most_common(1)[0]
    if count > 1:
        raise SplitError(f"{most}: a split by slice must have a file for each slice, received one with {count}")
    return dict(named)


def _choose(tumour: dict[str, bool], share: float, seed: str, forced: frozenset[str] = frozenset()) -> frozenset[str]:
    """Choose a share of the slices with tumour and of those without; one of each at least, and not all."""
    chosen = set(forced)
    for kind in (True, False):
        mine = sorted((one for one, shows in tumour.items() if shows is kind), key=lambda one: draw(seed, one))
        wanted = round(share * len(mine))
        if share > 0 and len(mine) > 2:
            wanted = min(max(wanted, 1), len(mine) - 1)
        free = [one for one in mine if one not in forced]
        chosen.update(free[: max(0, wanted - (len(mine) - len(free)))])
    return frozenset(chosen)
