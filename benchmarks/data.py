"""The patients that are measured: those of a data set, or phantoms with as many slices as real ones have."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from gliascope.phantom import make_phantom, write_phantom

SLICES: Final = (20, 24, 28, 36, 40, 56)
"""Slices of phantoms in turn; the LGG patients have 20 to 88, 36 on average."""


def patients_of(folder: Path, count: int) -> list[Path]:
    """Pick folders of patients, evenly over all in the order of their names.

    Raises
    ------
    ValueError
        If the folder holds none.
    """
    found = sorted(one for one in folder.iterdir() if one.is_dir() and any(one.glob("*.tif")))
    if not found:
        raise ValueError(f"{folder}: folders of patients with .tif slices are needed, received none")
    return spaced(found, count)


def spaced(items: Sequence[Path], count: int) -> list[Path]:
    """Pick `count` items evenly; all, where there are no more."""
    places = np.linspace(0, len(items) - 1, min(count, len(items))).round().astype(int)
    return [items[place] for place in dict.fromkeys(places.tolist())]


def draw_phantoms(folder: Path, count: int) -> list[Path]:
    """Write phantoms with lesions; the same every time."""
    return [
        write_phantom(make_phantom(seed, slices=SLICES[seed % len(SLICES)]), folder / "phantoms")
        for seed in range(count)
    ]
