"""Every transfer syntax that is named is read, to the bit where it is lossless; the rest is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders.base import get_encoder
from pydicom.uid import UID

from gliascope.errors import InputError
from gliascope.read.dicom.codecs import CODECS, decode_frame
from gliascope.read.dicom.decode import decode_series
from gliascope.read.dicom.series import Series
from gliascope.scan import Problem

WriteFlair = Callable[..., list[Path]]
SeriesOf = Callable[[list[Path]], Series]
Encode = Callable[[NDArray[Any]], bytes]


def rle(pixels: NDArray[Any]) -> bytes:
    encoder = get_encoder("1.2.840.10008.1.2.5")
    bits = pixels.dtype.itemsize * 8
    return encoder.encode(
        pixels.tobytes(),
        rows=pixels.shape[0],
        columns=pixels.shape[1],
        samples_per_pixel=1,
        bits_allocated=bits,
        bits_stored=bits,
        pixel_representation=0,
        number_of_frames=1,
        photometric_interpretation="MONOCHROME2",
    )


LOSSLESS: dict[str, Encode] = {
    "1.2.840.10008.1.2.4.57": lambda one: bytes(imagecodecs.ljpeg_encode(one, bitspersample=16)),
    "1.2.840.10008.1.2.4.70": lambda one: bytes(imagecodecs.jpeg8_encode(one, lossless=True, bitspersample=16)),
    "1.2.840.10008.1.2.4.80": lambda one: bytes(imagecodecs.jpegls_encode(one)),
    "1.2.840.10008.1.2.4.90": lambda one: bytes(
        imagecodecs.jpeg2k_encode(one, codecformat="j2k", reversible=True, level=0)
    ),
    "1.2.840.10008.1.2.4.201": lambda one: bytes(imagecodecs.htj2k_encode(one)),
    "1.2.840.10008.1.2.5": rle,
}
LOSSY: dict[str, Encode] = {
    "1.2.840.10008.1.2.4.51": lambda one: bytes(imagecodecs.jpeg8_encode(one, bitspersample=12, level=95)),
    "1.2.840.10008.1.2.4.81": lambda one: bytes(imagecodecs.jpegls_encode(one, level=2)),
    "1.2.840.10008.1.2.4.91": lambda one: bytes(imagecodecs.jpeg2k_encode(one, codecformat="j2k", level=90)),
}


def compressed(syntax: str, encode: Encode, values: NDArray[Any]) -> Callable[[int, Any], None]:
    def change(place: int, data: Any) -> None:
        data.file_meta.TransferSyntaxUID = UID(syntax)
        data.PixelData = encapsulate([encode(values[place])])
        data["PixelData"].VR = "OB"

    return change


@pytest.mark.parametrize("syntax", LOSSLESS, ids=CODECS.get)
def test_lossless(syntax: str, flair: WriteFlair, values: NDArray[np.uint16], series_of: SeriesOf) -> None:
    problems: list[Problem] = []
    series = series_of(flair(compressed(syntax, LOSSLESS[syntax], values)))
    stored = decode_series(series, "flair", problems)
    assert problems == []
    assert stored is not None
    assert np.array_equal(stored.values.transpose(2, 1, 0), values)


@pytest.mark.parametrize("syntax", LOSSY, ids=CODECS.get)
def test_lossy(syntax: str, flair: WriteFlair, series_of: SeriesOf) -> None:
    smooth = np.add.outer(np.arange(6) * 50, np.add.outer(np.arange(16) * 40, np.arange(16) * 30)).astype(np.uint16)
    change = compressed(syntax, LOSSY[syntax], smooth)
    stored = decode_series(series_of(flair(change, pixels=smooth)), "flair", [])
    assert stored is not None
    assert np.abs(stored.values.transpose(2, 1, 0) - smooth).max() <= 60


def test_eight_bits(flair: WriteFlair, series_of: SeriesOf) -> None:
    smooth = np.add.outer(np.arange(6), np.add.outer(np.arange(16) * 4, np.arange(16) * 6)).astype(np.uint8)

    def change(place: int, data: Any) -> None:
        data.BitsAllocated, data.BitsStored, data.HighBit = 8, 8, 7
        compressed("1.2.840.10008.1.2.4.50", lambda one: bytes(imagecodecs.jpeg8_encode(one, level=98)), smooth)(
            place, data
        )

    stored = decode_series(series_of(flair(change, pixels=smooth.astype(np.uint16))), "flair", [])
    assert stored is not None
    assert stored.is_byte
    assert np.abs(stored.values.transpose(2, 1, 0) - smooth).max() <= 6


def test_signed_values_through_a_codec_that_knows_no_sign(
    flair: WriteFlair, values: NDArray[np.uint16], series_of: SeriesOf
) -> None:
    signed = values.astype(np.int16) - 240
    encode = LOSSLESS["1.2.840.10008.1.2.4.80"]

    def change(place: int, data: Any) -> None:
        compressed("1.2.840.10008.1.2.4.80", lambda one: encode(one.view(np.uint16) & 0xFFF), signed)(place, data)
        data.PixelRepresentation, data.BitsStored, data.HighBit = 1, 12, 11

    stored = decode_series(series_of(flair(change)), "flair", [])
    assert stored is not None
    assert np.array_equal(stored.values.transpose(2, 1, 0), signed)


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.4.100", "1.2.840.10008.1.2.4.102", "1.2.3"])
def test_unknown_codecs_are_named(
    syntax: str, flair: WriteFlair, values: NDArray[np.uint16], series_of: SeriesOf
) -> None:
    series = series_of(flair(compressed(syntax, rle, values)))
    assert "a transfer syntax must be one of those that are read" in series.flaw
    assert f"({syntax})" in series.flaw


@pytest.mark.parametrize("syntax", [*LOSSLESS, *LOSSY], ids=CODECS.get)
def test_damaged_frames(syntax: str) -> None:
    encode = LOSSLESS.get(syntax) or LOSSY[syntax]
    pixels = np.random.default_rng(0).integers(0, 4000, (16, 16)).astype(np.uint16)
    whole = encode(pixels)
    for content in (b"", whole[:10], whole[: len(whole) // 3], bytes(len(whole)), whole[::-1]):
        with pytest.raises(InputError, match="a compressed frame must"):
            decode_frame(content, syntax, 16, 16, 16)
    with pytest.raises(InputError, match="a compressed frame must"):
        decode_frame(whole, syntax, 16, 18, 16)


HUGE = {
    "1.2.840.10008.1.2.4.70": (b"\xff\xc3", 5, b"\xff\xff\xff\xff"),
    "1.2.840.10008.1.2.4.80": (b"\xff\xf7", 5, b"\xff\xff\xff\xff"),
    "1.2.840.10008.1.2.4.90": (b"\xff\x51", 6, b"\x00\x00\xff\xff"),
}
"""Where a stream states its size, and one that no memory holds."""


@pytest.mark.parametrize("syntax", HUGE, ids=CODECS.get)
def test_a_frame_that_claims_to_be_huge_is_not_decoded(syntax: str) -> None:
    whole = bytearray(LOSSLESS[syntax](np.zeros((16, 16), np.uint16)))
    marker, offset, huge = HUGE[syntax]
    place = whole.find(marker) + offset
    whole[place : place + 4] = huge
    with pytest.raises(InputError, match="must be 16 x 16 and grey, received"):
        decode_frame(bytes(whole), syntax, 16, 16, 16)
