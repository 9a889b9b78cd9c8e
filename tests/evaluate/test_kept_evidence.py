"""What stands in docs/evidence is what the pages and the embedded bundle say."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pyarrow")

from gliascope.bundle import CARD, load_bundle
from gliascope.dataset.folds import load_folds
from gliascope.dataset.layout import patient_of
from gliascope.evaluate.card import model_card
from gliascope.evaluate.definitions import FIGURES
from gliascope.evaluate.evidence import load_evidence, record_of
from gliascope.evaluate.recalibrate import choose_from_evidence

EVIDENCE = Path(__file__).resolve().parents[2] / "docs" / "evidence"
EMBEDDED = EVIDENCE / "lgg-2-folds.parquet"
EMBEDDED_LONE = EVIDENCE / "lgg-2-folds-lone.parquet"
FOLDS = EVIDENCE / "lgg-2-folds.json"
MOST = 2 * 1024**2


def test_the_embedded_card_is_made_from_the_kept_evidence() -> None:
    bundle = load_bundle()
    evidence, lone = load_evidence(EMBEDDED), load_evidence(EMBEDDED_LONE)
    chosen = choose_from_evidence(evidence, lone)
    assert chosen.lone is not None
    assert bundle.evaluation == chosen.evaluation
    assert (bundle.calibration, bundle.operating_points) == (chosen.calibration, chosen.points)
    assert bundle.uncertainty == chosen.uncertainty
    described = {
        name: getattr(bundle, name)
        for name in ("name", "wiring", "recipe", "operating_points", "summary", "calibration", "uncertainty", "created")
    }
    card = model_card(**described, seen=len(bundle.seen()), record=chosen.record, lone=chosen.lone)
    assert (bundle.path / CARD).read_text(encoding="utf-8") == card


def test_the_embedded_networks_are_a_fold_s() -> None:
    bundle, folds = load_bundle(), load_folds(FOLDS)
    origin = load_evidence(EMBEDDED).origin
    (mine,) = (one for one in origin.models if one.fold == bundle.summary["fold"])
    assert mine.bundle.graphs == {role: bundle.files[path.name] for role, path in bundle.graphs.items()}
    assert bundle.evaluation["split_sha256"] == origin.split.sha256 == folds.sha256
    tested = {one.patient for one in load_evidence(EMBEDDED).patients if one.fold == bundle.summary["fold"]}
    assert tested == {patient_of(name) for name in folds.splits[bundle.summary["fold"]].test}
    assert {"TCGA_CS_4942", "TCGA_FG_6692"} < tested


def test_older_evidence_knows_no_millimetres() -> None:
    record = record_of(load_evidence(EVIDENCE / "classic-128-by-patient.parquet"), resamples=0)
    assert list(record.figures) == [one.name for one in FIGURES]
    assert {one.true_ml for one in record.patients} == {None}
    assert all("px" in one.name for one in record.groups if one.by == "size")


def test_no_fold_has_scored_what_the_bundle_of_that_fold_had_seen() -> None:
    bundle = load_bundle()
    mine = [one for one in load_evidence(EMBEDDED).patients if one.fold == bundle.summary["fold"]]
    scored = {one.sha256 for patient in mine for one in patient.slices}
    assert scored
    assert not scored & bundle.seen()


@pytest.mark.parametrize("path", sorted(EVIDENCE.glob("*.parquet")), ids=lambda path: path.stem)
def test_evidence_is_small_and_honest(path: Path) -> None:
    assert path.stat().st_size < MOST
    record = record_of(load_evidence(path))
    assert record.sample == ("leaky" if "by-slice" in path.stem else "unseen")
