"""A slice that looks like a head, with its lesion."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gliascope.present.canvas import Box, Layout


@dataclass(frozen=True)
class Head:
    """A slice, its lesion, and an outline that is a little off."""

    image: NDArray[np.uint8]
    truth: NDArray[np.bool_]
    mask: NDArray[np.bool_]


@pytest.fixture
def head() -> Head:
    y, x = np.mgrid[-1:1:256j, -1:1:256j]
    texture = cv2.GaussianBlur(np.random.default_rng(0).normal(size=(256, 256)), (0, 0), 6)
    grey = np.where(x**2 + y**2 < 0.7, 70 + 150 * texture, 3)
    truth = (x - 0.3) ** 2 + (y + 0.2) ** 2 < 0.03
    mask = (x - 0.35) ** 2 + (y + 0.2) ** 2 < 0.03
    flair = np.clip(grey + 80 * truth, 0, 255).astype(np.uint8)
    other = np.clip(grey, 0, 255).astype(np.uint8)
    return Head(np.stack([other, flair, other // 2], axis=-1), truth, mask)


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes share a pixel."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@pytest.fixture
def check_layout() -> Callable[[Layout], None]:
    """Nothing is cut off; no caption covers another caption or a picture."""

    def check(layout: Layout) -> None:
        boxes = {f"panel {name}": box for name, box in layout.panels.items()}
        boxes |= {f"text {index} {text.content!r}": text.box for index, text in enumerate(layout.texts) if text.content}
        for name, (left, top, right, bottom) in boxes.items():
            assert 0 <= left < right <= layout.width, name
            assert 0 <= top < bottom <= layout.height, name
        for (first, one), (second, other) in combinations(boxes.items(), 2):
            assert not overlap(one, other), f"{first} covers {second}"

    return check
