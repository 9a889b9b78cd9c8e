"""The way from an image to the networks' square and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError


@dataclass(frozen=True)
class InverseMap:
    """A square cut from an image and resized: applied forwards, and undone.

    Pixel centres are at half-integers, so that a point's place in millimetres or pixels is kept by both ways.

    Attributes
    ----------
    shape : (int, int)
        Rows and columns of the image.
    top, left, side : int
        The square in the image's pixels; it may reach beyond the image, which is padded with 0.
    size : int
        Rows and columns of the networks' input.
    """

    shape: tuple[int, int]
    top: int
    left: int
    side: int
    size: int

    def forward(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Cut out the square and resize it.

        Parameters
        ----------
        values : ndarray, shape (slice, row, column) or (slice, row, column, channel)

        Returns
        -------
        ndarray, float32, shape (slice, size, size) or (slice, size, size, channel)

        Raises
        ------
        InputError
            If rows and columns are not `shape`.
        """
        if values.shape[1:3] != self.shape:
            raise InputError(f"an image of shape {self.shape} is needed, received {values.shape[1:3]}")
        rows, columns = self.window
        return self.resize_window(values[:, rows, columns])

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the image that lie in the square."""
        return self._overlap()[0]

    def resize_window(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Put what was cut out (`window`) into the square and resize it; as `forward` of the whole image.

        Parameters
        ----------
        values : ndarray, shape (slice, row, column) or (slice, row, column, channel)
            The window alone.

        Returns
        -------
        ndarray, float32, shape (slice, size, size) or (slice, size, size, channel)
        """
        _, target = self._overlap()
        square = np.zeros((len(values), self.side, self.side, *values.shape[3:]), dtype=np.float32)
        square[:, target[0], target[1]] = values
        return self._resize(square, self.size)

    def restore(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring a map from the networks' square back into the image; 0 outside the square.

        Parameters
        ----------
        values : ndarray, float32, shape (slice, size, size)

        Returns
        -------
        ndarray, float32, shape (slice, row, column)

        Raises
        ------
        InputError
            If rows and columns are not `size`.
        """
        if values.shape[1:] != (self.size, self.size):
            raise InputError(f"a map of shape {(self.size, self.size)} is needed, received {values.shape[1:]}")
        inside, target = self._overlap()
        square = self._resize(values, self.side)
        result = np.zeros((len(values), *self.shape), dtype=np.float32)
        result[:, inside[0], inside[1]] = square[:, target[0], target[1]]
        return result

    def _overlap(self) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        inside, target = [], []
        for start, length in zip((self.top, self.left), self.shape, strict=True):
            first, last = max(start, 0), min(start + self.side, length)
            inside.append(slice(first, max(first, last)))
            target.append(slice(first - start, max(first, last) - start))
        return (inside[0], inside[1]), (target[0], target[1])

    @staticmethod
    def _resize(stack: NDArray[np.float32], size: int) -> NDArray[np.float32]:
        if stack.shape[1] == size:
            return stack.astype(np.float32, copy=False)
        how = cv2.INTER_AREA if size < stack.shape[1] else cv2.INTER_LINEAR
        result = np.empty((len(stack), size, size, *stack.shape[3:]), dtype=np.float32)
        for one, image in enumerate(stack):
            result[one] = cv2.resize(image, (size, size), interpolation=how).reshape(result.shape[1:])
        return result
