from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import expit

from gliascope.bundle import Bundle, load_bundle
from gliascope.detect.calibration import calibrate
from gliascope.errors import InputError
from gliascope.evaluate.assemble import Origin
from gliascope.evaluate.evidence import Evidence, record_of, save_evidence
from gliascope.evaluate.identity import model_record
from gliascope.evaluate.recalibrate import calibrate_bundle, choose_from_evidence, evidence_in
from gliascope.evaluate.record import LONE, Sample
from gliascope.evaluate.record_parts import SplitRecord
from gliascope.evaluate.score import PatientScore, SliceScore
from gliascope.evaluate.thresholds import RUN, balanced_threshold
from gliascope.rules import Calibration, OperatingPoint

PATIENTS, SLICES = 6, 30
FITTED = Calibration(2.0, 1.0, "validation", 2, 20, 8)


def patient(number: int) -> PatientScore:
    """Probabilities that are too sure, after a calibration of the fold that made them worse."""
    rng = np.random.default_rng(number)
    logits = rng.normal(-1, 3, SLICES)
    raw = expit(2 * logits).astype(np.float32)
    told = calibrate(raw, FITTED)
    tumour = rng.random(SLICES) < expit(logits)
    slices = tuple(
        SliceScore(
            f"P{number}",
            f"{place}.tif",
            0,
            float(told[place]),
            "tumour" if told[place] >= 0.5 else "no tumour",
            int(tumour[place]) * 40,
            0,
            0,
            seen=False,
            sha256=f"{number:032x}{place:032x}",
            raw=float(raw[place]),
        )
        for place in range(SLICES)
    )
    return PatientScore(f"P{number}", "AA", (f"P{number}",), slices, fold=number % 2)


@pytest.fixture
def make_evidence(bundle: Bundle) -> Callable[..., Evidence]:
    def make(folds: int = 2, sample: Sample = "unseen", *, lone: bool = False) -> Evidence:
        points = [OperatingPoint("balanced", 0.5, mask, "largest", 3) for mask in (0.45, 0.6)]
        models = [model_record(bundle, points[fold], fold if folds > 1 else None) for fold in range(folds)]
        split = SplitRecord(sha256="0" * 64, strategy="patient", side="test")
        origin = Origin(
            sample=sample, data="kaggle_3m", split=split, models=models, provenance={LONE: True} if lone else {}
        )
        people = tuple(patient(number) for number in range(PATIENTS))
        if folds == 1:
            people = tuple(replace(one, fold=None) for one in people)
        return Evidence(people, origin, 50, 0)

    return make


def test_lone_images_have_a_line_of_their_own(make_evidence: Callable[..., Evidence]) -> None:
    def together(evidence: Evidence, shift: float) -> Evidence:
        """Make the tumours lie together, so that neighbours tell something; move the logits."""
        people = []
        for number, one in enumerate(evidence.patients):
            rng = np.random.default_rng(number)
            tumour = np.arange(SLICES) // 8 % 2 == 1
            raw = expit(np.where(tumour, 1.5, -1.5) + shift + rng.normal(0, 2, SLICES))
            slices = tuple(
                replace(said, true_px=40 * int(true), raw=float(p))
                for said, true, p in zip(one.slices, tumour, raw, strict=True)
            )
            people.append(replace(one, slices=slices))
        return replace(evidence, patients=tuple(people))

    evidence, lone = together(make_evidence(), 0.0), together(make_evidence(lone=True), 1.0)
    plain, both = choose_from_evidence(evidence).calibration, choose_from_evidence(evidence, lone).calibration
    assert plain is not None
    assert both is not None
    assert plain.volume is not None
    assert both.volume == plain.volume
    assert both.intercept == pytest.approx(plain.intercept - both.slope, abs=0.05)
    alone = choose_from_evidence(lone).calibration
    assert alone is not None
    assert (alone.slope, alone.intercept, alone.volume) == (both.slope, both.intercept, None)


def test_everything_is_chosen_on_the_raw_probabilities(make_evidence: Callable[..., Evidence]) -> None:
    evidence = make_evidence()
    chosen = choose_from_evidence(evidence)
    assert chosen.calibration is not None
    assert chosen.calibration.slope == pytest.approx(0.5, abs=0.12)  # the fold's own calibration plays no part
    assert (chosen.calibration.fitted_on, chosen.calibration.patients) == ("out-of-fold", PATIENTS)
    assert chosen.calibration.slices == PATIENTS * SLICES
    slices = [one for person in evidence.patients for one in person.slices]
    labels = np.array([one.tumour for one in slices])
    told = calibrate(np.array([one.raw for one in slices], np.float32), chosen.calibration)
    balanced = chosen.points["balanced"]
    assert balanced.detection == balanced_threshold(labels, told)
    assert (balanced.mask, balanced.components, balanced.run) == (0.45, "largest", RUN)
    sensitive = chosen.points["sensitive"].detection
    assert np.mean(told[labels] >= sensitive) >= 0.98
    assert np.mean(told[~labels] < chosen.points["specific"].detection) >= 0.99


