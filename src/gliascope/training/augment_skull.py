"""Skull removal, imitated: a rough outline of the brain, and what preparation makes of a scan without a skull."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.training.augment_planes import FLAIR, Image, Planes

Region = NDArray[np.uint8]

SIDE: Final = 80
"""Rows and columns of the image in which the brain is looked for; all distances below are its pixels."""

SCALP: Final = 4.0
"""Depth under the skin at which brain may begin."""

RIM: Final = 10.0
"""Depth down to which tissue that is as bright as fat is not brain."""

BRAIN_LEVELS: Final = (0.55, 0.7)
"""Range of the threshold that brain is brighter than, as a share of the median of the deep tissue above air."""

FAT_LEVEL: Final = 1.6
"""Level above which a pixel near the skin is fat, likewise."""

CORE: Final = 3.0
"""What is thinner than twice this does not join parts of the brain."""

GAP: Final = 3.0
"""Notches narrower than twice this are closed."""

FEWEST: Final = 0.1
"""Least area of a brain, as a share of the head's: a smaller one is not believed."""

SOLIDITY: Final = 0.85
"""Least share of its convex hull that a brain fills: a face does not."""

FAINTEST: Final = 1.0
"""Least height of the brightest pixel above air, in deviations, of a slice that shows a head."""

DEEP: Final = 0.25
"""Least share of the inner half of the head that a brain fills: a nose does not."""

HELD: Final = 0.9
"""Least share of a tumour that lies in a brain: one that was added afterwards would be told by its cut edge."""

USUAL_MEAN: Final = -0.4
"""Mean over the brains of whole volumes, in deviations from the heads' mean. Measured on 22 patients: -0.4, deviation
0.2, alike in the three channels."""

USUAL_DEVIATION: Final = 0.7
"""Deviation over the brains of whole volumes, likewise: 0.7, deviation 0.13."""

AIR: Final = 1.08
"""How much farther below the brain's mean air lies in a scan without a skull than in the same scan with its skull cut
away after preparation: the contrast enhancement sees no scalp. Measured on 22 patients."""

HALF_TRUST: Final = 0.1
"""Share of the frame's area from which a slice's own statistics tell as much about its volume's as the usual ones."""


@dataclass(frozen=True, eq=False)
class Brain:
    """Where the brain is in a slice and in its neighbours.

    Attributes
    ----------
    regions : list of ndarray, float32, shape (SIDE, SIDE), 0 or 1
        In coarser images: of the slice, then of each neighbouring slice worked on.
    """

    regions: list[Image]


def find_brain(planes: Planes, rng: np.random.Generator) -> Brain | None:
    """Outline the brain in FLAIR: what is as bright as deep tissue, in one piece, under scalp and skull.

    Neighbouring slices have brains of their own, which hold the slice's tumour too: a notch would tell where it is.
    Where none is found they get the slice's.

    Parameters
    ----------
    planes : Planes
    rng : numpy.random.Generator
        Varies the threshold and the margin, as tools for skull removal differ.

    Returns
    -------
    Brain or None
        None where nothing found looks like a brain, as in a face or an empty slice, or where it misses the tumour.
    """
    level, margin = rng.uniform(*BRAIN_LEVELS), rng.uniform(0.0, 2.0)
    tumour = _coarse(planes.mask) > 0
    stack = planes.store[FLAIR : planes.post]
    own = _brain(stack[0], float(planes.black[FLAIR]), tumour, level, margin)
    if own is None:
        return None
    beside = (_brain(one, float(planes.black[FLAIR]), tumour, level, margin) for one in stack[1:])
    return Brain([own, *(own if one is None else one for one in beside)])


def _brain(plane: Image, black: float, tumour: NDArray[np.bool_], level: float, margin: float) -> Image | None:
    values = cv2.medianBlur(_coarse(plane), 3) - np.float32(black)
    head = _head(values)
    depth = _distance(head)
    deep = depth > max(depth.max() / 2, SCALP)
    if not deep.any():
        return None
    usual = float(np.median(values[deep]))
    tissue = (values > level * usual) & (depth > SCALP) & ((values < FAT_LEVEL * usual) | (depth > RIM)) | tumour
    core = _largest((_distance(tissue) > CORE).view(np.uint8))
    grown = (_distance(core == 0) < CORE + margin) & (depth > SCALP)
    closed = _distance(_distance(~grown) <= GAP) > GAP
    found = _filled((closed & (depth > SCALP)).view(np.uint8))
    if not _believable(found, head) or found[deep].mean() < DEEP or found[tumour].sum() < HELD * tumour.sum():
        return None
    return (found | tumour).astype(np.float32)


