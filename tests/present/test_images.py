from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from gliascope.errors import InputError
from gliascope.present.images import write_image


@given(
    rows=st.integers(1, 30),
    columns=st.integers(1, 30),
    channels=st.sampled_from([1, 3]),
    pages=st.integers(1, 5),
    suffix=st.sampled_from([".tif", ".tiff", ".TIF", ".png"]),
)
def test_pages_come_back(
    tmp_path_factory: pytest.TempPathFactory, rows: int, columns: int, channels: int, pages: int, suffix: str
) -> None:
    pages = 1 if suffix == ".png" else pages
    slices = [np.random.default_rng(n).integers(0, 256, (rows, columns, channels), np.uint8) for n in range(pages)]
    path = tmp_path_factory.mktemp("images") / f"scan{suffix}"
    write_image(slices, path)
    expected = [one[..., 0] if channels == 1 else one for one in slices]
    with Image.open(path) as image:
        for number, one in enumerate(expected):
            image.seek(number)
            assert np.array_equal(np.asarray(image), one)
    if suffix != ".png":
        with tifffile.TiffFile(path) as file:
            assert len(file.pages) == pages
            assert all(np.array_equal(page.asarray(), one) for page, one in zip(file.pages, expected, strict=True))


def test_slices_of_a_tiff_may_differ_in_size(tmp_path: Path) -> None:
    write_image([np.zeros((4, 5, 1), np.uint8), np.ones((6, 7, 3), np.uint8)], tmp_path / "a.tif")
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert [page.shape for page in file.pages] == [(4, 5), (6, 7, 3)]


@pytest.mark.parametrize(
    ("name", "count", "dtype", "message"),
    [
        ("a.jpg", 1, np.uint8, r"written as \.png, \.tif or \.tiff, received '\.jpg'"),
        ("a.png", 2, np.uint8, "a PNG must have one page, received 2"),
        ("a.tif", 1, np.uint16, "a page must be uint8"),
    ],
)
def test_what_cannot_be_written_is_refused(
    tmp_path: Path, name: str, count: int, dtype: type[np.generic], message: str
) -> None:
    pages: list[Any] = [np.zeros((4, 4, 1), dtype=dtype)] * count
    with pytest.raises(InputError, match=message):
        write_image(pages, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_page_has_one_channel_or_three(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"received uint8 of \(4, 4, 2\)"):
        write_image([np.zeros((4, 4, 2), np.uint8)], tmp_path / "a.tif")
