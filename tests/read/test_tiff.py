from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from gliascope.errors import InputError
from gliascope.read.pages import ALPHA_DROPPED, TURNED
from gliascope.read.tiff import decode_tiff

SIDE = st.integers(1, 12)
KINDS = st.sampled_from([np.uint8, np.uint16])
LOSSLESS = [None, "lzw", "zlib", "packbits", "zstd", "lzma", "lerc", "png"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiff")


def written(folder: Path, pixels: NDArray[Any], **options: Any) -> Path:
    path = folder / "image.tif"
    tifffile.imwrite(path, pixels, **options)
    return path


@given(data=st.data())
def test_grey_stacks_return_their_pixels(folder: Path, data: st.DataObject) -> None:
    stack = data.draw(arrays(data.draw(KINDS), st.tuples(st.integers(1, 4), SIDE, SIDE)))
    with tifffile.TiffWriter(folder / "image.tif", byteorder="<" if data.draw(st.booleans()) else ">") as file:
        for pixels in stack:
            file.write(pixels, photometric="minisblack", contiguous=False)
    pages = decode_tiff(folder / "image.tif").pages
    assert len(pages) == len(stack)
    for page, pixels in zip(pages, stack, strict=True):
        assert page.dtype == pixels.dtype
        assert page.dtype.isnative
        assert np.array_equal(page[:, :, 0], pixels)


@given(data=st.data())
def test_colour_stacks_return_their_pixels(folder: Path, data: st.DataObject) -> None:
    stack = data.draw(arrays(data.draw(KINDS), st.tuples(st.integers(1, 3), SIDE, SIDE, st.just(3))))
    if data.draw(st.booleans()):
        path = written(folder, stack, photometric="rgb")
    else:
        path = written(folder, np.moveaxis(stack, -1, 1), photometric="rgb", planarconfig="separate")
    pages = decode_tiff(path).pages
    assert np.array_equal(np.stack(pages), stack)


@pytest.mark.parametrize("compression", LOSSLESS)
@pytest.mark.parametrize("tile", [None, (16, 16)])
def test_compression_and_tiles_lose_nothing(
    folder: Path, compression: str | None, tile: tuple[int, int] | None
) -> None:
    pixels = np.random.default_rng(0).integers(0, 60_000, (37, 53, 3)).astype(np.uint16)
    path = written(folder, pixels, photometric="rgb", compression=compression, tile=tile)
    assert np.array_equal(decode_tiff(path).pages[0], pixels)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_predictor_and_bigtiff_lose_nothing(folder: Path, kind: type[np.uint8 | np.uint16]) -> None:
    pixels = np.random.default_rng(0).integers(0, 200, (37, 53)).astype(kind)
    path = written(folder, pixels, compression="zlib", predictor=True, bigtiff=True)
    assert np.array_equal(decode_tiff(path).pages[0][:, :, 0], pixels)


def test_jpeg_in_tiff_is_near_its_pixels(folder: Path) -> None:
    rows, columns = np.mgrid[:32, :48]
    colour = np.dstack([rows * 4, columns * 3, 120 - rows]).astype(np.uint8)
    path = written(folder, colour, photometric="rgb", compression="jpeg", compressionargs={"level": 95})
    assert np.abs(decode_tiff(path).pages[0].astype(int) - colour).max() <= 12


@pytest.mark.parametrize(("kind", "white"), [(np.uint8, 255), (np.uint16, 65535)])
def test_white_as_zero_is_turned_round(folder: Path, kind: type[np.uint8 | np.uint16], white: int) -> None:
    pixels = np.arange(12, dtype=kind).reshape(3, 4)
    path = written(folder, pixels, photometric="miniswhite")
    assert np.array_equal(decode_tiff(path).pages[0][:, :, 0], white - pixels)


def test_one_bit_is_black_and_white(folder: Path) -> None:
    bits = np.eye(9, dtype=bool)
    path = written(folder, bits, photometric="minisblack")
    assert np.array_equal(decode_tiff(path).pages[0][:, :, 0], bits * np.uint8(255))
    path = written(folder, bits, photometric="miniswhite")
    assert np.array_equal(decode_tiff(path).pages[0][:, :, 0], ~bits * np.uint8(255))


def test_a_palette_becomes_its_colours(folder: Path) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (3, 256)).astype(np.uint16)
    indices = np.arange(200, dtype=np.uint8).reshape(10, 20)
    path = written(folder, indices, photometric="palette", colormap=colours * 257)
    assert np.array_equal(decode_tiff(path).pages[0], np.moveaxis(colours, 0, -1)[indices])


@pytest.mark.parametrize(("channels", "kind"), [(2, "minisblack"), (4, "rgb")])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_alpha_is_dropped_and_told(folder: Path, channels: int, kind: str, planar: str) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (5, 4, channels)).astype(np.uint8)
    stored = pixels if planar == "contig" else np.moveaxis(pixels, -1, 0)
    path = written(folder, stored, photometric=kind, planarconfig=planar, extrasamples=["unassalpha"])
    decoded = decode_tiff(path)
    assert np.array_equal(decoded.pages[0], pixels[:, :, :-1])
    assert decoded.notes == (ALPHA_DROPPED,)


