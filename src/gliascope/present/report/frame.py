"""What a scan's geometry lets a report say: where left and right are, how large a pixel is, where a slice lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from gliascope.geometry import LETTERS, obliquity, orientation, spacing, to_world
from gliascope.scan import Scan

UNKNOWN: Final = "orientation unknown"
"""What stands in place of the letters."""
TILTED: Final = 1.0
"""Degrees between the slices' axes and the patient's from which a report tells the angle."""


@dataclass(frozen=True)
class Edges:
    """Which side of the patient each edge of a slice is: ``R``, ``L``, ``A``, ``P``, ``I`` or ``S``."""

    left: str
    right: str
    top: str
    bottom: str

    @property
    def sides(self) -> dict[str, str]:
        """Where the patient's right and left are on the picture, such as ``{"R": "left", "L": "right"}``."""
        edges = {"left": self.left, "right": self.right, "top": self.top, "bottom": self.bottom}
        return {letter: edge for edge, letter in edges.items() if letter in "RL"}


@dataclass(frozen=True)
class Frame:
    """What is known about the slices of one scan.

    Attributes
    ----------
    edges : Edges or None
        None where the input does not say where left and right are.
    pixel_mm : tuple of float, or None
        Width and height of a pixel; None where the input has no spacing.
    tilt : float or None
        Largest angle between the slices' axes and the patient's, in degrees.
    positions : tuple of str
        Where each slice lies: ``z 12.5 mm`` (towards the head, in the scan's coordinates), or from the first slice
        where the orientation is unknown; empty texts where nothing is known.
    """

    edges: Edges | None
    pixel_mm: tuple[float, float] | None
    tilt: float | None
    positions: tuple[str, ...]


def frame_of(scan: Scan) -> Frame:
    """Gather what a scan says about its slices; nothing is asserted that the input does not hold.

    Parameters
    ----------
    scan : Scan

    Returns
    -------
    Frame
    """
    nothing = ("",) * len(scan)
    if not scan.has_geometry:
        return Frame(None, None, None, nothing)
    edges = spacing(scan.affine)
    pixel = (float(edges[0]), float(edges[1]))
    if scan.volume is None or not scan.volume.is_oriented:
        from_first = (f"{place * edges[2]:.1f} mm from the first slice" for place in range(len(scan)))
        return Frame(None, pixel, None, tuple(from_first))
    _, rows, columns = scan.pixels.shape[:3]
    middles = to_world(scan.affine, [((columns - 1) / 2, (rows - 1) / 2, place) for place in range(len(scan))])
    levels = np.round(middles[:, 2], 1) + 0.0  # no minus zero
    return Frame(
        _edges(scan),
        pixel,
        obliquity(scan.affine),
        tuple(f"z {z:.1f} mm" for z in levels),
    )


def _edges(scan: Scan) -> Edges:
    opposite = {letter: pair[1 - place] for pair in LETTERS for place, letter in enumerate(pair)}
    code = orientation(scan.affine)
    right, bottom = code[0], code[1]
    return Edges(left=opposite[right], right=right, top=opposite[bottom], bottom=bottom)
