"""What gliascope says about a case: frozen values, and their JSON form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.rules import OperatingPoint
from gliascope.scan import Problem, Source

Verdict = Literal["tumour", "no tumour", "not assessable"]

Reason = Literal[
    "blank", "saturated", "few levels", "no background", "no head", "no FLAIR", "plane", "contrast", "unlike"
]
"""Why a slice or a case is not assessable."""

REASONS: Final[dict[Reason, str]] = {
    "blank": "nothing to be seen: every pixel has the same value",
    "saturated": "more than half of what is seen has the highest value: the image is saturated",
    "few levels": "too few grey levels for an image: it may be a mask or a drawing",
    "no background": "no dark background around a head: what is seen fills the image to its border",
    "no head": "nothing large enough to be a head",
    "no FLAIR": "no FLAIR: the networks were made for scans with FLAIR",
    "plane": "like a sagittal or coronal section, or not a whole head; axial sections are needed",
    "contrast": "like a head whose contrast is not that of FLAIR",
    "unlike": "unlike an axial section of a head",
}
"""The reasons as they are told."""

SCHEMA: Final = "gliascope.finding/1"
"""Name and version of the JSON form; the number rises when a key changes its meaning or goes."""


@dataclass(frozen=True, eq=False)
class Detection:
    """The classifier's word on each slice of a scan.

    Attributes
    ----------
    probability : ndarray, float32, shape (slice,)
        Probability of tumour, 0 to 1, calibrated where the bundle holds a calibration.
    positive : ndarray, bool, shape (slice,)
        True where the probability reaches the threshold.
    threshold : float
    raw : ndarray, float32, shape (slice,), or None
        The probability before calibration.
    beside : ndarray, float64, shape (slice,), or None
        Mean logit of the neighbours' raw probabilities; NaN where a slice stands alone.
    """

    probability: NDArray[np.float32]
    positive: NDArray[np.bool_]
    threshold: float
    raw: NDArray[np.float32] | None = None
    beside: NDArray[np.float64] | None = None


@dataclass(frozen=True)
class SoftAreas:
    """How sure the segmenter is of an outline: sums over its pixel probabilities, in pixels.

    Attributes
    ----------
    expected : float
        Sum of all probabilities: the area that they promise.
    inside : float
        The part of it inside the outline.
    wide, narrow : int
        Pixels with a probability of 0.1 or more, and of 0.9 or more.
    """

    expected: float
    inside: float
    wide: int
    narrow: int


@dataclass(frozen=True)
class Uncertainty:
    """How sure a volume's outline is.

    Attributes
    ----------
    spread : float
        Logarithm of the area at a low over the area at a high threshold (`gliascope.segment.soft.spread_of`).
    low, high : float
        What the area, or the volume, is to be multiplied by for the ends of its interval; NaN where nothing is
        outlined.
    level : float
        Share of the patients whose true volume such an interval is to hold.
    needs_review : bool
        Whether somebody should look at the outline before it is used.
    """

    spread: float
    low: float
    high: float
    level: float
    needs_review: bool


@dataclass(frozen=True, eq=False)
class Segmentation:
    """The outline of each slice of a scan, in the scan's own rows and columns.

    Attributes
    ----------
    mask : ndarray, bool, shape (slice, row, column)
    probability : ndarray, float32, shape (slice, row, column), or None
        Kept on request only.
    threshold : float
    soft : mapping of int to SoftAreas
        By the place of each slice that was segmented.
    """

    mask: NDArray[np.bool_]
    probability: NDArray[np.float32] | None
    threshold: float
    soft: Mapping[int, SoftAreas] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SliceFinding:
    """What is said about one slice.

    Attributes
    ----------
    source : Source
    probability : float
        Probability of tumour, 0 to 1, calibrated; NaN where the slice is not assessable.
    verdict : str
    mask : ndarray, bool, shape (row, column)
        In the input's own rows and columns; empty where no tumour was found.
    mask_probability : ndarray, float32, shape (row, column), or None
        Kept on request only.
    reason : str or None
        Why the slice is not assessable, or would not be if the verdict had not been forced; one of `REASONS`.
    raw_probability : float or None
        The network's own probability, before calibration; None where the slice is not assessable.
    beside : float or None
        Mean logit of the neighbours' own probabilities; None where the slice stands alone or is not assessable.
    soft : SoftAreas or None
        How sure the segmenter is; None where the slice, or its volume, was not called tumour.
    measured : str
        What was measured for that reason, and its limit; empty where there is nothing to tell.
    """

    source: Source
    probability: float
    verdict: Verdict
    mask: NDArray[np.bool_]
    mask_probability: NDArray[np.float32] | None = None
    reason: Reason | None = None
    raw_probability: float | None = None
    soft: SoftAreas | None = None
    measured: str = ""
    beside: float | None = None

    @property
    def area_px(self) -> int:
        """Number of pixels inside the outline."""
        return int(np.count_nonzero(self.mask))


Side = Literal["left", "right", "crossing the midline"]


@dataclass(frozen=True)
class Measurement:
    """Size and place of a volume's outline, in the patient's space. Measurements, no assessment of response.

    Attributes
    ----------
    volume_ml : float
        Number of voxels inside times the volume of one, in the input's own grid.
    voxels : int
    components : int
        Connected parts; voxels that touch by a corner belong together.
    diameter_mm : float or None
        Longest distance between two points of one part on one axial slice; None where nothing is inside.
    perpendicular_mm : float or None
        Longest distance at right angles to it, across the same part's convex hull on the same slice.
    diameter_slice : int or None
        That slice's place among the slices, from 0.
    extent_mm : tuple of float, or None
        From right to left, anterior to posterior, inferior to superior.
    centroid_mm : tuple of float, or None
        x to the left, y to posterior, z to superior (LPS+); None also where the input's orientation is unknown.
    side : str or None
        By the head's own plane of symmetry; None where there is none to be found or the orientation is unknown.
    left_share : float or None
        Share of the voxels inside that lie left of that plane.
    areas_mm2 : tuple of float
        Area on each axial slice.
    diameter_line, perpendicular_line : tuple of tuple of float, or None
        Both ends of each diameter, as (column, row) of its slice; whole numbers are pixels' centres.
    """

    volume_ml: float
    voxels: int
    components: int
    diameter_mm: float | None
    perpendicular_mm: float | None
    diameter_slice: int | None
    extent_mm: tuple[float, float, float] | None
    centroid_mm: tuple[float, float, float] | None
    side: Side | None
    left_share: float | None
    areas_mm2: tuple[float, ...]
    diameter_line: tuple[tuple[float, float], tuple[float, float]] | None = None
    perpendicular_line: tuple[tuple[float, float], tuple[float, float]] | None = None


@dataclass(frozen=True, eq=False)
class VolumeFinding:
    """What is said about a case that was read from a volume, in the volume's own grid.

    Attributes
    ----------
    mask : ndarray, bool, shape (i, j, k)
        As the file's array is stored.
    mask_probability : ndarray, float32, same shape, or None
        Kept on request only.
    measurement : Measurement or None
        None where the file has no spacing, or no slice could be judged.
    """

    mask: NDArray[np.bool_]
    mask_probability: NDArray[np.float32] | None
    measurement: Measurement | None


@dataclass(frozen=True, eq=False)
class Finding:
    """Everything said about one case.

    Attributes
    ----------
    case : str
    verdict : str
    score : float
        The highest slice probability; not a probability of the case. NaN where no slice could be read.
    operating_point : OperatingPoint
    slices : tuple of SliceFinding
    warnings : tuple of str
    problems : tuple of Problem
    provenance : dict
        Versions (gliascope, engine, Python), device, bundle name and SHA-256.
    reason : str or None
        Why the case is not assessable, or would not be if the verdict had not been forced; one of `REASONS`.
    case_score : float
        What the verdict hangs on (`gliascope.detect.case.run_score`): tumour from ``operating_point.detection`` on.
        Not a probability. NaN where no slice could be judged.
    volume : VolumeFinding or None
        None where the case is no volume with a grid of its own (NIfTI).
    uncertainty : Uncertainty or None
        Of a single volume that is called tumour, where the bundle knows how.
    """

    case: str
    verdict: Verdict
    score: float
    operating_point: OperatingPoint
    slices: tuple[SliceFinding, ...]
    warnings: tuple[str, ...]
    problems: tuple[Problem, ...]
    provenance: dict[str, Any]
    reason: Reason | None = None
    case_score: float = float("nan")
    volume: VolumeFinding | None = None
    uncertainty: Uncertainty | None = None

    @property
    def tumour_slices(self) -> int:
        """Number of slices called tumour."""
        return sum(one.verdict == "tumour" for one in self.slices)

    @property
    def area_px(self) -> int:
        """Pixels inside the outline, summed over all slices."""
        return sum(one.area_px for one in self.slices)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """The outline of the whole case.

        Returns
        -------
        ndarray, bool, shape (slice, row, column)

        Raises
        ------
        InputError
            If the slices differ in size; each slice's own ``mask`` is there then.
        """
        if not self.slices:
            return np.zeros((0, 0, 0), dtype=np.bool_)
        shapes = {one.mask.shape for one in self.slices}
        if len(shapes) > 1:
            raise InputError(f"{self.case}: slices must have one size to be stacked, received {sorted(shapes)}")
        return np.stack([one.mask for one in self.slices])
