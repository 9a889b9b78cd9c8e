"""The spine on real MRI: with the tiny bundle, and with the embedded one where the checkout holds it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from gliascope.bundle import EMBEDDED, Bundle, load_bundle
from gliascope.pipeline import Analyser, analyse, analyse_into
from gliascope.read import find_cases, read_case

pytestmark = pytest.mark.realdata

BundleFactory = Callable[..., Path]


@pytest.fixture(scope="module")
def embedded() -> Bundle:
    if not (EMBEDDED / "bundle.json").is_file():
        pytest.skip("this checkout holds no embedded bundle")
    return load_bundle()


def test_every_slice_has_its_row_and_its_mask(lgg_root: Path, tiny_bundle: BundleFactory, tmp_path: Path) -> None:
    files = find_cases(lgg_root)[:2]
    outcomes = list(analyse_into(Analyser(tiny_bundle()), files, tmp_path, figures=False))
    assert not any(one.has_problems for one in outcomes)
    expected = [(one.name, image.name) for one in files for image in one.images]
    with (tmp_path / "slices.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(one["case"], one["file"]) for one in rows] == expected
    for one in files:
        for image in one.images:
            with Image.open(tmp_path / one.name / "masks" / f"{image.stem}_mask.png") as mask:
                assert mask.size == tifffile.imread(image).shape[1::-1]
                assert set(np.unique(np.asarray(mask))) <= {0, 255}


@pytest.mark.parametrize("size", [1, 3])
def test_batches_never_change_a_result(lgg_root: Path, embedded: Bundle, size: int) -> None:
    case = read_case(find_cases(lgg_root)[0])
    whole, parts = (
        Analyser(embedded, device="cpu", batch_size=count, save_probabilities=True).analyse(case) for count in (8, size)
    )
    assert [one.probability for one in whole.slices] == [one.probability for one in parts.slices]
    assert np.array_equal(whole.mask, parts.mask)
    for one, other in zip(whole.slices, parts.slices, strict=True):
        if one.mask_probability is not None:
            assert other.mask_probability is not None
            assert np.array_equal(one.mask_probability, other.mask_probability)


def test_what_is_no_brain_ends_no_series(external_root: Path, embedded: Bundle) -> None:
    images = sorted((external_root / "ood").glob("*.png"))
    findings = analyse(images, model=embedded)
    assert [one.case for one in findings] == [one.stem for one in images]
    for finding, image in zip(findings, images, strict=True):
        assert finding.problems == ()
        with Image.open(image) as opened:
            assert finding.mask.shape == (1, opened.height, opened.width)
