"""A slice as a row of numbers: the object's shape, and what it looks like inside, whatever its place, size and gain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.detect.section import Section

NAME: Final = "section/1"
"""Name and version; a model that was fitted to another descriptor cannot be used with this one."""

SIDE: Final = 96
"""Side of the square that the object is brought to, in pixels."""
MARGIN: Final = 1.08
"""Side of the square over the longer side of the object's box."""
CELLS: Final = 8
"""Cells along each side of the square, over which gradients and details are averaged."""
DIRECTIONS: Final = 12
"""Directions of the gradient that are told apart; opposite ones differ, since dark on bright is not bright on dark."""
COARSE: Final = 16
"""Side of the coarse picture."""
CORE: Final = 0.25
"""The core of the object: pixels at least this far inside, as a share of the greatest depth. Scalp lies outside."""
BRIGHTEST: Final = 3.0
"""Grey levels are cut at this many times the core's median."""
LEVELS: Final = 20
"""Bins of the core's histogram."""
DEPTHS: Final = 10
"""Shells from the object's edge to its innermost point."""
PERCENTILES: Final = (2, 10, 25, 75, 90, 98)

Values = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Square:
    """The object in its square: grey levels over the core's median, their logarithm, and how deep each pixel lies."""

    values: Values
    logarithm: Values
    inside: NDArray[np.bool_]
    depth: Values
    background: float
    median: float


def describe(section: Section) -> Values:
    """Describe a slice by numbers.

    Gradients are averaged by cell and direction as in Dalal & Triggs (Histograms of oriented gradients, CVPR 2005),
    with the sign kept.

    Parameters
    ----------
    section : Section

    Returns
    -------
    ndarray, float32, shape (number,)
        Always the same number of numbers, all finite.
    """
    square = _square(section)
    groups = (
        _shape(section, square),
        cv2.resize(square.logarithm, (COARSE, COARSE), interpolation=cv2.INTER_AREA).ravel(),
        _gradients(square.logarithm),
        _details(square.logarithm),
        _levels(square),
        _shells(square),
        _symmetry(square),
        _texture(square),
    )
    return np.nan_to_num(np.concatenate(groups)).astype(np.float32)


def _square(section: Section) -> _Square:
    top, left, height, width = section.box
    side = max(height, width) * MARGIN
    scale = SIDE / side
    shift = SIDE / 2 - 0.5
    place = np.array(
        [
            [scale, 0, shift - scale * (left + width / 2 - 0.5)],
            [0, scale, shift - scale * (top + height / 2 - 0.5)],
        ],
        dtype=np.float32,
    )
    image = section.image if scale >= 0.8 else cv2.GaussianBlur(section.image, (0, 0), 0.35 / scale)
    values = cv2.warpAffine(image, place, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderValue=0).astype(np.float32)
    inside = cv2.warpAffine(section.filled * 255, place, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderValue=0) > 127
    distance = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 3)
    depth = (distance / max(float(distance.max()), 1.0)).astype(np.float32)
    outside = np.bincount(section.image[section.filled == 0], minlength=256).cumsum()
    background = float(np.searchsorted(outside, outside[-1] / 2)) if outside[-1] else 0.0
    core = values[depth > CORE]
    median = max(float(np.median(core)) if core.size else 1.0, 1.0)
    scaled = np.clip((values - background) / max(median - background, 1.0), 0, BRIGHTEST).astype(np.float32)
    return _Square(scaled, np.log1p(scaled), inside, depth, background, median)


def _shape(section: Section, square: _Square) -> Values:
    outlines, _ = cv2.findContours(section.filled, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    outline = max(outlines, key=len)
    hull = cv2.convexHull(outline)
    area, hull_area = (max(cv2.contourArea(one), 1.0) for one in (outline, hull))
    length, hull_length = (cv2.arcLength(one, closed=True) for one in (outline, hull))
    _, _, height, width = section.box
    pixels = int(section.filled.sum())
    moments = cv2.moments(section.filled, binaryImage=True)
    rows, both, columns = (moments[one] / moments["m00"] for one in ("mu02", "mu11", "mu20"))
    spread = np.hypot((rows - columns) / 2, both)
    longer, shorter = (rows + columns) / 2 + spread, max((rows + columns) / 2 - spread, 1e-3)
    outside = section.image[section.filled == 0]
    return np.array(
        [
            section.area_share,
            area / hull_area,
            pixels / (height * width),
            np.log(height / width),
            0.5 * np.log(longer / shorter),
            1 - section.solid.sum() / pixels,
            1 - pixels / (section.filled | section.foreground).sum(),
            section.border_share,
            square.background / square.median,
            (float(outside.mean()) if outside.size else square.median) / square.median,
            length**2 / (4 * np.pi * area),
            hull_length**2 / (4 * np.pi * hull_area),
            square.inside.mean(),
        ],
        dtype=np.float32,
    )


def _gradients(image: Values) -> Values:
    across, down = cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1)
    size, angle = cv2.cartToPolar(across, down)
    turn = angle * (DIRECTIONS / (2 * np.pi))
    first = turn.astype(np.int32)
    rest = turn - first
    cell = np.arange(SIDE) * CELLS // SIDE
    start = (cell[:, None] * CELLS + cell[None]) * DIRECTIONS
    bins = CELLS * CELLS * DIRECTIONS
    total = np.zeros(bins)
    for direction, share in ((first, 1 - rest), (first + 1, rest)):
        total += np.bincount((start + direction % DIRECTIONS).ravel(), (np.minimum(size, 2) * share).ravel(), bins)
    return np.sqrt(total * (CELLS / SIDE) ** 2).astype(np.float32)