def _head(values: Image) -> Region:
    """The head, filled: the largest piece that is brighter than the floor."""
    inside = (values > head_floor(values)).view(np.uint8)
    inside[[0, -1]] = 0
    inside[:, [0, -1]] = 0
    return _filled(_largest(inside))


def head_floor(values: Image) -> float:
    """Half of Otsu's threshold, above which a pixel counts as head, as in `gliascope.prepare`.

    Parameters
    ----------
    values : ndarray, float32, shape (row, column)
        Intensities; air is 0.

    Returns
    -------
    float
        Infinite where the slice is empty.
    """
    brightest = float(values.max())
    if brightest < FAINTEST:
        return math.inf
    levels = np.clip(values * (255 / brightest), 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(levels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    return max(threshold / 2, 1.0) * brightest / 255


def _believable(brain: Region, head: Region) -> bool:
    contours, _ = cv2.findContours(brain, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return False
    contour = max(contours, key=cv2.contourArea)
    area = cv2.contourArea(contour)
    return area > FEWEST * cv2.countNonZero(head) and area > SOLIDITY * cv2.contourArea(cv2.convexHull(contour))


def remove_skull(planes: Planes, *, alone: bool) -> None:
    """Make everything outside the brain air, and normalise over the brain; the tumour is always kept.

    Mean and deviation are those that the brain of the whole volume can be expected to have, which a slice tells the
    better the more of it it shows; those of the slice itself where it stands `alone`.
    """
    if planes.brain is None:
        return
    np.maximum(planes.brain, cv2.dilate(planes.mask, np.ones((3, 3), dtype=np.uint8)), out=planes.brain)
    inside = planes.brain[0].astype(np.uint8)
    share = cv2.countNonZero(inside) / inside.size
    _normalise(planes, inside, 1.0 if alone else share / (share + HALF_TRUST))
    used = planes.used
    used -= planes.air * AIR
    planes.cut(used)
    planes.black *= AIR
    used += planes.air


def normalise_alone(planes: Planes) -> None:
    """Normalise over the head in this slice, as a lone image is; slices are normalised with their volume else."""
    flair, black = planes.store[FLAIR], float(planes.black[FLAIR])
    inside = (flair > black + head_floor(_coarse(flair) - np.float32(black))).view(np.uint8)
    if cv2.hasNonZero(inside):
        _normalise(planes, inside, 1.0)


def _normalise(planes: Planes, inside: Region, trust: float) -> None:
    for sequence in planes.sequences:
        plane = planes.stack(sequence)
        found = cv2.meanStdDev(planes.store[sequence.start], mask=inside)
        mean = trust * float(found[0][0, 0]) + (1 - trust) * USUAL_MEAN
        scale = 1 / max(trust * float(found[1][0, 0]) + (1 - trust) * USUAL_DEVIATION, 1e-3)
        np.multiply(plane, scale, out=plane)
        np.subtract(plane, mean * scale, out=plane)
        planes.black[sequence.start : sequence.stop] = (planes.black[sequence.start] - mean) * scale


def _coarse(plane: Image) -> Image:
    return np.asarray(cv2.resize(plane, (SIDE, SIDE), interpolation=cv2.INTER_AREA), dtype=np.float32)


def _distance(inside: NDArray[np.bool_] | Region) -> Image:
    """Distance of each pixel inside to the nearest outside, in pixels."""
    return np.asarray(cv2.distanceTransform(inside.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3), dtype=np.float32)


def _largest(inside: Region) -> Region:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=4)
    if count < 3:
        return inside
    return (labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))).view(np.uint8)


def _filled(inside: Region) -> Region:
    contours, _ = cv2.findContours(inside, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    filled = np.zeros_like(inside)
    cv2.drawContours(filled, contours, -1, 1, cv2.FILLED)
    return filled
