"""Slices of different patients that look the same though their pixels differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gliascope.dataset.check.facts import FolderFacts, Slice
from gliascope.dataset.check.thumbnails import SIDE

LIMIT: Final = 0.94
"""Correlation from which slices of different patients are told. Of all pairs of slices of the 88 patients at hand the
highest has 0.906, while a slice that was saved again as JPEG, moved, brightened, blurred or made noisy is mostly above:
docs/decisions/0054-slices-that-look-the-same.md has the figures."""

BLOCK: Final = 512
"""Slices compared at a time: two blocks of thumbnails as float32 take 17 MB."""


@dataclass(frozen=True)
class Alike:
    """Two folders whose slices look the same.

    Attributes
    ----------
    first, second : Slice
        The most similar pair.
    correlation : float
        Pearson's, of their thumbnails.
    pairs : int
        Pairs of slices of these folders at or above `LIMIT`.
    """

    first: Slice
    second: Slice
    correlation: float
    pairs: int


@dataclass(frozen=True, eq=False)
class _Pool:
    """The thumbnails of all folders: pictures, and for each its folder, its patient and its slice."""

    pictures: NDArray[np.uint8]
    folder: NDArray[np.int64]
    patient: NDArray[np.int64]
    slices: tuple[Slice, ...]

    def vectors(self, start: int) -> NDArray[np.float32]:
        """One block as vectors of mean 0 and length 1: their product is Pearson's correlation."""
        values = self.pictures[start : start + BLOCK].reshape(-1, SIDE * SIDE).astype(np.float32)
        values -= values.mean(axis=1, keepdims=True)
        values /= np.maximum(np.linalg.norm(values, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        return values


def find_alike(
    folders: Sequence[FolderFacts], advance: Callable[[int, int], None] = lambda _done, _total: None
) -> list[Alike]:
    """Compare every slice with every slice of the other patients.

    Parameters
    ----------
    folders : sequence of FolderFacts
    advance : callable
        Called after each block of slices: how many blocks are done, how many there are.

    Returns
    -------
    list of Alike
        At most one for each two folders of different patients, the most similar first.
    """
    pool = _pool(folders)
    starts = range(0, len(pool.folder), BLOCK)
    found: dict[tuple[int, int], Alike] = {}
    for done, start in enumerate(starts, start=1):
        for one, two, correlation in _pairs(pool, start, starts[done - 1 :]):
            key = (int(pool.folder[one]), int(pool.folder[two]))
            pair = Alike(pool.slices[one], pool.slices[two], correlation, 1)
            before = found.get(key)
            if before is not None:
                best = max(before, pair, key=lambda alike: alike.correlation)
                pair = replace(best, pairs=before.pairs + 1)
            found[key] = pair
        advance(done, len(starts))
    return sorted(found.values(), key=lambda alike: -alike.correlation)


def _pairs(pool: _Pool, start: int, others: Iterable[int]) -> Iterator[tuple[int, int, float]]:
    """Pairs of a block with itself and with later blocks that reach `LIMIT`; each pair once."""
    mine = pool.vectors(start)
    patients = pool.patient[start : start + BLOCK]
    for other in others:
        values = mine @ (mine if other == start else pool.vectors(other)).T
        values[patients[:, np.newaxis] == pool.patient[other : other + BLOCK]] = 0
        for row, column in np.argwhere(values >= LIMIT):
            one, two = start + int(row), other + int(column)
            if one < two:
                yield one, two, float(values[row, column])


def _pool(folders: Sequence[FolderFacts]) -> _Pool:
    numbers = {name: number for number, name in enumerate(dict.fromkeys(one.patient for one in folders))}
    counts = [len(one.thumbnail_of) for one in folders]
    empty = np.zeros((0, SIDE, SIDE), dtype=np.uint8)
    return _Pool(
        pictures=np.concatenate([empty, *(one.thumbnails for one in folders)]),
        folder=np.repeat(np.arange(len(folders)), counts),
        patient=np.repeat(np.array([numbers[one.patient] for one in folders], dtype=np.int64), counts),
        slices=tuple(one.slices[place] for one in folders for place in one.thumbnail_of),
    )