def _details(image: Values) -> Values:
    """Bright and dark details of two sizes by cell, and the deviation of each cell."""
    parts = []
    for sigma in (1.0, 2.0):
        detail = cv2.GaussianBlur(image, (0, 0), sigma) - cv2.GaussianBlur(image, (0, 0), 1.6 * sigma)
        parts += [np.sqrt(_by_cell(np.maximum(sign * detail, 0))) for sign in (1, -1)]
    mean = _by_cell(image)
    parts.append(np.sqrt(np.maximum(_by_cell(image * image) - mean * mean, 0)))
    return np.concatenate([one.ravel() for one in parts])


def _by_cell(image: Values) -> Values:
    return np.asarray(cv2.resize(image, (CELLS, CELLS), interpolation=cv2.INTER_AREA), dtype=np.float32)


def _levels(square: _Square) -> Values:
    core = square.values[square.depth > CORE]
    bins = np.minimum((core * (LEVELS / BRIGHTEST)).astype(np.int32), LEVELS - 1)
    return np.sqrt(np.bincount(bins, minlength=LEVELS) / max(core.size, 1)).astype(np.float32)


def _shells(square: _Square) -> Values:
    """Mean and deviation of the grey levels from the edge inwards."""
    shell = np.minimum((square.depth[square.inside] * DEPTHS).astype(np.int32), DEPTHS - 1)
    values = square.values[square.inside]
    count = np.bincount(shell, minlength=DEPTHS) + 1e-6
    mean = np.bincount(shell, values, DEPTHS) / count
    variance = np.bincount(shell, values * values, DEPTHS) / count - mean * mean
    return np.concatenate([mean, np.sqrt(np.maximum(variance, 0))]).astype(np.float32)


def _symmetry(square: _Square) -> Values:
    """Correlation of the grey levels and of the outline with their mirror images."""
    image: Values = cv2.GaussianBlur(square.logarithm, (0, 0), 1.0).astype(np.float32)
    levels, outline = _centred(image), _centred(square.inside.astype(np.float32))
    pairs = [(levels, view) for view in (levels.values[:, ::-1], levels.values[::-1], levels.values.T)]
    pairs += [(outline, view) for view in (outline.values[:, ::-1], outline.values[::-1])]
    return np.array([_correlation(one, _Centred(view, one.power)) for one, view in pairs], dtype=np.float32)


def _texture(square: _Square) -> Values:
    """Size, skewness and sign of the core's details at three scales; the spread of its grey levels."""
    core = square.depth > CORE
    levels = square.values[core]
    if levels.size < 2:
        return np.zeros(9 + len(PERCENTILES), dtype=np.float32)
    numbers: list[float] = []
    finer, grey = square.values, _centred(levels)
    for sigma in (1.2, 2.4, 4.8):
        coarser: Values = cv2.GaussianBlur(square.values, (0, 0), sigma).astype(np.float32)
        detail = _centred((finer - coarser)[core])
        deviation = float(np.sqrt(np.float32(float(detail.power) / levels.size))) + 1e-6
        skewness = float((detail.values * detail.values * detail.values).mean()) / deviation**3
        numbers += [deviation, skewness, _correlation(detail, grey)]
        finer = coarser
    return np.array([*numbers, *np.percentile(levels, PERCENTILES)], dtype=np.float32)


class _Centred(NamedTuple):
    """Values less their mean, and the sum of their squares."""

    values: Values
    power: np.float32


def _centred(values: Values) -> _Centred:
    centred = values - values.mean()
    return _Centred(centred, (centred * centred).sum())


def _correlation(first: _Centred, second: _Centred) -> float:
    return float((first.values * second.values).sum() / np.sqrt(first.power * second.power + np.float32(1e-9)))
