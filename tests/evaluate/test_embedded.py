"""The embedded bundle on the patients it has not seen: its card must say what is measured here and now."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gliascope.bundle import EMBEDDED, load_bundle
from gliascope.dataset.split import make_split
from gliascope.evaluate.run import evaluate_side
from gliascope.pipeline import Analyser

pytestmark = pytest.mark.realdata

HELD_OUT = ("TCGA_CS_4942", "TCGA_FG_6692")
PATIENTS = 88


def test_the_card_says_what_is_measured_on_the_test_side(lgg_patients: Callable[[int | None], Path]) -> None:
    if not (EMBEDDED / "bundle.json").is_file():
        pytest.skip("this checkout holds no embedded bundle")
    root = lgg_patients(None)
    count = sum(one.is_dir() for one in root.iterdir())
    if count != PATIENTS:
        pytest.skip(f"the embedded bundle was split off {PATIENTS} patients, here are {count}")
    bundle = load_bundle()
    split = make_split(root, hold_out=HELD_OUT)
    assert split.sha256 == bundle.summary["split_sha256"] == bundle.evaluation["split_sha256"]
    record = evaluate_side(root, split, Analyser(bundle, device="cpu"), resamples=10).record
    measured = record.figures
    stated = bundle.evaluation["figures"]
    for name in ("dice_mean", "dice_median", "dice_pooled", "auc", "sensitivity", "specificity"):
        assert measured[name].value == pytest.approx(stated[name]["value"], abs=5e-3), name
        assert f"{stated[name]['value']:.3f}" in bundle.card()
    value = measured["dice_mean"].value
    assert value is not None
    assert value >= 0.82
    area = measured["auc"].value
    assert area is not None
    assert area >= 0.975