def test_the_orientation_tag_is_honoured_and_told(folder: Path) -> None:
    stored = np.arange(12, dtype=np.uint8).reshape(3, 4)
    decoded = decode_tiff(written(folder, stored, extratags=[(274, "H", 1, 3, True)]))
    assert np.array_equal(decoded.pages[0][:, :, 0], stored[::-1, ::-1])
    assert decoded.notes == (TURNED,)


def test_thumbnails_are_no_slices(folder: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (32, 32)).astype(np.uint8)
    with tifffile.TiffWriter(folder / "image.tif") as file:
        file.write(pixels)
        file.write(pixels[::2, ::2], subfiletype=1)
    (page,) = decode_tiff(folder / "image.tif").pages
    assert np.array_equal(page[:, :, 0], pixels)


ZERO = np.zeros((20, 30), np.uint8)
REFUSED: list[tuple[NDArray[Any], dict[str, Any], str]] = [
    (ZERO.astype(np.float32), {}, "unsigned values of 8 or 16 bits, received 32 bits, IEEEFP"),
    (ZERO.astype(np.int16), {}, "unsigned values of 8 or 16 bits, received 16 bits, INT"),
    (ZERO.astype(np.uint32), {}, "unsigned values of 8 or 16 bits, received 32 bits"),
    (np.zeros((20, 30, 4), np.uint8), {"photometric": "separated"}, "grey or RGB, received SEPARATED"),
    (
        np.zeros((20, 30, 2), np.uint8),
        {"photometric": "minisblack", "planarconfig": "contig"},
        "1 or 3 channels, received 2",
    ),
    (
        np.zeros((20, 30, 4), np.uint8),
        {"photometric": "rgb", "extrasamples": ["unspecified"]},
        "1 or 3 channels, received 4",
    ),
    (np.zeros((16, 32, 32), np.uint8), {"volumetric": True}, "2-D, received a depth of 16"),
    (np.zeros((5, 20, 30), np.uint8), {"imagej": True, "metadata": {"axes": "CYX"}}, "slices, received axes CYX"),
    (np.zeros((5, 20, 30), np.uint8), {"ome": True, "metadata": {"axes": "TYX"}}, "slices, received axes TYX"),
    (
        np.zeros((5, 20, 30), np.uint8),
        {"truncate": True},
        r"one entry a page, received one for a stack of \(5, 20, 30\)",
    ),
]


@pytest.mark.parametrize(("pixels", "options", "message"), REFUSED)
def test_other_kinds_are_refused_by_rule(
    folder: Path, pixels: NDArray[Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        decode_tiff(written(folder, pixels, **options))


def test_imagej_slices_are_slices(folder: Path) -> None:
    stack = np.random.default_rng(0).integers(0, 255, (5, 20, 30)).astype(np.uint8)
    path = written(folder, stack, imagej=True, metadata={"axes": "ZYX"})
    assert np.array_equal(np.stack(decode_tiff(path).pages)[..., 0], stack)


def test_a_decompression_bomb_is_refused_before_it_is_decoded(folder: Path) -> None:
    path = folder / "bomb.tif"
    tifffile.imwrite(path, shape=(8193, 8193), dtype=np.uint8, rowsperstrip=8193)
    with pytest.raises(InputError, match="at most 67108864 pixels, received 8193 x 8193"):
        decode_tiff(path)


def _page_links(path: Path) -> list[tuple[int, int]]:
    """Start of each page's directory, and where in the file its link to the next one stands."""
    with tifffile.TiffFile(path) as file:
        return [(page.offset, page.offset + 2 + 12 * len(page.tags)) for page in (one.aspage() for one in file.pages)]


@pytest.mark.parametrize("target", ["itself", "the first", "nowhere"])
def test_pages_in_a_circle_or_outside_are_refused(folder: Path, target: str) -> None:
    path = written(folder, np.zeros((2, 20, 30), np.uint8), photometric="minisblack", metadata=None)
    (first, _), (second, link) = _page_links(path)
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, link, {"itself": second, "the first": first, "nowhere": 10**6}[target])
    path.write_bytes(content)
    with pytest.raises(InputError, match="received a file with pages missing"):
        decode_tiff(path)


def test_a_tag_that_cannot_be_read_is_no_default(folder: Path) -> None:
    path = written(folder, ZERO, compression="zlib", predictor=True, metadata=None)
    content = bytearray(path.read_bytes())
    place = content.index(struct.pack("<HH", 317, 3))
    struct.pack_into("<H", content, place + 2, 99)
    path.write_bytes(content)
    with pytest.raises(InputError, match="without a readable tag 317"):
        decode_tiff(path)
