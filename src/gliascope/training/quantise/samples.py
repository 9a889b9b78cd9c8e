"""Slices of training patients: those that ranges are measured on, and those that results are compared on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gliascope.dataset.layout import PatientFolder
from gliascope.dataset.sides import side_patients
from gliascope.dataset.split import Split
from gliascope.errors import InputError
from gliascope.prepare import prepare
from gliascope.read import read_case
from gliascope.recipe import Preparation


@dataclass(frozen=True, eq=False)
class Samples:
    """Prepared slices of two sets of training patients, no patient in both.

    Attributes
    ----------
    ranges : ndarray, float32, shape (slice, size, size, channel)
        The tensors' ranges are measured on these.
    checked : ndarray, float32, shape (slice, size, size, channel)
        Results are compared on these, half of them with tumour.
    patients : tuple of str
        Whose slices they are.
    """

    ranges: NDArray[np.float32]
    checked: NDArray[np.float32]
    patients: tuple[str, ...]


def draw_samples(
    data: Path,
    split: Split,
    preparation: Preparation,
    *,
    slices: int,
    checked: int,
    seed: int = 0,
    advance: Callable[[str], None] = lambda _name: None,
) -> Samples:
    """Draw slices of a split's training patients; validation and test patients are never opened.

    Parameters
    ----------
    data : Path
        A data set in the LGG layout, with true masks.
    split : Split
    preparation : Preparation
    slices, checked : int
        How many slices of either kind.
    seed : int
    advance : callable
        Called with the name of each patient that was read.

    Returns
    -------
    Samples

    Raises
    ------
    InputError
        If there are fewer than two patients, a file cannot be used or no slice shows a tumour.
    """
    folders = side_patients(split, "train", data)
    if len(folders) < 2:
        raise InputError(f"{data}: at least two training patients are needed, received {len(folders)}")
    random = np.random.default_rng(seed)
    order = [folders[place] for place in random.permutation(len(folders))]
    middle = len(order) // 2
    draw = _Draw(preparation, random, advance)
    first = draw(order[:middle], slices)
    tumour = draw(order[middle:], checked - checked // 2, tumour=True)
    empty = draw(order[middle:], checked // 2, tumour=False)
    if not len(tumour):
        raise InputError(f"{data}: no slice of the training patients that are compared shows a tumour")
    return Samples(first, np.concatenate([tumour, empty]), tuple(sorted(one.name for one in order)))


@dataclass(frozen=True)
class _Draw:
    preparation: Preparation
    random: np.random.Generator
    advance: Callable[[str], None]

    def __call__(
        self, folders: Sequence[PatientFolder], count: int, *, tumour: bool | None = None
    ) -> NDArray[np.float32]:
        """About equally many slices of each patient, `count` at most; with or without tumour, or of both kinds."""
        each = -(-count // len(folders))
        found = []
        for folder in folders:
            case = read_case(folder.files)
            if case.problems:
                raise InputError(f"{case.problems[0].path}: {case.problems[0].message}")
            images = np.concatenate([prepare(scan, self.preparation).images for scan in case.scans])
            shows = np.array([one is not None and bool(one.pixels.any()) for one in case.truths])
            fit = np.arange(len(images)) if tumour is None else np.flatnonzero(shows == tumour)
            found.append(images[np.sort(self.random.permutation(fit)[:each])])
            self.advance(folder.name)
        return np.concatenate(found)[:count]
