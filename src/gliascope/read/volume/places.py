"""Are two volumes of one head on the same grid? Compared only by what both headers say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from gliascope.geometry import Grid, spacing

SAME_PLACE: Final = 0.01
"""Millimetres within which two grids are one."""
SAME_EDGE: Final = 0.01
"""Share of a voxel's edge within which two edges are one, where nothing else is known of the places."""
UNPLACED: Final = "where either file has no spacing or no orientation"
SAME_ORDER: Final = (
    "spacing or orientation is missing in this file or the reference; voxels are taken to lie on the reference's, in "
    "the order of the file"
)


def is_same_grid(one: Grid, other: Grid, *, has_places: bool, has_spacing: bool) -> bool:
    """Tell whether the voxels of two volumes lie on each other.

    Parameters
    ----------
    one, other : Grid
    has_places : bool
        Whether both have spacing and orientation. Otherwise equal voxels, in the order of the files, are taken to lie
        on each other.
    has_spacing : bool
        Whether both have spacing.

    Returns
    -------
    bool
    """
    if has_places or one.shape != other.shape:
        return has_places and one.is_at(other, SAME_PLACE)
    return not has_spacing or bool(np.allclose(spacing(one.affine), spacing(other.affine), rtol=SAME_EDGE, atol=0))


def size_text(grid: Grid, *, has_spacing: bool) -> str:
    """Spell a grid's size, with its spacing where that is known."""
    edges = f" of {_by(f'{one:.3g}' for one in spacing(grid.affine))} mm" if has_spacing else ""
    return _by(str(one) for one in grid.shape) + edges


def _by(lengths: Iterable[str]) -> str:
    return " x ".join(lengths)
