from __future__ import annotations

import csv
import json
import math
import pickle
from collections.abc import Callable
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import nibabel
import numpy as np
import pytest

from gliascope.bundle import CARD, LICENCE, load_bundle, write_bundle
from gliascope.detect.calibration import calibrate
from gliascope.errors import BundleError
from gliascope.pipeline import Analyser, analyse, analyse_into, write_case
from gliascope.pipeline.tables import case_row
from gliascope.present.report.words import verdict_text
from gliascope.read import case_from_array, find_cases
from gliascope.rules import Calibration, OperatingPoint, UncertaintyRule
from gliascope.segment.soft import spread_of

BundleFactory = Callable[..., Path]
Bright = Callable[..., Any]
MILD = Calibration(0.5, -0.2, "validation", 3, 60, 20)
SCHEMA = resources.files("gliascope") / "schemas" / "finding-1.json"
RULE = UncertaintyRule(0.9, -0.5, 1.0, 5.0, "out-of-fold", 88)
POINTS = {
    "balanced": OperatingPoint("balanced", 0.5, 0.5, "all", 3),
    "sensitive": OperatingPoint("sensitive", 0.02, 0.5, "all", 3),
}


@pytest.fixture
def calibrated(tiny_bundle: BundleFactory, tmp_path: Path) -> Path:
    """The tiny bundle with a calibration and runs of three slices."""
    bundle = load_bundle(tiny_bundle())
    return write_bundle(
        tmp_path / "calibrated",
        name="calibrated",
        wiring=bundle.wiring,
        recipe=bundle.recipe,
        operating_points=POINTS,
        graphs=bundle.graphs,
        seen=(),
        summary={},
        card=(bundle.path / CARD).read_text(),
        licence=(bundle.path / LICENCE).read_text(),
        calibration=MILD,
        uncertainty=RULE,
    ).path


def test_the_bundle_keeps_calibration_and_run(calibrated: Path, tiny_bundle: BundleFactory) -> None:
    bundle = load_bundle(calibrated)
    assert bundle.calibration == MILD
    assert bundle.uncertainty == RULE
    assert bundle.operating_points == POINTS
    older = load_bundle(tiny_bundle())
    assert (older.calibration, older.uncertainty) == (None, None)
    assert older.operating_point().run == 1


def test_findings_tell_calibrated_probabilities(calibrated: Path, tiny_bundle: BundleFactory, bright: Bright) -> None:
    case = case_from_array(bright(tumour=(1, 5)).pixels)
    plain, found = Analyser(tiny_bundle()).analyse(case), Analyser(calibrated).analyse(case)
    raw = np.array([one.probability for one in plain.slices], np.float32)
    assert [one.raw_probability for one in found.slices] == raw.tolist()
    assert [one.probability for one in found.slices] == calibrate(raw, MILD).tolist()
    assert (plain.case_score, plain.score) == (plain.score, float(raw.max()))


def test_two_slices_make_no_tumour_and_no_outline(calibrated: Path, bright: Bright, tmp_path: Path) -> None:
    case = case_from_array(bright(tumour=(2, 4)).pixels, "anna")
    finding = Analyser(calibrated, save_probabilities=True).analyse(case)
    assert (finding.verdict, finding.tumour_slices, finding.area_px) == ("no tumour", 2, 0)
    assert finding.case_score < 0.5 <= finding.score
    assert "slices called tumour, but too few neighbouring ones: 2" in finding.warnings[-1]
    assert not any("without an outline" in one for one in finding.warnings)
    record = write_case(finding, case, tmp_path)
    assert record["case_score"] == pytest.approx(finding.case_score)
    assert record["operating_point"]["run"] == 3
    assert [one["area_px"] for one in record["slices"]] == [0] * 6


def test_three_neighbouring_slices_make_a_tumour(calibrated: Path, bright: Bright) -> None:
    finding = Analyser(calibrated).analyse(case_from_array(bright(tumour=(2, 5)).pixels))
    assert (finding.verdict, finding.tumour_slices) == ("tumour", 3)
    assert finding.case_score == min(one.probability for one in finding.slices if one.verdict == "tumour") >= 0.5
    assert finding.area_px > 0


def test_a_lone_image_is_judged_by_its_own_probability(calibrated: Path, bright: Bright) -> None:
    finding = Analyser(calibrated).analyse(case_from_array(bright(tumour=(2, 4)).pixels[2]))
    assert (finding.verdict, finding.tumour_slices) == ("tumour", 1)
    assert finding.case_score == finding.score == finding.slices[0].probability
    assert finding.area_px > 0


