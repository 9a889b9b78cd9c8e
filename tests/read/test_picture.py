from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from gliascope.errors import InputError
from gliascope.read.pages import ALPHA_DROPPED, TURNED
from gliascope.read.picture import decode_picture

SIDE = st.integers(1, 12)


def encoded(pixels: NDArray[Any] | Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


@given(st.one_of(arrays(np.uint8, st.tuples(SIDE, SIDE)), arrays(np.uint16, st.tuples(SIDE, SIDE))))
def test_grey_png_returns_its_pixels(pixels: NDArray[Any]) -> None:
    (page,) = decode_picture(encoded(pixels)).pages
    assert page.dtype == pixels.dtype
    assert np.array_equal(page[:, :, 0], pixels)


@given(arrays(np.uint8, st.tuples(SIDE, SIDE, st.just(3))))
def test_colour_png_returns_its_pixels(pixels: NDArray[np.uint8]) -> None:
    (page,) = decode_picture(encoded(pixels)).pages
    assert page.dtype == np.uint8
    assert np.array_equal(page, pixels)


@given(arrays(np.uint16, st.tuples(SIDE, SIDE, st.just(3))))
def test_16_bit_colour_png_keeps_its_depth(pixels: NDArray[np.uint16]) -> None:
    (page,) = decode_picture(bytes(imagecodecs.png_encode(pixels))).pages
    assert page.dtype == np.uint16
    assert np.array_equal(page, pixels)


@pytest.mark.parametrize(("channels", "kept"), [(2, 1), (4, 3)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_alpha_is_dropped_and_told(channels: int, kept: int, kind: type[np.uint8 | np.uint16]) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (5, 4, channels)).astype(kind)
    decoded = decode_picture(bytes(imagecodecs.png_encode(pixels)))
    assert np.array_equal(decoded.pages[0], pixels[:, :, :kept])
    assert decoded.notes == (ALPHA_DROPPED,)


def test_a_palette_becomes_its_colours(colour: NDArray[np.uint8]) -> None:
    flat = (colour // 128) * 128
    image = Image.fromarray(flat).quantize(8)
    assert image.mode == "P"
    (page,) = decode_picture(encoded(image)).pages
    assert np.array_equal(page, flat)


def test_a_transparent_palette_entry_is_told() -> None:
    image = Image.new("P", (3, 2))
    image.putpalette([9, 8, 7])
    decoded = decode_picture(encoded(image, transparency=0))
    assert np.array_equal(decoded.pages[0], np.full((2, 3, 3), (9, 8, 7)))
    assert decoded.notes == (ALPHA_DROPPED,)


def test_one_bit_png_is_black_and_white() -> None:
    bits = np.eye(9, dtype=bool)
    (page,) = decode_picture(encoded(bits)).pages
    assert np.array_equal(page[:, :, 0], bits * np.uint8(255))


def test_jpeg_is_near_its_pixels() -> None:
    rows, columns = np.mgrid[:32, :40]
    grey = (rows * 3 + columns * 2).astype(np.uint8)
    colour = np.dstack([grey, grey // 2, 200 - grey])
    (page,) = decode_picture(encoded(grey, "JPEG", quality=95)).pages
    assert page.shape == (32, 40, 1)
    assert np.abs(page[:, :, 0].astype(int) - grey).max() <= 4
    (page,) = decode_picture(encoded(colour, "JPEG", quality=95, subsampling=0)).pages
    assert np.abs(page.astype(int) - colour).max() <= 8


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_orientation_tag_is_honoured_and_told(kind: str) -> None:
    stored = np.zeros((16, 24), np.uint8)
    stored[:8] = 255
    exif = Image.Exif()
    exif[274] = 6
    decoded = decode_picture(encoded(stored, kind, exif=exif))
    (page,) = decoded.pages
    assert page.shape == (24, 16, 1)
    assert page[:, 8:].min() > 250
    assert page[:, :8].max() < 5
    assert decoded.notes == (TURNED,)


def test_cmyk_is_refused() -> None:
    with pytest.raises(InputError, match=r"grey or RGB with 8 or 16 bits, received JPEG of type CMYK"):
        decode_picture(encoded(Image.new("CMYK", (4, 4)), "JPEG"))


def test_an_animation_is_refused() -> None:
    frames = [Image.new("L", (4, 4), value) for value in (0, 90)]
    with pytest.raises(InputError, match="one image, received an animation of 2 frames"):
        decode_picture(encoded(frames[0], save_all=True, append_images=frames[1:]))


@pytest.mark.parametrize("side", [8193, 10_000, 60_000])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(side: int) -> None:
    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    bomb = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    with pytest.raises(InputError, match="at most 67108864 pixels, received"):
        decode_picture(bomb)
