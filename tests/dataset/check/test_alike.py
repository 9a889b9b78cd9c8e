from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gliascope.dataset.check import alike
from gliascope.dataset.check.alike import LIMIT, find_alike
from gliascope.dataset.check.facts import FolderFacts, Slice
from gliascope.dataset.check.thumbnails import SIDE


def folder(name: str, patient: str, pictures: list[NDArray[np.float64]]) -> FolderFacts:
    slices = tuple(
        Slice(Path(name, f"{number}.tif"), 0, (96, 96, 3, "uint8"), f"{name}{number}", blank=False)
        for number in range(len(pictures) + 1)
    )
    values = np.stack([np.clip(one, 0, 255).astype(np.uint8) for one in pictures])
    return FolderFacts(name, patient, Path(name), slices, values, tuple(range(1, len(pictures) + 1)))


def noise(seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(40, 200, (SIDE, SIDE))


def mixed(base: NDArray[np.float64], seed: int, share: float) -> NDArray[np.float64]:
    """A picture whose correlation with `base` is about `share`."""
    return np.asarray(120 + share * (base - 120) + math.sqrt(1 - share**2) * (noise(seed) - 120))


@pytest.mark.parametrize("block", [1, 2, 3, 512])
def test_pairs_are_found_whatever_the_blocks(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alike, "BLOCK", block)
    base, other = noise(0), noise(1)
    folders = [
        folder("a", "a", [noise(2), base, other]),
        folder("b", "b", [mixed(base, 3, 0.97), noise(4)]),
        folder("c", "c", [noise(5), mixed(other, 6, 0.96), mixed(base, 7, 0.99)]),
    ]
    found = find_alike(folders)
    pairs = {(str(one.first.path), str(one.second.path)): one for one in found}
    assert set(pairs) == {("a/2.tif", "b/1.tif"), ("a/2.tif", "c/3.tif"), ("b/1.tif", "c/3.tif")}
    assert pairs["a/2.tif", "c/3.tif"].pairs == 2
    assert pairs["a/2.tif", "c/3.tif"].correlation == pytest.approx(0.99, abs=0.005)
    assert found[0].correlation == max(one.correlation for one in found)


def test_the_limit_holds_to_the_second_decimal() -> None:
    base = noise(0)
    near, far = mixed(base, 1, LIMIT + 0.01), mixed(base, 1, LIMIT - 0.01)
    assert len(find_alike([folder("a", "a", [base]), folder("b", "b", [near])])) == 1
    assert find_alike([folder("a", "a", [base]), folder("b", "b", [far])]) == []


def test_the_correlation_is_pearson_s() -> None:
    base = noise(0)
    other = mixed(base, 1, 0.98)
    one, two = folder("a", "a", [base]), folder("b", "b", [other * 0.8 + 30])
    (found,) = find_alike([one, two])
    expected = np.corrcoef(one.thumbnails.ravel(), two.thumbnails.ravel())[0, 1]
    assert found.correlation == pytest.approx(expected, abs=1e-5)


def test_folders_of_one_patient_and_flat_pictures_are_not_compared() -> None:
    base, flat = noise(0), np.full((SIDE, SIDE), 90.0)
    assert find_alike([folder("a", "p", [base, flat]), folder("b", "p", [base]), folder("c", "q", [flat])]) == []


def test_nothing_to_compare() -> None:
    assert find_alike([]) == []
