from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from gliascope.errors import InputError
from gliascope.read.truth import is_mask_name, match_masks, read_masks

Save = Callable[[str, NDArray[Any]], Path]


def test_mask_names() -> None:
    assert all(is_mask_name(Path(name)) for name in ("a_mask.tif", "a_1_mask.PNG", "a_MASK.tif", "_mask.png"))
    assert not any(is_mask_name(Path(name)) for name in ("mask.tif", "a_mask_1.tif", "a_mask.txt", "amask.tif"))


def test_masks_are_matched_by_stem_and_the_same_suffix_is_preferred() -> None:
    names = ["1.tif", "2.tif", "3.TIF", "10.tif"]
    masks = ["1_mask.png", "1_mask.tif", "2_mask.png", "3_mask.tif", "11_mask.tif"]
    found, warnings = match_masks([Path(one) for one in names], [Path(one) for one in masks])
    assert {image.name: mask.name for image, mask in found.items()} == {
        "1.tif": "1_mask.tif",
        "2.tif": "2_mask.png",
        "3.TIF": "3_mask.tif",
    }
    assert warnings == ("1.tif has several masks; 1_mask.tif is taken", "mask without an image: 11_mask.tif")


@pytest.mark.parametrize("name", ["m_mask.tif", "m_mask.png"])
@pytest.mark.parametrize("value", [1, 2, 255])
def test_everything_but_zero_is_inside(save: Save, name: str, value: int) -> None:
    inside = np.zeros((5, 6), bool)
    inside[1:3, 2:5] = True
    (mask,), notes = read_masks(save(name, inside.astype(np.uint8) * np.uint8(value)), [(5, 6)])
    assert np.array_equal(mask.pixels, inside)
    assert mask.path is not None
    assert mask.path.name == name
    assert notes == ()


def test_labels_are_taken_together_and_told(save: Save) -> None:
    labels = np.zeros((4, 4), np.uint8)
    labels[0, :3] = (1, 2, 4)
    (mask,), notes = read_masks(save("m_mask.png", labels), [(4, 4)])
    assert np.array_equal(mask.pixels, labels > 0)
    assert notes == ("a mask with several labels; all of them are taken as tumour",)


def test_a_coloured_mask_is_inside_where_it_is_not_black(tmp_path: Path) -> None:
    image = Image.new("P", (4, 3))
    image.putpalette([0, 0, 0, 128, 0, 0])
    image.putpixel((2, 1), 1)
    image.save(tmp_path / "m_mask.png")
    (mask,), _ = read_masks(tmp_path / "m_mask.png", [(3, 4)])
    assert np.argwhere(mask.pixels).tolist() == [[1, 2]]


def test_a_mask_that_may_be_inverted_is_told(save: Save) -> None:
    _, notes = read_masks(save("m_mask.png", 255 - np.eye(5, dtype=np.uint8)), [(5, 5)])
    assert "a mask that covers more than half of its image; is it the wrong way round?" in notes


def test_a_soft_mask_is_refused(save: Save) -> None:
    ramp = np.arange(17, dtype=np.uint8)[np.newaxis]
    with pytest.raises(InputError, match=r"m_mask\.png: a mask must have at most 16 different values, received 17"):
        read_masks(save("m_mask.png", ramp), [(1, 17)])


def test_a_mask_of_another_size_is_refused(save: Save) -> None:
    path = save("m_mask.png", np.zeros((4, 5), np.uint8))
    with pytest.raises(InputError, match=r"must have its image's size, 5 x 4, received 4 x 5"):
        read_masks(path, [(5, 4)])
    with pytest.raises(InputError, match=r"must have its image's size, 2 pages of 4 x 5, received 4 x 5"):
        read_masks(path, [(4, 5), (4, 5)])


def test_a_stack_of_masks(tmp_path: Path) -> None:
    stack = np.zeros((3, 4, 5), np.uint8)
    stack[1, 2, 3] = 255
    tifffile.imwrite(tmp_path / "m_mask.tif", stack, photometric="minisblack")
    masks, _ = read_masks(tmp_path / "m_mask.tif", [(4, 5)] * 3)
    assert [int(mask.pixels.sum()) for mask in masks] == [0, 1, 0]
