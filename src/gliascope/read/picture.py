"""PNG and JPEG, decoded by Pillow; 16-bit colour PNG by imagecodecs, since Pillow halves its depth."""

from __future__ import annotations

import io
import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gliascope.errors import InputError
from gliascope.read.pages import ALPHA_DROPPED, MAX_PAGE_PIXELS, TURNED, Decoded, check_size, turn_upright

_GREY: Final = {"1": "L", "L": "L", "LA": "L", "La": "L"}
_COLOUR: Final = {"RGB": "RGB", "RGBA": "RGB", "RGBa": "RGB", "P": "RGB", "PA": "RGB"}
_ALPHA: Final = ("LA", "La", "RGBA", "RGBa", "PA")
_ORIENTATION: Final = 274


def decode_picture(content: bytes) -> Decoded:
    """Decode a PNG or JPEG file.

    Parameters
    ----------
    content : bytes
        The whole file.

    Returns
    -------
    Decoded
        One page.

    Raises
    ------
    InputError
        If the image is too large, animated, or neither grey nor RGB (as CMYK is).
    Exception
        Whatever Pillow or imagecodecs raises on damaged content.
    """
    with _open(content) as image:
        check_size(image.height, image.width)
        frames = int(getattr(image, "n_frames", 1))
        if image.format == "PNG" and frames > 1:
            raise InputError(f"a PNG must hold one image, received an animation of {frames} frames")
        page, notes = _pixels(image, content)
        orientation = int(image.getexif().get(_ORIENTATION, 1))
    if orientation > 1:
        page, notes = turn_upright(page, orientation), (*notes, TURNED)
    return Decoded((page,), notes)


def _open(content: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return Image.open(io.BytesIO(content), formats=("PNG", "JPEG", "MPO"))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise InputError(f"an image must have at most {MAX_PAGE_PIXELS} pixels, received more: {error}") from error


def _pixels(image: Image.Image, content: bytes) -> tuple[NDArray[Any], tuple[str, ...]]:
    if image.format == "PNG":
        depth, colour = content[24], content[25]
        if depth == 16 and colour != 0:
            return _deep_png(content)
    notes = (ALPHA_DROPPED,) if image.mode in _ALPHA or "transparency" in image.info else ()
    image.load()
    if image.mode in ("I;16", "I;16B", "I;16L", "I"):
        return np.asarray(image).astype(np.uint16)[:, :, np.newaxis], notes
    if image.mode in _GREY:
        return np.array(_without_alpha(image, "L"))[:, :, np.newaxis], notes
    if image.mode in _COLOUR:
        return np.array(_without_alpha(image, "RGB")), notes
    raise InputError(f"an image must be grey or RGB with 8 or 16 bits, received {image.format} of type {image.mode}")


def _without_alpha(image: Image.Image, mode: str) -> Image.Image:
    return image if image.mode == mode else image.convert(mode)


def _deep_png(content: bytes) -> tuple[NDArray[Any], tuple[str, ...]]:
    import imagecodecs

    pixels: NDArray[Any] = imagecodecs.png_decode(content)
    if pixels.ndim == 2:
        pixels = pixels[:, :, np.newaxis]
    kept = pixels.shape[2] - (pixels.shape[2] + 1) % 2
    notes = (ALPHA_DROPPED,) if kept < pixels.shape[2] else ()
    return np.ascontiguousarray(pixels[:, :, :kept]), notes
