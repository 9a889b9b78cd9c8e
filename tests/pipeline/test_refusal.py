"""What is not assessable gets no verdict about a tumour, unless asked."""

from __future__ import annotations

import csv
import json
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from numpy.typing import NDArray
from PIL import Image

from gliascope.detect.assessor import load_assessor
from gliascope.engine.fake import FakeEngine
from gliascope.errors import BundleError
from gliascope.findings import REASONS
from gliascope.phantom import make_phantom
from gliascope.pipeline import Analyser, analyse, analyse_into, record
from gliascope.read import case_from_array, find_cases
from gliascope.scan import Case

BundleFactory = Callable[..., Path]
SCHEMA = Path(record.__file__).parents[1] / "schemas" / "finding-1.json"


@pytest.fixture(scope="module")
def model(tiny_bundle: BundleFactory) -> Path:
    return tiny_bundle(assess=True)


@pytest.fixture(scope="module")
def cube() -> NDArray[np.uint8]:
    return np.ascontiguousarray(make_phantom(31, slices=100, size=128).scan.pixels[..., 1])


@pytest.fixture(scope="module")
def axial(cube: NDArray[np.uint8]) -> Case:
    return case_from_array(np.ascontiguousarray(cube[12:92:5]), "axial")


@pytest.fixture(scope="module")
def sagittal(cube: NDArray[np.uint8]) -> Case:
    return case_from_array(np.ascontiguousarray(cube.transpose(2, 0, 1)[40:88:4, ::-1]), "sagittal")


def test_axial_flair_is_judged_as_ever(model: Path, axial: Case) -> None:
    finding = Analyser(model).analyse(axial)
    assert finding.verdict in ("tumour", "no tumour")
    assert finding.reason is None
    assert all(one.reason is None and not math.isnan(one.probability) for one in finding.slices)
    assert not any("assessable" in one for one in finding.warnings)


def test_another_plane_gets_no_verdict_and_says_why(model: Path, sagittal: Case) -> None:
    finding = Analyser(model, engine=FakeEngine("shared")).analyse(sagittal)
    assert finding.verdict == "not assessable"
    assert finding.reason == "plane"
    assert math.isnan(finding.score)
    assert {one.reason for one in finding.slices} == {"plane"}
    assert {one.verdict for one in finding.slices} == {"not assessable"}
    assert all(math.isnan(one.probability) for one in finding.slices)
    assert finding.mask.shape == sagittal.scans[0].pixels.shape[:3]
    assert not finding.mask.any()
    assert any(one.startswith(f"not assessable: {REASONS['plane']} (mean log-odds of ") for one in finding.warnings)


