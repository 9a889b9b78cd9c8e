"""A small data set in the LGG layout, with what real ones have: a copied channel, a patient of another size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile

from gliascope.dataset.describe.describe import Description, describe
from gliascope.dataset.layout import patients
from gliascope.recipe import load_recipe

SIZE = 48

CLINICAL = """Patient,gender,age,note
TCGA_AA_1,1,40,
TCGA_AA_2,,51,seen twice
TCGA_BB_3,2,62,
TCGA_BB_9,2,70,
"""

Describe = Callable[..., Description]


def write_patient(
    root: Path, name: str, areas: list[int], *, copies: tuple[int, ...] = (), size: int = SIZE, masks: bool = True
) -> Path:
    """A folder of slices: a grey disc with a bright square of `area` pixels a slice; `copies` equal FLAIR."""
    folder = root / name
    folder.mkdir(parents=True)
    noise = np.random.default_rng(len(name)).integers(0, 6, (len(areas), size, size, 3))
    head = np.hypot(*np.meshgrid(np.linspace(-1, 1, size), np.linspace(-1, 1, size))) < 0.8
    for index, area in enumerate(areas):
        image = np.where(head[..., None], np.array([70, 90, 110]) + noise[index], 0).astype(np.uint8)
        mask = np.zeros(size * size, np.uint8)
        middle = size * size // 2 + size // 4
        mask[middle : middle + area] = 255
        square = mask.reshape(size, size)
        image[square > 0] = (60, 190, 100)
        for channel in copies:
            image[..., channel] = image[..., 1]
        stem = folder / f"{name}_{index + 1}"
        tifffile.imwrite(stem.with_name(f"{stem.name}.tif"), image, photometric="rgb")
        if masks:
            tifffile.imwrite(stem.with_name(f"{stem.name}_mask.tif"), square, photometric="minisblack")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three patients at two institutions, 12 slices, 4 of them with tumour, and a clinical table of four."""
    return write_set(tmp_path / "kaggle_3m")


@pytest.fixture(scope="session")
def kept_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, for tests that change nothing."""
    return write_set(tmp_path_factory.mktemp("describe") / "kaggle_3m")


def write_set(place: Path) -> Path:
    write_patient(place, "TCGA_AA_1_19990101", [0, 10, 20, 0])
    write_patient(place, "TCGA_AA_2_19990102", [0, 0, 5], copies=(2,))
    write_patient(place, "TCGA_BB_3_19990103", [0, 0, 12, 0, 0], size=40)
    (place / "data.csv").write_text(CLINICAL, encoding="utf-8")
    return place


@pytest.fixture(scope="session")
def described() -> Describe:
    """Read a data set with the default recipe: `described(root)`."""

    def read(place: Path, clinical: Path | None = None) -> Description:
        return describe(patients(place), place, load_recipe("default").preparation, clinical=clinical)

    return read
