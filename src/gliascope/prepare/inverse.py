"""The way from an image to the networks' input and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from gliascope.errors import InputError


@dataclass(frozen=True)
class InverseMap:
    """A box cut from an image and resized: applied forwards, and undone.

    Pixel centres are at half-integers, so that a point's place in millimetres or pixels is kept by both ways.

    Attributes
    ----------
    shape : (int, int)
        Rows and columns of the image.
    top, left : int
        First row and column of the box in the image's pixels; it may reach beyond the image, which is padded with 0.
    box : (int, int)
        Rows and columns of the box.
    size : (int, int)
        Rows and columns of the networks' input.
    """

    shape: tuple[int, int]
    top: int
    left: int
    box: tuple[int, int]
    size: tuple[int, int]

    def forward(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Cut out the box and resize it.

        Parameters
        ----------
        values : ndarray, shape (slice, row, column) or (slice, row, column, channel)

        Returns
        -------
        ndarray, float32, shape (slice, *size) or (slice, *size, channel)

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
        """Rows and columns of the image that lie in the box."""
        return self._overlap()[0]

    def resize_window(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Put what was cut out (`window`) into the box and resize it; as `forward` of the whole image.

        Parameters
        ----------
        values : ndarray, shape (slice, row, column) or (slice, row, column, channel)
            The window alone.

        Returns
        -------
        ndarray, float32, shape (slice, *size) or (slice, *size, channel)
        """
        _, target = self._overlap()
        box = np.zeros((len(values), *self.box, *values.shape[3:]), dtype=np.float32)
        box[:, target[0], target[1]] = values
        return self._resize(box, self.size)

    def restore(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring a map from the networks' input back into the image; 0 outside the box.

        Parameters
        ----------
        values : ndarray, float32, shape (slice, *size)

        Returns
        -------
        ndarray, float32, shape (slice, row, column)

        Raises
        ------
        InputError
            If rows and columns are not `size`.
        """
        if values.shape[1:] != self.size:
            raise InputError(f"a map of shape {self.size} is needed, received {values.shape[1:]}")
        inside, target = self._overlap()
        box = self._resize(values, self.box)
        result = np.zeros((len(values), *self.shape), dtype=np.float32)
        result[:, inside[0], inside[1]] = box[:, target[0], target[1]]
        return result

    def _overlap(self) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
        inside, target = [], []
        for start, cut, length in zip((self.top, self.left), self.box, self.shape, strict=True):
            first, last = max(start, 0), min(start + cut, length)
            inside.append(slice(first, max(first, last)))
            target.append(slice(first - start, max(first, last) - start))
        return (inside[0], inside[1]), (target[0], target[1])

    @staticmethod
    def _resize(stack: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
        if stack.shape[1:3] == size:
            return stack.astype(np.float32, copy=False)
        smaller = size[0] * size[1] < stack.shape[1] * stack.shape[2]  # along both axes: they keep their proportions
        how = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        result = np.empty((len(stack), *size, *stack.shape[3:]), dtype=np.float32)
        for one, image in enumerate(stack):
            result[one] = cv2.resize(image, size[::-1], interpolation=how).reshape(result.shape[1:])
        return result
