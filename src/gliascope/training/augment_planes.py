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

CHANNELS: Final = len(SEQUENCES)
"""Channels of a slice itself; its neighbours' FLAIR comes after them."""

HALF_ARITHMETIC: Final = int(cv2.__version__.split(".")[0]) >= 5
"""OpenCV computes with float16 from version 5 on, and so converts it several times as fast as NumPy."""

SMALLEST_SPAN: Final = 1e-6
"""Least difference of the brightest pixel from air that intensities are divided by."""


class Planes:
    """A slice taken apart, and room to work; made once and filled with one slice after the other.

    New arrays cost more than what is computed in them: the system hands out their memory page by page, and to one
    thread at a time.

    The planes stand in the order: pre-contrast, FLAIR, FLAIR of neighbouring slices, post-contrast, mask. So those of
    one sequence lie together, and the channels that are left out at the ends. A neighbour that is the slice's own
    FLAIR, pixel for pixel, has no plane: at the end it gets what became of FLAIR.

    Parameters
    ----------
    rows, columns : int
    beside : int
        Channels that an image has for neighbouring slices.

    Attributes
    ----------
    store : ndarray, float32, shape (4 + beside, row, column), contiguous
        The planes.
    first, stop : int
        The planes ``first <= plane < stop`` are worked on.
    sequences : list of range
        Those planes by sequence. FLAIR comes before its neighbours.
    places : list of int
        The plane of each channel of the image.
    black : ndarray, float32, shape (3 + beside,)
        What air has in each plane but the mask; one value for all planes of a sequence.
    brain : ndarray, float32, shape (slice, row, column), 0 or 1, or None
        Where the brain is, of a slice whose skull is removed, and then of its neighbours.
    packed, moved : ndarray, float32, shape (row, column, 4), contiguous
        Room to work, of any content.
    """

    def __init__(self, rows: int, columns: int, beside: int = 0) -> None:
        self.store = np.empty((CHANNELS + beside + 1, rows, columns), dtype=np.float32)
        self._rooms = [np.empty(self.store.size, dtype=np.float32) for _ in range(2)]
        packed = (CHANNELS + 1) * rows * columns
        self.packed, self.moved = (one[:packed].reshape(rows, columns, CHANNELS + 1) for one in self._rooms)
        self.first, self.stop = 0, CHANNELS
        self.sequences = [range(one, one + 1) for one in range(CHANNELS)]
        self.places = list(range(CHANNELS))
        self.black = np.zeros(CHANNELS + beside, dtype=np.float32)
        self.brain: Image | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.store.shape[1], self.store.shape[2]

    @property
    def used(self) -> Image:
        """The planes worked on: a view, shape (plane, row, column)."""
        return self.store[self.first : self.stop]

    @property
    def air(self) -> Image:
        """`black` of the planes worked on, to go with `used`: a view, shape (plane, 1, 1)."""
        return self.black[self.first : self.stop, None, None]

    @property
    def post(self) -> int:
        """Place of the post-contrast plane; the neighbours stand between FLAIR and it."""
        return self.places[CHANNELS - 1]

    @property
    def mask(self) -> Image:
        """The mask: a view, shape (row, column)."""
        return self.store[self.post + 1]

    def stack(self, planes: range) -> Image:
        """Planes of one sequence, one below the other: a view, shape (plane * row, column)."""
        return self.store[planes.start : planes.stop].reshape(-1, self.store.shape[2])

    def spare(self, like: Image) -> tuple[Image, Image]:
        """Two arrays of the shape of `like`, in the room of `packed` and of `moved`."""
        packed, moved = (one[: like.size].reshape(like.shape) for one in self._rooms)
        return packed, moved

    def cut(self, values: Image) -> None:
        """Put 0 outside the brain, if the skull is removed; `values` are of the shape of `used`."""
        if self.brain is None:
            return
        for place, plane in enumerate(values, start=self.first):
            np.multiply(plane, self.brain[place - FLAIR if FLAIR <= place < self.post else 0], out=plane)

    def spans(self) -> list[float]:
        """Difference of the brightest pixel from air, one for each sequence worked on; never 0."""
        brightest = [self.stack(one).max() for one in self.sequences]
        black = self.black[[one.start for one in self.sequences]]
        found: list[float] = np.maximum(np.array(brightest) - black, SMALLEST_SPAN).tolist()
        return found

    def fill(
        self,
        image: NDArray[np.float16] | Image,
        mask: NDArray[np.uint8] | Image,
        dropped: Sequence[bool],
        beside: Sequence[int] = (),
    ) -> None:
        """Copy a slice; work is saved on channels that are `dropped`.

        Parameters
        ----------
        image : ndarray, float16 or float32, shape (row, column, channel)
        mask : ndarray, uint8 or float32, shape (row, column)
        dropped : sequence of bool
            One for each of the first three channels; never FLAIR.
        beside : sequence of int
            For each neighbour the channel that it takes.
        """
        planes: Sequence[NDArray[Any]] = cv2.split(image)
        taken = [one for one in beside if not _same(planes[one], planes[FLAIR])]
        self._arrange(dropped, beside, taken)
        for channel, place in zip((*range(FLAIR + 1), *taken, CHANNELS - 1), range(self.post + 1), strict=True):
            if self.first <= place < self.stop:
                _to_float32(planes[channel], self.store[place])
        self.mask[...] = mask
        self.black[self.first : self.stop] = self.used.reshape(len(self.used), -1).min(axis=1)
        flair = slice(FLAIR, self.post)
        self.black[flair] = self.black[flair].min()

    def _arrange(self, dropped: Sequence[bool], beside: Sequence[int], taken: list[int]) -> None:
        post = FLAIR + 1 + len(taken)
        self.first, self.stop, self.brain = int(dropped[0]), post + 1 - int(dropped[-1]), None
        whole = (range(FLAIR), range(FLAIR, post), range(post, post + 1))
        self.sequences = [one for one in whole if self.first <= one.start < self.stop]
        neighbours = [FLAIR + 1 + taken.index(one) if one in taken else FLAIR for one in beside]
        self.places = [*range(FLAIR + 1), post, *neighbours]

    def stand_alone(self) -> None:
        """Leave the neighbours out: they become what becomes of FLAIR."""
        self.places[CHANNELS:] = [FLAIR] * len(self.places[CHANNELS:])

    def missing(self) -> list[int]:
        """Find the planes that are 0 throughout; those that are not worked on count as missing."""
        return [
            one
            for one in range(self.post + 1)
            if not self.first <= one < self.stop or not cv2.hasNonZero(self.store[one])
        ]

    def join(self, missing: Sequence[int], image: Image, mask: Image) -> None:
        """Put the slice together again.

        Parameters
        ----------
        missing : sequence of int
            Planes that become 0.
        image : ndarray, float32, shape (row, column, channel), contiguous
            Takes the result.
        mask : ndarray, float32, shape (row, column)
            Takes the result.
        """
        for one in missing:
            self.store[one] = 0
        cv2.merge([self.store[one] for one in self.places], dst=image)
        mask[...] = self.mask


def _same(one: NDArray[Any], other: NDArray[Any]) -> bool:
    return one is other or np.array_equal(one.view(np.uint8), other.view(np.uint8))


def _to_float32(plane: NDArray[Any], target: Image) -> None:
    if plane.dtype == np.float16 and HALF_ARITHMETIC:
        cv2.add(plane, np.zeros(1), dst=target, dtype=cv2.CV_32F)
    else:
        target[...] = plane
