"""The embedded bundle on the two patients it has not seen: what its page says must be what is measured here and now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gliascope.bundle import EMBEDDED, load_bundle
from gliascope.dataset.folds import load_folds
from gliascope.evaluate.assemble import Evaluation
from gliascope.evaluate.run import evaluate_side
from gliascope.pipeline import Analyser

pytestmark = pytest.mark.realdata

FOLDS = Path(__file__).resolve().parents[2] / "docs" / "evidence" / "lgg-2-folds.json"
PAGE = FOLDS.parents[1] / "reference" / "embedded-bundle.md"
HELD_OUT = ("TCGA_CS_4942_19970222", "TCGA_FG_6692_20020606")


@pytest.fixture(scope="module")
def evaluate(lgg_patients: Callable[[int | None], Path]) -> Callable[[str], Evaluation]:
    if not (EMBEDDED / "bundle.json").is_file():
        pytest.skip("this checkout holds no embedded bundle")
    root = lgg_patients(None)
    if not all((root / one).is_dir() for one in HELD_OUT):
        pytest.skip("the data set lacks the patients that are new to the embedded bundle")

    def run(precision: str) -> Evaluation:
        split = replace(load_folds(FOLDS).splits[0], test=HELD_OUT)
        return evaluate_side(root, split, Analyser(device="cpu", precision=precision), resamples=10)

    return run


def test_the_page_says_what_is_measured_on_patients_it_has_not_seen(evaluate: Callable[[str], Evaluation]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    for one in evaluate("float32").patients:
        stated = next(line for line in page.splitlines() if line.startswith(f"| {one.patient} |")).split("|")[-2]
        assert one.dice == pytest.approx(float(stated), abs=0.002), one.patient
        assert one.dice >= 0.8


def test_in_8_bits_it_says_nearly_the_same(evaluate: Callable[[str], Evaluation]) -> None:
    if not load_bundle().quantised:
        pytest.skip("the embedded bundle holds no graphs in 8 bits")
    exact, rounded = evaluate("float32").patients, evaluate("int8").patients
    assert [one.dice for one in rounded] == pytest.approx([one.dice for one in exact], abs=0.02)