def test_no_network_runs_for_what_is_refused(model: Path, sagittal: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine("shared")
    monkeypatch.setattr(engine, "run", lambda *_, **__: pytest.fail("the network was run"))
    assert Analyser(model, engine=engine).analyse(sagittal).problems == ()


def test_force_judges_it_and_still_says_why_not(model: Path, sagittal: Case) -> None:
    finding = Analyser(model, force=True).analyse(sagittal)
    assert finding.verdict in ("tumour", "no tumour")
    assert finding.reason == "plane"
    assert not math.isnan(finding.score)
    assert {one.reason for one in finding.slices} == {"plane"}
    start = f"judged by force, though not assessable: {REASONS['plane']} (mean log-odds of "
    assert any(one.startswith(start) for one in finding.warnings)


def test_force_changes_nothing_where_nothing_is_refused(model: Path, axial: Case) -> None:
    plain, forced = (Analyser(model, force=one).analyse(axial) for one in (False, True))
    assert [one.probability for one in plain.slices] == [one.probability for one in forced.slices]
    assert np.array_equal(plain.mask, forced.mask)
    assert plain.warnings == forced.warnings


def test_force_judges_no_blank_image(model: Path) -> None:
    (finding,) = analyse(np.zeros((40, 40), dtype=np.uint8), model=model, force=True)
    assert (finding.verdict, finding.reason) == ("not assessable", "blank")


def test_one_slice_that_breaks_a_rule_is_refused_alone(model: Path, cube: NDArray[np.uint8]) -> None:
    stack = cube[30:80:4].copy()
    stack[5] = np.where(stack[5] > 25, 255, 0)
    finding = Analyser(model).analyse(case_from_array(stack))
    assert [one.reason for one in finding.slices] == [None] * 5 + ["saturated"] + [None] * 7
    assert finding.slices[5].verdict == "not assessable"
    assert finding.verdict in ("tumour", "no tumour")
    assert finding.reason is None
    assert finding.score == max(one.probability for one in finding.slices if one.reason is None)
    assert any(one.startswith(f"not assessable (1 of 13 slices): {REASONS['saturated']} (") for one in finding.warnings)
    assert finding.slices[5].measured in finding.warnings[-1]


def test_a_bundle_for_other_images_assesses_nothing(tiny_bundle: BundleFactory, sagittal: Case) -> None:
    analyser = Analyser(tiny_bundle())
    assert analyser.assessor is None
    assert analyser.analyse(sagittal).verdict in ("tumour", "no tumour")
    assert analyser.provenance["assessor"] == {"sha256": None, "force": False}


def test_another_assessor_may_be_named(model: Path, sagittal: Case, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="must be a folder with"):
        Analyser(model, assessor=tmp_path)
    embedded = load_assessor()
    analyser = Analyser(model, assessor=embedded)
    assert analyser.provenance["assessor"]["sha256"] == embedded.sha256
    assert analyser.analyse(sagittal).reason == "plane"


def test_a_copy_by_pickle_refuses_the_same(model: Path, sagittal: Case) -> None:
    for force in (False, True):
        copy: Analyser = pickle.loads(pickle.dumps(Analyser(model, force=force)))
        assert copy.provenance["assessor"]["force"] is force
        assert (copy.analyse(sagittal).verdict == "not assessable") is not force


def save(case: Case, folder: Path) -> None:
    folder.mkdir(parents=True)
    for number, image in enumerate(case.scans[0].pixels[..., 0], start=1):
        Image.fromarray(image).save(folder / f"{folder.name}_{number}.png")


def test_results_say_why_and_show_what_was_refused(model: Path, axial: Case, sagittal: Case, tmp_path: Path) -> None:
    for case in (axial, sagittal):
        save(case, tmp_path / "in" / case.name)
    first, second = analyse_into(Analyser(model), find_cases([tmp_path / "in"]), tmp_path / "out")
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    for outcome in (first, second):
        Draft202012Validator(schema).validate(json.loads((outcome.folder / "findings.json").read_text()))
    assert first.record["reason"] is None
    assert second.record["reason"] == "plane"
    assert second.record["score"] is None
    assert {one["reason"] for one in second.record["slices"]} == {"plane"}
    assert second.record["contact_sheet"] is not None
    assert (second.folder / second.record["contact_sheet"]).is_file()
    assert all((second.folder / one["mask"]).is_file() for one in second.record["slices"])
    with (tmp_path / "out" / "cases.csv").open(encoding="utf-8", newline="") as stream:
        assert [one["reason"] for one in csv.DictReader(stream)] == ["", "plane"]
    with (tmp_path / "out" / "slices.csv").open(encoding="utf-8", newline="") as stream:
        rows = [one for one in csv.DictReader(stream) if one["case"] == "sagittal"]
    assert {one["reason"] for one in rows} == {"plane"}
    assert {one["probability"] for one in rows} == {""}


def test_a_forced_run_takes_over_no_refused_case(model: Path, sagittal: Case, tmp_path: Path) -> None:
    save(sagittal, tmp_path / "in" / "sagittal")

    def run(**options: Any) -> Any:
        files = find_cases([tmp_path / "in"])
        (outcome,) = analyse_into(Analyser(model, **options), files, tmp_path / "out", figures=False, resume=True)
        return outcome

    assert run().record["verdict"] == "not assessable"
    assert run().continued
    forced = run(force=True)
    assert not forced.continued
    assert forced.record["verdict"] != "not assessable"
