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
from gliascope.evaluate.identity import recipe_digest
from gliascope.evaluate.recalibrate import choose_from_evidence
from gliascope.evaluate.remake import load_results
from gliascope.recipe import load_recipe

EVIDENCE = Path(__file__).resolve().parents[2] / "docs" / "evidence"
EMBEDDED = EVIDENCE / "lgg-3.2-folds.parquet"
EMBEDDED_LONE = EVIDENCE / "lgg-3.2-folds-lone.parquet"
FOLDS = EVIDENCE / "lgg-2-folds.json"
HELD_OUT = {"TCGA_CS_4942", "TCGA_FG_6692"}
OUT_OF_FOLD = {"folds-66": "folds-66.json", "lgg-3.2-folds": "lgg-2-folds.json"}
"""Evidence of all patients together, and the folds it is of."""
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


def test_the_embedded_bundle_is_calibrated_on_other_networks_of_the_same_kind() -> None:
    bundle, folds, origin = load_bundle(), load_folds(FOLDS), load_evidence(EMBEDDED).origin
    assert bundle.evaluation["split_sha256"] == origin.split.sha256 == folds.sha256
    assert len(origin.models) == len(folds.splits)
    graphs = {role: bundle.files[path.name] for role, path in bundle.graphs.items()}
    assert all(one.bundle.graphs != graphs for one in origin.models)
    assert all(one.bundle.graphs.keys() == graphs.keys() for one in origin.models)


def test_the_embedded_networks_have_not_seen_two_patients_and_all_others() -> None:
    bundle = load_bundle()
    known = {patient.patient: {one.sha256 for one in patient.slices} for patient in load_evidence(EMBEDDED).patients}
    unseen = {name for name, hashes in known.items() if not hashes & bundle.seen()}
    assert unseen == HELD_OUT
    assert all(hashes <= bundle.seen() for name, hashes in known.items() if name not in HELD_OUT)


def test_every_patient_is_scored_out_of_fold_once() -> None:
    folds = {name: load_folds(EVIDENCE / file) for name, file in OUT_OF_FOLD.items()}
    whole = load_results([EVIDENCE / f"{name}.parquet" for name in OUT_OF_FOLD])
    for name, one in folds.items():
        for ending in ("", "-lone"):
            evidence = load_evidence(EVIDENCE / f"{name}{ending}.parquet")
            assert evidence.origin.split.sha256 == one.sha256
            assert {patient.patient for patient in evidence.patients} == {
                patient_of(folder) for split in one.splits for folder in split.test
            }
    assert len({one.patient for one in whole.patients}) == len(whole.patients) == 88
    assert whole.record.data.seen_slices == 0


@pytest.mark.parametrize("name", ["five-folds", "five-folds-no-clahe", "five-folds-classic"])
def test_three_recipes_are_compared_on_the_same_folds(name: str) -> None:
    evidence, folds = load_evidence(EVIDENCE / f"{name}.parquet"), load_folds(EVIDENCE / "folds-88.json")
    assert evidence.origin.split.sha256 == folds.sha256
    sides = {number: {patient_of(one) for one in split.test} for number, split in enumerate(folds.splits)}
    assert sum(len(side) for side in sides.values()) == len(evidence.patients) == 88
    assert all(one.patient in sides[one.fold] for one in evidence.patients if one.fold is not None)
    recipe = recipe_digest(load_recipe(EVIDENCE / f"{name}.toml"))
    assert [(one.fold, one.bundle.recipe_sha256) for one in evidence.origin.models] == [(one, recipe) for one in sides]
    assert {one.bundle.seen_sha256 for one in evidence.origin.models} == {
        one.bundle.seen_sha256 for one in load_evidence(EVIDENCE / "five-folds.parquet").origin.models
    }  # the same patients trained


def test_older_evidence_knows_no_millimetres() -> None:
    record = record_of(load_evidence(EVIDENCE / "classic-128-by-patient.parquet"), resamples=0)
    assert list(record.figures) == [one.name for one in FIGURES]
    assert {one.true_ml for one in record.patients} == {None}
    assert all("px" in one.name for one in record.groups if one.by == "size")


@pytest.mark.parametrize("path", sorted(EVIDENCE.glob("*.parquet")), ids=lambda path: path.stem)
def test_evidence_is_small_and_honest(path: Path) -> None:
    assert path.stat().st_size < MOST
    record = record_of(load_evidence(path))
    assert record.sample == ("leaky" if "by-slice" in path.stem else "unseen")