def test_operating_points_are_chosen_by_name(calibrated: Path, bright: Bright) -> None:
    case = case_from_array(bright(tumour=(2, 4)).pixels)
    balanced, sensitive = Analyser(calibrated), Analyser(calibrated, operating_point="sensitive")
    assert sensitive.operating_point == POINTS["sensitive"]
    assert sensitive.analyse(case).tumour_slices > balanced.analyse(case).tumour_slices
    assert pickle.loads(pickle.dumps(sensitive)).operating_point == POINTS["sensitive"]
    (found,) = analyse(case, model=calibrated, operating_point="sensitive")
    assert found.operating_point.name == "sensitive"
    own = Analyser(calibrated, operating_point="sensitive", threshold=0.3).operating_point
    assert own == replace(POINTS["sensitive"], name="custom", detection=0.3)
    with pytest.raises(BundleError, match="must be one of balanced, sensitive, received 'quick'"):
        Analyser(calibrated, operating_point="quick")


def test_a_volume_with_a_spacing_has_an_interval_in_millilitres(
    calibrated: Path, bright: Bright, tmp_path: Path
) -> None:
    """From the files to findings.json, cases.csv and the report, by a bundle that has a rule."""
    pixels = bright(tumour=(1, 5)).pixels
    (tmp_path / "in").mkdir()
    image = nibabel.Nifti1Image(pixels.transpose(2, 1, 0), np.diag([-1.5, -1.5, 4.0, 1.0]))
    nibabel.save(image, tmp_path / "in" / "a_flair.nii.gz")
    for _ in analyse_into(Analyser(calibrated), find_cases(tmp_path / "in"), tmp_path / "out"):
        pass
    folder = tmp_path / "out" / "in"
    said = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    sure, volume = said["uncertainty"], said["measurement"]["volume_ml"]
    assert 0 < sure["volume_ml"]["low"] < volume < sure["volume_ml"]["high"]
    assert sure["volume_ml"]["high"] / volume == pytest.approx(math.exp(sure["spread"]), rel=1e-3)
    with (tmp_path / "out" / "cases.csv").open(encoding="utf-8", newline="") as table:
        (row,) = csv.DictReader(table)
    assert [float(row[f"volume_ml{end}"]) for end in ("", "_low", "_high")] == [volume, *sure["volume_ml"].values()]
    page = (folder / "report.html").read_text(encoding="utf-8")
    low, high = sure["volume_ml"]["low"], sure["volume_ml"]["high"]
    assert f"{volume:.1f} ml (90% interval {low:.1f} ml to {high:.1f} ml)" in page


def test_a_volume_called_tumour_has_an_interval(
    calibrated: Path, tiny_bundle: BundleFactory, bright: Bright, tmp_path: Path
) -> None:
    case = case_from_array(bright(tumour=(2, 5)).pixels, "anna")
    finding = Analyser(calibrated).analyse(case)
    found = finding.uncertainty
    assert found is not None
    assert found.spread == spread_of([one.soft for one in finding.slices if one.soft is not None])
    assert (found.low, found.high) == pytest.approx((math.exp(-0.5 * found.spread), math.exp(found.spread)))
    assert (found.level, found.needs_review) == (0.9, False)
    record = write_case(finding, case, tmp_path)
    assert record["uncertainty"]["area_px"] == {
        "low": round(finding.area_px * found.low),
        "high": round(finding.area_px * found.high),
    }
    assert record["uncertainty"]["volume_ml"] is None
    assert case_row(record)[-5:] == [0, *record["uncertainty"]["area_px"].values(), "", ""]
    nothing = (
        Analyser(tiny_bundle()).analyse(case),  # no rule
        Analyser(calibrated).analyse(case_from_array(bright(tumour=(2, 4)).pixels)),  # not called tumour
        Analyser(calibrated).analyse(case_from_array(bright(tumour=(2, 4)).pixels[2])),  # a lone image
    )
    assert [one.uncertainty for one in nothing] == [None] * 3


def test_a_volume_called_tumour_without_an_outline_needs_a_review(
    calibrated: Path, bright: Bright, tmp_path: Path
) -> None:
    case = case_from_array(bright(tumour=(0, 0)).pixels, "anna")
    finding = Analyser(calibrated, threshold=0.0).analyse(case)
    assert (finding.verdict, finding.area_px) == ("tumour", 0)
    found = finding.uncertainty
    assert found is not None
    assert found.needs_review
    assert found.spread < RULE.review
    assert math.isnan(found.low)
    assert math.isnan(found.high)
    record = write_case(finding, case, tmp_path)
    assert record["uncertainty"] == {
        "needs_review": True,
        "spread": pytest.approx(found.spread, abs=1e-6),
        "level": 0.9,
        "area_px": None,
        "volume_ml": None,
    }
    jsonschema.validate(json.loads((tmp_path / "anna" / "findings.json").read_text()), json.loads(SCHEMA.read_text()))
    assert case_row(record)[-5:] == [1, "", "", "", ""]
    assert "contradict each other" in verdict_text(record)
