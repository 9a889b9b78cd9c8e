from __future__ import annotations

import numpy as np
import pytest

from gliascope.detect.assessable import blank_slices


def test_a_slice_is_blank_when_every_channel_is_constant() -> None:
    pixels = np.zeros((5, 4, 6, 3), dtype=np.uint8)
    pixels[1] = 7
    pixels[2] = (1, 2, 3)
    pixels[3, 2, 2, 0] = 1
    pixels[4, -1, -1, 2] = 1
    assert blank_slices(pixels).tolist() == [True, True, True, False, False]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_single_pixel_is_blank(dtype: type) -> None:
    assert blank_slices(np.ones((1, 1, 1, 1), dtype=dtype)).tolist() == [True]
