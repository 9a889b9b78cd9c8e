"""Do two sequences of one head lie on each other? Measured by mutual information, and put right by registration."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from gliascope.geometry import Grid, upright
from gliascope.read.volume.resample import as_image, resample
from gliascope.scan import background_level

if TYPE_CHECKING:
    import SimpleITK

STEP: Final = 3.0
"""Voxel edge, in millimetres, at which two sequences are compared."""
SHIFT: Final = 2
"""Voxels of `STEP` by which one of them is moved for comparison: 6 mm."""
BINS: Final = 32
"""Grey levels of the joint histogram."""
BRIGHTEST: Final = 97.0
"""Percentile of the voxels above the background that brighter ones are cut to."""
GAIN: Final = 1.02
"""A shift must explain more than this many times the mutual information, so that a symmetric optimum is no fault."""
SEED: Final = 1
"""Of the voxels that registration samples: the same case gives the same bytes."""
STILL: Final = (0, 0, 0)
FAR: Final = 20.0
"""Millimetres between the middles of two grids from which registration begins there as well."""
SHRUNK: Final = 16
"""Least voxels along every axis of a volume whose registration begins at half its resolution."""
LEAST_COMMON: Final = 0.05
"""Share of FLAIR's voxels that a sequence must cover to be compared by moving it."""

_LOCK: Final = threading.Lock()
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Registration:
    """A rigid motion that was found, or not.

    Attributes
    ----------
    moved : Transform of SimpleITK's or None
        From FLAIR's places to the other sequence's; None where it explained no more than no motion.
    shift_mm : float
        How far the middle of FLAIR's grid is moved.
    angle : float
        Rotation in degrees.
    """

    moved: SimpleITK.Transform | None
    shift_mm: float
    angle: float


def is_misaligned(flair: NDArray[Any], grid: Grid, other: NDArray[Any], other_grid: Grid) -> bool:
    """Tell whether moving a sequence by 6 mm along some axis makes it fit FLAIR better.

    Parameters
    ----------
    flair, other : ndarray, float32, shape (slice, row, column)
    grid, other_grid : Grid

    Returns
    -------
    bool
        True as well where they have less than `LEAST_COMMON` in common.
    """
    coarse = upright(grid, (STEP, STEP, STEP))
    fixed, moving = _even(_above(flair), grid, coarse), _even(_above(other), other_grid, coarse)
    if np.count_nonzero(moving) < LEAST_COMMON * np.count_nonzero(fixed):
        return True
    still = _information(fixed, moving, STILL)
    moves = [tuple(sign * SHIFT * int(axis == one) for one in range(3)) for axis, sign in product(range(3), (-1, 1))]
    return any(_information(fixed, moving, one) > GAIN * still for one in moves)


def register(flair: NDArray[Any], grid: Grid, other: NDArray[Any], other_grid: Grid) -> Registration:
    """Find the rigid motion that lays a sequence on FLAIR (Mattes et al., IEEE Trans Med Imaging 22, 2003, 120).

    Parameters
    ----------
    flair, other : ndarray, float32, shape (slice, row, column)
    grid, other_grid : Grid

    Returns
    -------
    Registration
        The better of the motions found from where the headers say and from where the middles meet.
    """
    coarse, other_coarse = (upright(one, (STEP, STEP, STEP)) for one in (grid, other_grid))
    fixed, moving = _even(_above(flair), grid, coarse), _even(_above(other), other_grid, other_coarse)
    middle, other_middle = (one.outline().mean(axis=0) for one in (coarse, other_coarse))
    images = as_image(fixed, coarse), as_image(moving, other_coarse)
    starts = [np.zeros(3)]
    if np.linalg.norm(other_middle - middle) > FAR:
        starts.append(other_middle - middle)
    found = [_descend(*images, middle, one) for one in starts]
    worth = [_information(fixed, resample(moving, other_coarse, coarse, moved=one), STILL) for one in (None, *found)]
    best = int(np.argmax(worth))
    if best == 0:
        return Registration(None, 0.0, 0.0)
    motion = found[best - 1]
    shift = float(np.linalg.norm(np.subtract(motion.TransformPoint(middle.tolist()), middle)))
    matrix = np.reshape(motion.GetMatrix(), (3, 3))
    return Registration(motion, shift, float(np.degrees(np.arccos(np.clip((np.trace(matrix) - 1) / 2, -1, 1)))))


def _descend(fixed: Any, moving: Any, middle: NDArray[np.float64], start: NDArray[np.float64]) -> Any:
    import SimpleITK

    motion = SimpleITK.Euler3DTransform()
    motion.SetCenter(middle.tolist())
    motion.SetTranslation(start.tolist())
    method = SimpleITK.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(BINS)
    method.SetMetricSamplingStrategy(method.REGULAR)
    method.SetMetricSamplingPercentage(0.3, SEED)
    method.SetInterpolator(SimpleITK.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(4.0, 0.02, 60, 0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([2, 1] if min(fixed.GetSize()) >= SHRUNK else [1, 1])
    method.SetSmoothingSigmasPerLevel([STEP, 0])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetInitialTransform(motion, inPlace=True)
    with _one_thread():
        try:
            method.Execute(fixed, moving)
        except RuntimeError as error:  # they have too few voxels in common
            _logger.debug("registration failed: %s", error)
    return motion


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let ITK add up in one thread: the sums of several differ in their last bits from run to run."""
    import SimpleITK

    with _LOCK:
        usual = SimpleITK.ProcessObject.GetGlobalDefaultNumberOfThreads()
        SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(1)
        try:
            yield
        finally:
            SimpleITK.ProcessObject.SetGlobalDefaultNumberOfThreads(usual)


def _information(fixed: NDArray[Any], moving: NDArray[Any], move: tuple[int, ...]) -> float:
    """Mutual information in nats, over the box that every move leaves in both; axes are (slice, row, column)."""
    there = tuple(_inner(length, step) for length, step in zip(moving.shape, move, strict=True))
    here = tuple(_inner(length, 0) for length in fixed.shape)
    one, other = fixed[here].ravel(), moving[there].ravel()
    joint, _, _ = np.histogram2d(one, other, bins=BINS)
    share = joint / max(joint.sum(), 1)
    apart = share.sum(axis=1, keepdims=True) * share.sum(axis=0, keepdims=True)
    filled = share > 0
    return float((share[filled] * np.log(share[filled] / apart[filled])).sum())


def _above(values: NDArray[Any]) -> NDArray[Any]:
    """Let the background be 0, as it is where a volume has no voxels."""
    level = background_level(values)
    return values - np.float32(level) if level else values


def _even(values: NDArray[Any], grid: Grid, target: Grid) -> NDArray[Any]:
    """Resample, and cut the brightest voxels, fat and vessels, so that the histogram's bins are spent on the brain."""
    values = resample(values, grid, target)
    signal = values[values > 0]
    return np.minimum(values, np.percentile(signal, BRIGHTEST)) if signal.size else values


def _inner(length: int, step: int) -> slice:
    margin = min(SHIFT, (length - 1) // 2)
    step = int(np.clip(step, -margin, margin))
    return slice(margin + step, length - margin + step)
