"""What pictures go through before they are given to gliascope: turned, cut, resized, brightened, blurred, noisy."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Values = NDArray[np.float32]

TILT: Final = 15.0
"""Largest rotation besides quarter turns, in degrees."""
ZOOM: Final = (0.8, 1.25)
GAMMA: Final = (0.65, 1.5)
GAIN: Final = (0.5, 2.0)
BIAS: Final = 0.35
"""Largest relative change by the bias field at one of its knots."""
SIZES: Final = (0.25, 1.8)
"""Smallest and largest factor by which a picture is resized."""
COARSEST: Final = 6.0
"""Most times that the resolution along one side may be lower, as in reformatted thick slices."""


def disturb(picture: Picture, rng: np.random.Generator) -> Picture:
    """Turn, frame and degrade a picture at random.

    Parameters
    ----------
    picture : ndarray, uint8, shape (row, column)
    rng : numpy.random.Generator

    Returns
    -------
    ndarray, uint8, shape (row, column)
        Of another size.
    """
    return degrade(reframe(turn(picture, rng), rng), rng)


def turn(picture: Picture, rng: np.random.Generator) -> Picture:
    """Mirror, turn by quarters, tilt, zoom and shift; a head stays a head, whichever way the file was written."""
    if rng.random() < 0.5:
        picture = picture[:, ::-1]
    if rng.random() < 0.4:
        picture = np.rot90(picture, int(rng.integers(4)))
    picture = np.ascontiguousarray(picture)
    rows, columns = picture.shape
    place = cv2.getRotationMatrix2D((columns / 2, rows / 2), rng.uniform(-TILT, TILT), rng.uniform(*ZOOM))
    place = place + np.pad(rng.uniform(-0.03, 0.03, (2, 1)) * [[columns], [rows]], ((0, 0), (2, 0)))
    return np.asarray(cv2.warpAffine(picture, place, (columns, rows), flags=cv2.INTER_LINEAR), dtype=np.uint8)


def reframe(picture: Picture, rng: np.random.Generator) -> Picture:
    """Cut off the empty border, or add to it; write marks beside the head; resize."""
    way = rng.random()
    if way < 0.2:
        picture = _trimmed(picture, int(rng.integers(8)))
    elif way < 0.35:
        top, bottom, left, right = (int(one) for one in rng.integers(0, 80, 4))
        picture = _array(cv2.copyMakeBorder(picture, top, bottom, left, right, cv2.BORDER_CONSTANT, value=0))
    if rng.random() < 0.1:
        picture = _annotated(picture, rng)
    if rng.random() < 0.3:
        scale = float(np.exp(rng.uniform(*np.log(SIZES))))
        size = tuple(max(8, round(one * scale)) for one in picture.shape[::-1])
        picture = _array(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC))
    return picture


def degrade(picture: Picture, rng: np.random.Generator) -> Picture:
    """Change brightness, contrast, resolution and noise; no more than a quarter of what is seen becomes white."""
    values: Values = picture.astype(np.float32)
    if rng.random() < 0.5:
        knots = 1 + rng.uniform(-BIAS, BIAS, (4, 4))
        values *= cv2.resize(knots, picture.shape[::-1], interpolation=cv2.INTER_CUBIC)
    if rng.random() < 0.5:
        highest = max(float(values.max()), 1.0)
        values = (highest * (np.maximum(values, 0) / highest) ** rng.uniform(*GAMMA)).astype(np.float32)
    if rng.random() < 0.4:
        values *= min(rng.uniform(*GAIN), _largest_gain(values))
    way = rng.random()
    if way < 0.35:
        values = _coarser(values, rng)
    elif way < 0.55:
        values = cv2.GaussianBlur(values, (0, 0), rng.uniform(0.5, 2)).astype(np.float32)
    if rng.random() < 0.35:
        values = np.abs(values + rng.normal(0, rng.uniform(1, 8), values.shape)).astype(np.float32)
    return _stored(to_picture(values), rng)


def to_picture(values: NDArray[Any]) -> Picture:
    """Round and cut to 8 bits."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _stored(picture: Picture, rng: np.random.Generator) -> Picture:
    """Enhance by CLAHE or compress by JPEG, as some pictures are before they come here."""
    way = rng.random()
    if way < 0.08:
        return _array(cv2.createCLAHE(clipLimit=rng.uniform(1, 4), tileGridSize=(8, 8)).apply(picture))
    if way < 0.2:
        _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 95))])
        return _array(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE))
    return picture


def _annotated(picture: Picture, rng: np.random.Generator) -> Picture:
    """Write letters into the corners, as viewers do."""
    picture = picture.copy()
    rows, columns = picture.shape
    height = max(rows, columns) / 256
    for _ in range(rng.integers(1, 5)):
        place = (int(rng.choice([0.02, 0.75]) * columns), int(rng.choice([0.07, 0.14, 0.95]) * rows))
        text = "".join(chr(one) for one in rng.integers(48, 91, rng.integers(1, 9)))
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.35 * height, int(rng.integers(120, 256)), 1)
    return picture


def _largest_gain(values: Values) -> float:
    seen = values[values > 0.1 * values.max()]
    return max(255 / max(float(np.percentile(seen, 75)), 1.0), 1.0) if seen.size else 1.0


def _coarser(values: Values, rng: np.random.Generator) -> Values:
    """Lower the resolution along one side and come back, as a reformatted volume of thick slices does."""
    rows, columns = values.shape
    factor = rng.uniform(1, COARSEST)
    low = (columns, max(8, int(rows / factor))) if rng.random() < 0.5 else (max(8, int(columns / factor)), rows)
    back = cv2.INTER_LINEAR if rng.random() < 0.7 else cv2.INTER_NEAREST
    small = cv2.resize(values, low, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (columns, rows), interpolation=back), dtype=np.float32)


def _trimmed(picture: Picture, margin: int) -> Picture:
    rows, columns = np.nonzero(picture > 0.1 * picture.max())
    if not rows.size:
        return picture
    top, left = max(int(rows.min()) - margin, 0), max(int(columns.min()) - margin, 0)
    return picture[top : int(rows.max()) + 1 + margin, left : int(columns.max()) + 1 + margin]


def _array(values: Any) -> Picture:
    return np.asarray(values, dtype=np.uint8)
