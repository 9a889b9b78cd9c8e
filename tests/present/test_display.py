from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.present.display import display_window, plane, shown_sequence, to_grey


def test_flair_is_shown_where_there_is_one() -> None:
    assert shown_sequence(("pre", "flair", "post")) == "flair"
    assert shown_sequence(("pre", "post")) == "post"
    assert shown_sequence(("pre",)) == "pre"


def test_plane_picks_the_shown_channel() -> None:
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    assert np.array_equal(plane(image, ("pre", "flair", "post")), image[..., 1])
    assert np.array_equal(plane(image, ("flair", "pre", "post")), image[..., 0])
    assert np.array_equal(plane(image[..., 0], ("flair",)), image[..., 0])


@pytest.mark.parametrize("shape", [(4,), (4, 4, 2), (4, 4)])
def test_names_must_fit_the_channels(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="with one sequence a channel"):
        plane(np.zeros(shape), ("pre", "flair", "post"))


def test_air_does_not_count() -> None:
    small, large = np.full((100, 100), 2.0), np.full((300, 300), 2.0)
    head = np.linspace(50, 200, 3600).reshape(60, 60)
    small[20:80, 20:80] = large[20:80, 20:80] = head
    assert display_window([small]) == pytest.approx(display_window([large]), rel=0.1)
    low, high = display_window([small])
    assert 50 <= low <= 55
    assert 195 <= high <= 200


@given(
    values=hnp.arrays(
        np.float32,
        hnp.array_shapes(min_dims=2, max_dims=2, max_side=20),
        elements=st.floats(-1e6, 1e6, width=32) | st.just(np.nan) | st.just(np.inf),
    )
)
def test_any_image_can_be_shown(values: NDArray[np.float32]) -> None:
    low, high = display_window([values])
    assert low < high
    grey = to_grey(values, (low, high))
    assert grey.shape == values.shape
    assert (grey[np.isnan(values)] == 0).all()


def test_no_image_has_a_window() -> None:
    assert display_window([]) == (0.0, 1.0)


def test_grey_is_linear_inside_the_window() -> None:
    values = np.array([[0, 100, 150, 200, 300]], dtype=np.float32)
    assert to_grey(values, (100, 200)).tolist() == [[0, 0, 128, 255, 255]]
