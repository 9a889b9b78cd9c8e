"""Measured patients without files, and small data sets on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

MakeSet = Callable[[dict[str, list[int]]], Path]


@pytest.fixture
def make_set(tmp_path: Path) -> MakeSet:
    """Write patients' folders: for each name, the number of tumour pixels of each slice."""

    def write(folders: dict[str, list[int]]) -> Path:
        root = tmp_path / "kaggle_3m"
        for name, areas in folders.items():
            (root / name).mkdir(parents=True)
            for number, area in enumerate(areas, start=1):
                mask = np.zeros(64, np.uint8)
                mask[:area] = 255
                Image.fromarray(np.full((8, 8, 3), (number, 2, 3), np.uint8)).save(root / name / f"{name}_{number}.tif")
                Image.fromarray(mask.reshape(8, 8)).save(root / name / f"{name}_{number}_mask.tif")
        (root / "data.csv").write_text("Patient\n", encoding="utf-8")
        return root

    return write