def test_a_bundle_gets_calibration_points_and_out_of_fold_figures(
    bundle: Bundle, make_evidence: Callable[..., Evidence], tmp_path: Path
) -> None:
    evidence = make_evidence()
    made = calibrate_bundle(bundle.path, evidence, tmp_path / "calibrated")
    chosen = choose_from_evidence(evidence)
    assert (made.calibration, made.operating_points) == (chosen.calibration, chosen.points)
    assert (made.name, made.created, made.seen()) == (bundle.name, bundle.created, bundle.seen())
    assert {made.files[f"{role}.onnx"] for role in made.graphs} == {
        bundle.files[f"{one}.onnx"] for one in bundle.graphs
    }
    assert made.summary["calibrated_on"]["patients"] == PATIENTS
    assert made.evaluation["kind"] == "out-of-fold"
    assert made.evaluation["figures"]["auc"]["value"] == record_of(evidence).figures["auc"].value
    assert "operating_point" not in made.evaluation
    card = made.card()
    assert "The figures are of several models, each scored on patients that it had not seen" in card
    assert "fitted on out-of-fold predictions: 6 patients, 180 slices" in card
    assert load_bundle(bundle.path).calibration is None
    assert calibrate_bundle(bundle.path, evidence).sha256 == made.sha256  # in place


def test_figures_of_lone_images_stand_beside_the_others(
    bundle: Bundle, make_evidence: Callable[..., Evidence], tmp_path: Path
) -> None:
    evidence, lone = make_evidence(), make_evidence(lone=True)
    made = calibrate_bundle(bundle.path, evidence, tmp_path / "calibrated", lone=lone)
    plain = calibrate_bundle(bundle.path, evidence, tmp_path / "plain")
    assert (made.calibration, made.operating_points) == (plain.calibration, plain.operating_points)
    stated = made.evaluation["lone_slices"]["figures"]["auc"]["value"]
    assert stated == record_of(lone).figures["auc"].value
    assert "lone images" in made.card()
    assert "| lone images |" not in plain.card()
    with pytest.raises(InputError, match="must come from --lone-slices"):
        choose_from_evidence(evidence, evidence)
    fewer = replace(lone, patients=lone.patients[1:])
    with pytest.raises(InputError, match="received other slices"):
        choose_from_evidence(evidence, fewer)


def test_evidence_of_lone_images_is_found_beside_a_cross_validation_s(
    make_evidence: Callable[..., Evidence], tmp_path: Path
) -> None:
    evidence, lone = make_evidence(), make_evidence(lone=True)
    file = save_evidence(evidence.patients, tmp_path / "evidence.parquet", record=record_of(evidence))
    assert evidence_in(tmp_path)[1] is None
    (tmp_path / "lone").mkdir()
    beside = save_evidence(lone.patients, tmp_path / "lone" / "evidence.parquet", record=record_of(lone))
    for found in (evidence_in(tmp_path), evidence_in(file, beside), evidence_in(file, beside.parent)):
        assert found[1] is not None
        assert found[1].origin.provenance == {LONE: True}
    assert evidence_in(file)[1] is None


def test_evidence_of_one_model_leaves_no_figures(
    bundle: Bundle, make_evidence: Callable[..., Evidence], tmp_path: Path
) -> None:
    made = calibrate_bundle(bundle.path, make_evidence(folds=1), tmp_path / "calibrated")
    assert made.calibration is not None
    assert made.calibration.fitted_on == "test"
    assert made.evaluation == {}
    assert "No accuracy is claimed" in made.card()


@pytest.mark.parametrize("sample", ["in-sample", "leaky"])
def test_patients_that_the_models_had_seen_are_refused(make_evidence: Callable[..., Evidence], sample: str) -> None:
    with pytest.raises(InputError, match=f"models had not seen, received {sample} evidence"):
        choose_from_evidence(make_evidence(sample=sample))


def test_one_kind_of_slice_is_refused(make_evidence: Callable[..., Evidence]) -> None:
    evidence = make_evidence()
    healthy = tuple(
        replace(one, slices=tuple(replace(each, true_px=0) for each in one.slices)) for one in evidence.patients
    )
    with pytest.raises(InputError, match="calibration needs slices with and without tumour, received 0 of 180"):
        choose_from_evidence(replace(evidence, patients=healthy))


def test_the_command_writes_the_bundle(
    cli: Callable[..., Any], bundle: Bundle, make_evidence: Callable[..., Evidence], tmp_path: Path
) -> None:
    evidence = make_evidence()
    (tmp_path / "result").mkdir()
    file = save_evidence(evidence.patients, tmp_path / "result" / "evidence.parquet", record=record_of(evidence))
    result = cli("calibrate", bundle.path, "--evidence", file.parent, "-o", tmp_path / "new", "--name", "mine")
    assert result.status == 0, result.err
    assert load_bundle(tmp_path / "new").name == "mine"
    assert "slope 0." in result.err
    assert load_bundle(tmp_path / "new").calibration == choose_from_evidence(evidence).calibration
