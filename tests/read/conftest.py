"""Small images for the tests of reading."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

Picture = NDArray[Any]
Save = Callable[[str, Picture], Path]


@pytest.fixture
def grey() -> Picture:
    return np.random.default_rng(0).integers(0, 256, (11, 7), dtype=np.uint8)


@pytest.fixture
def colour() -> Picture:
    return np.random.default_rng(1).integers(0, 256, (11, 7, 3), dtype=np.uint8)


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write an array below the test's folder: TIFF by tifffile, PNG and JPEG by Pillow."""

    def write(name: str, pixels: Picture) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix.lower() in (".tif", ".tiff"):
            kind = "rgb" if pixels.ndim > 2 and pixels.shape[-1] == 3 else "minisblack"
            tifffile.imwrite(path, pixels, photometric=kind)
        else:
            Image.fromarray(pixels).save(path)
        return path

    return write
