"""What stands in docs/evidence is what the pages and the embedded bundle say."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

from gliascope.bundle import CARD, load_bundle
from gliascope.evaluate.card import bundle_card
from gliascope.evaluate.definitions import FIGURES
from gliascope.evaluate.evidence import load_evidence, record_of
from gliascope.evaluate.stamp import check_lone, check_same, summary_of
from gliascope.evaluate.uncertainty import fit_interval

EVIDENCE = Path(__file__).resolve().parents[2] / "docs" / "evidence"
MOST = 2 * 1024**2


def test_the_embedded_card_is_made_from_the_kept_evidence() -> None:
    bundle = load_bundle()
    evidence = load_evidence(EVIDENCE / "lgg-1-test.parquet")
    record, lone = record_of(evidence), record_of(load_evidence(EVIDENCE / "lgg-1-test-lone.parquet"))
    check_same(bundle, record)
    check_lone(record, lone)
    assert bundle.evaluation == summary_of(record, lone)
    assert bundle.uncertainty == fit_interval(record, evidence.patients)
    assert (bundle.path / CARD).read_text(encoding="utf-8") == bundle_card(bundle, record, lone)


def test_older_evidence_knows_no_millimetres() -> None:
    record = record_of(load_evidence(EVIDENCE / "lgg-1-test.parquet"), resamples=0)
    assert list(record.figures) == [one.name for one in FIGURES]
    assert {one.true_ml for one in record.patients} == {None}
    assert all("px" in one.name for one in record.groups if one.by == "size")


def test_no_seen_slice_was_scored() -> None:
    scored = {
        one.sha256 for patient in load_evidence(EVIDENCE / "lgg-1-test.parquet").patients for one in patient.slices
    }
    assert scored
    assert not scored & load_bundle().seen()


@pytest.mark.parametrize("path", sorted(EVIDENCE.glob("*.parquet")), ids=lambda path: path.stem)
def test_evidence_is_small_and_honest(path: Path) -> None:
    assert path.stat().st_size < MOST
    record = record_of(load_evidence(path))
    assert record.sample == ("leaky" if "by-slice" in path.stem else "unseen")
