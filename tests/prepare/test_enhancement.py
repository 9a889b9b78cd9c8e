from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gliascope
from gliascope.errors import InputError
from gliascope.prepare.clahe import enhance as enhance_slice
from gliascope.prepare.enhancement import clahe_settings, enhance
from gliascope.prepare.intensity import to_uint8
from gliascope.recipe import Clahe, load_recipe

SHAPES = [(40, 50), (40, 50, 3), (4, 40, 50), (2, 40, 50, 3), (1, 40, 50, 1), (1, 1), (5, 3)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float64])
def test_the_result_has_8_bits_and_the_arrays_shape(shape: tuple[int, ...], dtype: type[np.generic]) -> None:
    array = np.random.default_rng(0).integers(0, 256, shape).astype(dtype)
    result = gliascope.enhance(array)
    assert result.shape == shape
    assert result.dtype == np.uint8


def test_slices_and_channels_are_enhanced_by_themselves() -> None:
    array = np.random.default_rng(0).integers(0, 200, (2, 48, 48, 3), dtype=np.uint8)
    result = enhance(array)
    default = load_recipe("default").preparation.clahe
    for number in range(2):
        assert np.array_equal(result[number], enhance(array[number]))
        for channel in range(3):
            assert np.array_equal(result[number, ..., channel], enhance_slice(array[number, ..., channel], default))


def test_a_volume_of_slices_is_no_image_of_many_channels() -> None:
    volume = np.random.default_rng(0).integers(0, 200, (5, 48, 40), dtype=np.uint8)
    assert np.array_equal(enhance(volume)[2], enhance(volume[2]))


def test_deeper_values_are_scaled_over_all_slices() -> None:
    volume = np.random.default_rng(0).integers(0, 4000, (3, 32, 32)).astype(np.uint16)
    volume[1] //= 4
    scaled = to_uint8(volume[..., None].astype(np.float32))[..., 0]
    assert np.array_equal(enhance(volume), enhance(scaled))


@given(clip=st.floats(0.01, 40), grid=st.integers(1, 64))
def test_what_is_asked_for_is_used(clip: float, grid: int) -> None:
    used = clahe_settings(clip, grid)
    assert (used.clip_limit, used.tile_grid) == (clip, grid)


def test_the_recipe_gives_the_defaults() -> None:
    assert clahe_settings() == load_recipe("default").preparation.clahe
    assert clahe_settings(tile_grid=4).clip_limit == clahe_settings().clip_limit
    image = np.random.default_rng(0).integers(0, 200, (64, 64), dtype=np.uint8)
    assert np.array_equal(
        enhance(image, clip_limit=5, tile_grid=3), enhance_slice(image, Clahe(clip_limit=5, tile_grid=3))
    )


@pytest.mark.parametrize(
    ("clip", "grid", "message"), [(0, None, "clip_limit: .* received 0"), (None, 65, "tile_grid: .* received 65")]
)
def test_a_setting_out_of_range_is_refused(clip: float | None, grid: int | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        clahe_settings(clip, grid)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((3,)), r"2, 3 or 4 axes and a pixel, received shape \(3,\)"),
        (np.zeros((0, 4)), r"received shape \(0, 4\)"),
        (np.array([[np.nan, 1.0]]), "integer or finite float"),
        (np.array([[True]]), "received bool"),
    ],
)
def test_what_is_no_image_is_refused(bad: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        enhance(bad)  # type: ignore[arg-type]  # the wrong type is what is tested
