from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

pytest.importorskip("seaborn")

from gliascope.dataset.describe.describe import Description
from gliascope.dataset.describe.survey import COUNTS, PLACE, survey_patient
from gliascope.dataset.layout import patients
from gliascope.recipe import Preparation

Describe = Callable[..., Description]


def test_grey_images_without_masks(tmp_path: Path, described: Describe, bright: Callable[..., Any]) -> None:
    bright(slices=3).save(tmp_path / "scans" / "one")
    Image.fromarray(np.zeros((96, 96), np.uint8)).save(tmp_path / "scans" / "one" / "last.png")
    table = described(tmp_path / "scans").slices
    assert list(table["institution"].unique()) == ["unknown"]
    assert table["tumour"].isna().all()
    assert table["mask"].isna().all()
    assert not table["pre_real"].any()
    assert table["flair_real"].all()
    by_name = table.set_index(table["image"].str.split("/").str[-1])
    assert by_name.loc["one_2.png", "slice"] == 2
    assert by_name["slice"].isna().sum() == 1


def test_pages_are_slices(tmp_path: Path, described: Describe, bright: Callable[..., Any]) -> None:
    scan = bright(slices=5)
    (tmp_path / "scans" / "one").mkdir(parents=True)
    tifffile.imwrite(tmp_path / "scans" / "one" / "volume_7.tif", scan.pixels, photometric="minisblack")
    inside = scan.truth.astype(np.uint8) * np.uint8(255)
    tifffile.imwrite(tmp_path / "scans" / "one" / "volume_7_mask.tif", inside, photometric="minisblack")
    table = described(tmp_path / "scans").slices
    assert list(table["slice"]) == [1, 2, 3, 4, 5]
    assert list(table["page"]) == [0, 1, 2, 3, 4]
    assert list(table["tumour_px"]) == list(scan.truth.sum(axis=(1, 2)))


def test_sixteen_bits_are_counted_as_the_networks_get_them(
    tmp_path: Path, described: Describe, bright: Callable[..., Any]
) -> None:
    folder = tmp_path / "scans" / "one"
    folder.mkdir(parents=True)
    for number, image in enumerate(bright(slices=3).pixels):
        Image.fromarray(image.astype(np.uint16) * 16).save(folder / f"one_{number}.png")
    found = described(tmp_path / "scans")
    levels = found.intensities.query("stage == 'before CLAHE'")["level"]
    assert levels.max() == 255
    assert found.slices["head_px"].min() > 1000


def test_the_place_is_counted_in_the_head_s_square(root: Path) -> None:
    folder = patients(root)[0]
    seen = survey_patient(folder, root, Preparation())
    assert seen.counts.shape == COUNTS
    assert seen.places.shape == (2, PLACE, PLACE)
    rows, columns = np.nonzero(seen.places[0])
    assert seen.places[1][rows, columns].all()
    assert rows.mean() > PLACE / 2  # the tumour begins in the middle row and goes down
    middle = np.nonzero(seen.places[1])
    assert abs(middle[0].mean() - PLACE / 2) < 2
