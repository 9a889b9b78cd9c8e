"""A training slice while it is changed: each channel a plane of its own, which NumPy and OpenCV are fast on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.scan import SEQUENCES

Image = NDArray[np.float32]

FLAIR: Final = SEQUENCES.index("flair")
"""The channel that the mask was drawn on; it is never left out, nor moved against the mask."""

MASK: Final = len(SEQUENCES)
"""Place of the mask behind the channels."""

HALF_ARITHMETIC: Final = int(cv2.__version__.split(".")[0]) >= 5
"""OpenCV computes with float16 from version 5 on, and so converts it several times as fast as NumPy."""

SMALLEST_SPAN: Final = 1e-6
"""Least difference of the brightest pixel from air that intensities are divided by."""


class Planes:
    """A slice taken apart, and room to work; made once and filled with one slice after the other.

    New arrays cost more than what is computed in them: the system hands out their memory page by page, and to one
    thread at a time.

    Parameters
    ----------
    rows, columns : int

    Attributes
    ----------
    store : ndarray, float32, shape (4, row, column), contiguous
        The channels in the order of `gliascope.scan.SEQUENCES`, then the mask.
    first, stop : int
        The channels ``first <= channel < stop`` are worked on. FLAIR is the one in the middle, so that those that are
        left out stand at the ends.
    black : ndarray, float32, shape (3,)
        What air has in each channel.
    brain : ndarray, float32, shape (row, column), 0 or 1, or None
        Where the brain is, of a slice whose skull is removed.
    packed, moved : ndarray, float32, shape (row, column, 4), contiguous
        Room to work, of any content.
    """

    def __init__(self, rows: int, columns: int) -> None:
        self.store = np.empty((MASK + 1, rows, columns), dtype=np.float32)
        self.packed, self.moved = (np.empty((rows, columns, MASK + 1), dtype=np.float32) for _ in range(2))
        self.first, self.stop = 0, MASK
        self.black = np.zeros(MASK, dtype=np.float32)
        self.brain: Image | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.store.shape[1], self.store.shape[2]

    @property
    def channels(self) -> range:
        """The channels worked on."""
        return range(self.first, self.stop)

    @property
    def used(self) -> Image:
        """The channels worked on: a view, shape (channel, row, column)."""
        return self.store[self.first : self.stop]

    @property
    def air(self) -> Image:
        """`black` of the channels worked on, to go with `used`: a view, shape (channel, 1, 1)."""
        return self.black[self.first : self.stop, None, None]

    @property
    def mask(self) -> Image:
        """The mask: a view, shape (row, column)."""
        return self.store[MASK]

    def spare(self, which: Image) -> Image:
        """`packed` or `moved` as an array of the shape of `used`."""
        used = self.used
        return which.reshape(-1)[: used.size].reshape(used.shape)

    def spans(self) -> list[float]:
        """Difference of the brightest pixel from air, one for each channel worked on; never 0."""
        brightest = self.used.reshape(len(self.channels), -1).max(axis=1)
        found: list[float] = np.maximum(brightest - self.black[self.first : self.stop], SMALLEST_SPAN).tolist()
        return found

    def fill(
        self, image: NDArray[np.float16] | Image, mask: NDArray[np.uint8] | Image, dropped: Sequence[bool]
    ) -> None:
        """Copy a slice; work is saved on channels that are `dropped`.

        Parameters
        ----------
        image : ndarray, float16 or float32, shape (row, column, 3)
        mask : ndarray, uint8 or float32, shape (row, column)
        dropped : sequence of bool
            One a channel; never FLAIR.
        """
        self.first, self.stop, self.brain = int(dropped[0]), MASK - int(dropped[-1]), None
        if image.dtype == np.float32:
            cv2.split(image, list(self.store[:MASK]))
        else:
            planes: Sequence[NDArray[Any]] = cv2.split(image)
            for channel in self.channels:
                _to_float32(planes[channel], self.store[channel])
        self.store[MASK] = mask
        self.black[self.first : self.stop] = self.used.reshape(len(self.channels), -1).min(axis=1)

    def missing(self) -> list[bool]:
        """Tell which channels are 0 throughout; those that are not worked on count as missing."""
        return [one not in self.channels or not cv2.hasNonZero(self.store[one]) for one in range(MASK)]

    def join(self, missing: Sequence[bool], image: Image, mask: Image) -> None:
        """Put the slice together again.

        Parameters
        ----------
        missing : sequence of bool
            Channels that become 0.
        image : ndarray, float32, shape (row, column, 3), contiguous
            Takes the result.
        mask : ndarray, float32, shape (row, column)
            Takes the result.
        """
        for channel in np.flatnonzero(missing):
            self.store[channel] = 0
        cv2.merge(list(self.store[:MASK]), dst=image)
        mask[...] = self.mask


def _to_float32(plane: NDArray[Any], target: Image) -> None:
    if HALF_ARITHMETIC:
        cv2.add(plane, np.zeros(1), dst=target, dtype=cv2.CV_32F)
    else:
        target[...] = plane
