from __future__ import annotations

import numpy as np
import pytest

from gliascope.errors import InputError
from gliascope.read.pages import MAX_FILE_PIXELS, MAX_PAGE_PIXELS, check_size, turn_upright


def test_limits_are_kept() -> None:
    check_size(1, 1)
    check_size(2**13, 2**13, 4)
    with pytest.raises(InputError, match=f"at most {MAX_PAGE_PIXELS} pixels, received 8193 x 8192"):
        check_size(8193, 8192)
    with pytest.raises(InputError, match=f"at most {MAX_FILE_PIXELS} pixels, received 5 pages of 8192 x 8192"):
        check_size(8192, 8192, 5)
    with pytest.raises(InputError, match="at least 1 row and 1 column, received 0 x 5"):
        check_size(0, 5)


# Where the stored first row and first column stand, as TIFF 6.0 words it for tag 274.
CORNERS = {
    1: ("top", "left"),
    2: ("top", "right"),
    3: ("bottom", "right"),
    4: ("bottom", "left"),
    5: ("left", "top"),
    6: ("right", "top"),
    7: ("right", "bottom"),
    8: ("left", "bottom"),
}


@pytest.mark.parametrize("tag", CORNERS)
def test_the_first_row_and_column_come_where_the_tag_says(tag: int) -> None:
    stored = np.zeros((3, 5, 1), np.uint8)
    stored[0, :] += 1
    stored[:, 0] += 2
    upright = turn_upright(stored, tag)[:, :, 0]
    edges = {"top": upright[0], "bottom": upright[-1], "left": upright[:, 0], "right": upright[:, -1]}
    row, column = CORNERS[tag]
    assert upright.shape == ((3, 5) if tag < 5 else (5, 3))
    assert (edges[row] & 1).all()
    assert (edges[column] & 2).all()


def test_an_unknown_tag_is_refused() -> None:
    assert np.array_equal(turn_upright(np.eye(3)[:, :, None], 0), np.eye(3)[:, :, None])
    with pytest.raises(InputError, match="must be 1 to 8, received 9"):
        turn_upright(np.zeros((1, 1, 1), np.uint8), 9)
