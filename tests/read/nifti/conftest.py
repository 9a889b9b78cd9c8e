"""Small NIfTI files for the tests of reading."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray

SaveVolume = Callable[..., Path]
"""`save_volume(name, array, affine=RAS affine, code=1, header=changes)` -> path."""


@pytest.fixture
def save_volume(tmp_path: Path) -> SaveVolume:
    def save(
        name: str, array: NDArray[Any], affine: NDArray[Any] | None = None, change: Callable[[Any], None] | None = None
    ) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = nibabel.Nifti1Image(array, np.diag([-1.0, -1, 1, 1]) if affine is None else affine)
        if change is not None:
            change(image.header)
        nibabel.save(image, path)
        return path

    return save


@pytest.fixture
def values() -> NDArray[np.int16]:
    """Shape (i, j, k) = (7, 6, 5)."""
    return np.random.default_rng(0).integers(1, 900, (7, 6, 5)).astype(np.int16)
