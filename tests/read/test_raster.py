from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gliascope.errors import UnreadableFile
from gliascope.read.raster import decode, is_image_name

Picture = NDArray[Any]
Save = Callable[[str, Picture], Path]

NAMES = ["image.tif", "image.png", "image.jpg"]


def test_image_names() -> None:
    assert all(is_image_name(Path(name)) for name in ("a.tif", "a.TIFF", "a.b.Png", "a.jpg", "A.JPEG"))
    assert not any(is_image_name(Path(name)) for name in ("a.nii", "a.tif.gz", "a", ".tif", ".hidden.png", "._a.tif"))


@pytest.mark.parametrize("name", ["grey.tif", "grey.png"])
@pytest.mark.parametrize("wrong", ["image.jpg", "image.tif", "image.png"])
def test_the_content_tells_the_format(save: Save, grey: Picture, name: str, wrong: str) -> None:
    path = save(name, grey).rename(save("image.png", grey).parent / wrong)
    assert np.array_equal(decode(path).pages[0][:, :, 0], grey)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.tif").touch()
    with pytest.raises(UnreadableFile, match=r"empty\.tif: an image file must not be empty, received 0 bytes"):
        decode(tmp_path / "empty.tif")


def test_another_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("not an image", encoding="utf-8")
    with pytest.raises(UnreadableFile, match=r"text\.png: an image must be TIFF, PNG or JPEG, received .*b'not an i'"):
        decode(tmp_path / "text.png")


@pytest.mark.parametrize("rest", [b"and nothing more", b"\xff\xff\xff\x7f", b"\0\0\0\0"])
def test_a_tiff_of_junk_is_refused_with_a_reason(tmp_path: Path, rest: bytes) -> None:
    (tmp_path / "junk.tif").write_bytes(b"II*\0" + rest)
    with pytest.raises(UnreadableFile, match=r"junk\.tif: a TIFF must have at least one page, received none where"):
        decode(tmp_path / "junk.tif")


@pytest.mark.parametrize(("error", "said"), [(KeyError(7), "(KeyError: 7)"), (ValueError(), "(ValueError)")])
def test_a_decoder_without_words_is_named(
    save: Save, grey: Picture, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    def fail(_: bytes) -> None:
        raise error

    monkeypatch.setattr("gliascope.read.picture.decode_picture", fail)
    with pytest.raises(UnreadableFile) as caught:
        decode(save("1.png", grey))
    assert str(caught.value).endswith(f"1.png: an image must be undamaged, received what cannot be decoded {said}")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"gone\.png: .*No such file"):
        decode(tmp_path / "gone.png")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("share", [0.01, 0.3, 0.6, 0.9])
def test_a_file_cut_short_is_refused(save: Save, colour: Picture, name: str, share: float) -> None:
    path = save(name, np.tile(colour, (20, 20, 1)))
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(UnreadableFile, match=f"{name}: "):
        decode(path)


@pytest.mark.parametrize("name", NAMES)
def test_damage_is_refused_or_leaves_an_image(save: Save, colour: Picture, name: str) -> None:
    path = save(name, colour)
    content = path.read_bytes()
    chance = random.Random(0)
    refused = 0
    for _ in range(60):
        damaged = bytearray(content)
        for _ in range(chance.choice([1, 2, 8])):
            damaged[chance.randrange(min(len(damaged), 300))] = chance.randrange(256)
        path.write_bytes(damaged)
        try:
            pages = decode(path).pages
        except UnreadableFile:
            refused += 1
        else:
            assert all(page.ndim == 3 and page.shape[2] in (1, 3) for page in pages)
            assert all(page.dtype in (np.uint8, np.uint16) for page in pages)
    assert refused > 10


@pytest.mark.parametrize("name", NAMES)
def test_a_single_pixel_is_an_image(save: Save, name: str) -> None:
    (page,) = decode(save(name, np.full((1, 1), 77, np.uint8))).pages
    assert page.shape == (1, 1, 1)
    assert page.item() == 77
