"""The embedded bundle on the patients it has not seen: what its page says must be what is measured here and now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gliascope.bundle import EMBEDDED, load_bundle
from gliascope.dataset.folds import load_folds
from gliascope.evaluate.run import evaluate_side
from gliascope.pipeline import Analyser

pytestmark = pytest.mark.realdata

FOLDS = Path(__file__).resolve().parents[2] / "docs" / "evidence" / "lgg-2-folds.json"
PAGE = FOLDS.parents[1] / "reference" / "embedded-bundle.md"
FOLD = 1
HELD_OUT = {"TCGA_CS_4942", "TCGA_FG_6692"}
"""Patients whose volumes other tests and the page on volumes analyse."""


def test_the_page_says_what_is_measured_on_patients_it_has_not_seen(lgg_patients: Callable[[int | None], Path]) -> None:
    if not (EMBEDDED / "bundle.json").is_file():
        pytest.skip("this checkout holds no embedded bundle")
    root = lgg_patients(None)
    folds, bundle = load_folds(FOLDS), load_bundle()
    missing = set(folds.splits[FOLD].test) - {one.name for one in root.iterdir()}
    if missing:
        pytest.skip(f"the data set lacks {len(missing)} of the patients that are new to the embedded bundle")
    split = folds.splits[FOLD]
    assert split.sha256 == bundle.summary["split_sha256"]
    assert folds.sha256 == bundle.evaluation["split_sha256"]
    record = evaluate_side(root, split, Analyser(bundle, device="cpu"), resamples=10).record
    assert {one.patient for one in record.patients} > HELD_OUT
    page = PAGE.read_text(encoding="utf-8")
    for title, name, digits in (
        ("Dice per patient, mean", "dice_mean", 3),
        ("Dice per patient, median", "dice_median", 3),
        ("Dice, pooled", "dice_pooled", 3),
        ("slice AUC", "auc", 3),
    ):
        stated = next(line for line in page.splitlines() if line.startswith(f"| {title} |")).split("|")[-2]
        assert record.figures[name].value == pytest.approx(float(stated), abs=2 * 10**-digits), name
    value, area = record.figures["dice_mean"].value, record.figures["auc"].value
    assert value is not None
    assert value >= 0.87
    assert area is not None
    assert area >= 0.985
