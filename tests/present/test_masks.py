from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from PIL import Image

from gliascope.errors import InputError
from gliascope.present.masks import mask_name, output_stem, probability_name, write_mask, write_probability

shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=40)


@given(mask=hnp.arrays(np.bool_, shapes))
def test_mask_comes_back_byte_for_byte(tmp_path_factory: pytest.TempPathFactory, mask: NDArray[np.bool_]) -> None:
    path = tmp_path_factory.mktemp("masks") / "new" / "a_mask.png"
    write_mask(mask, path)
    expected = mask.astype(np.uint8) * 255
    with Image.open(path) as image:
        assert image.mode == "L"
        assert np.array_equal(np.asarray(image), expected)
    assert np.array_equal(np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)), expected)
    assert [one.name for one in path.parent.iterdir()] == ["a_mask.png"]


@given(probability=hnp.arrays(np.float32, shapes, elements=st.floats(0, 1, width=32)))
def test_probability_is_exact_to_half_a_step(
    tmp_path_factory: pytest.TempPathFactory, probability: NDArray[np.float32]
) -> None:
    path = tmp_path_factory.mktemp("masks") / "a_probability.png"
    write_probability(probability, path)
    with Image.open(path) as image:
        assert image.mode == "I;16"
        stored = np.asarray(image)
    assert np.array_equal(np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)), stored)
    assert np.abs(stored / 65535 - probability.astype(np.float64)).max() <= 0.5 / 65535 + 1e-12


def test_same_array_same_bytes(tmp_path: Path) -> None:
    mask = np.eye(30, dtype=np.bool_)
    write_mask(mask, tmp_path / "a.png")
    write_mask(mask, tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_a_refused_array_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a_mask.png"
    write_mask(np.ones((3, 4), dtype=np.bool_), path)
    before = path.read_bytes()
    wrong: Any = np.ones((3, 4), dtype=np.uint8)
    with pytest.raises(InputError, match="mask must be bool, received uint8"):
        write_mask(wrong, path)
    with pytest.raises(InputError, match=r"mask must be 2-D, received shape \(2, 3, 4\)"):
        write_mask(np.ones((2, 3, 4), dtype=np.bool_), path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("value", [-0.1, 1.5, np.nan])
def test_what_is_no_probability_is_refused(tmp_path: Path, value: float) -> None:
    with pytest.raises(InputError, match=r"a probability must lie in 0\.\.1"):
        write_probability(np.full((2, 2), value, dtype=np.float32), tmp_path / "p.png")
    assert not list(tmp_path.iterdir())


def test_names() -> None:
    assert mask_name("in/scan_7.tif") == "scan_7_mask.png"
    assert mask_name(Path("stack.tif"), 0, 12) == "stack_p0001_mask.png"
    assert mask_name("stack.tif", 11, 12) == "stack_p0012_mask.png"
    assert probability_name("a.b.png") == "a.b_probability.png"
    assert output_stem("x.tiff", 3, 4) == "x_p0004"


def test_empty_masks_of_two_shapes(tmp_path: Path) -> None:
    for rows, columns in ((4, 6), (6, 4), (4, 6)):
        write_mask(np.zeros((rows, columns), dtype=np.bool_), tmp_path / "empty.png")
        with Image.open(tmp_path / "empty.png") as image:
            assert (image.size, image.getextrema()) == ((columns, rows), (0, 0))
