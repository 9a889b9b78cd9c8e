from __future__ import annotations

import json
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from gliascope.findings import Finding
from gliascope.pipeline import Analyser
from gliascope.pipeline.record import fingerprint, names_of, number, record_of
from gliascope.read import case_from_array, find_cases, read_case
from gliascope.scan import Case, Source

BundleFactory = Callable[..., Path]
Bright = Callable[..., Any]


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    text = (resources.files("gliascope") / "schemas" / "finding-1.json").read_text(encoding="utf-8")
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def record(finding: Finding, case: Case) -> dict[str, Any]:
    shown = [one.verdict == "tumour" for one in finding.slices]
    made: dict[str, Any] = json.loads(
        json.dumps(record_of(finding, case, figures=shown, sheet=True, mark="0" * 64), allow_nan=False)
    )
    return made


@pytest.fixture
def with_truth(tmp_path: Path, bright: Bright) -> Case:
    (files,) = find_cases(bright().save(tmp_path / "anna", masks=True))
    return read_case(files)


def test_a_record_follows_the_schema_and_says_what_was_found(
    tiny_bundle: BundleFactory, with_truth: Case, validator: Draft202012Validator
) -> None:
    finding = Analyser(tiny_bundle(), save_probabilities=True).analyse(with_truth)
    said = record(finding, with_truth)
    validator.validate(said)
    assert (said["case"], said["verdict"], said["slice_count"], said["tumour_slices"]) == ("anna", "tumour", 6, 2)
    assert said["area_px"] == sum(one["area_px"] for one in said["slices"])
    assert np.float32(said["score"]) == np.float32(finding.score)
    tumour, healthy = said["slices"][2], said["slices"][0]
    assert (tumour["file"], tumour["mask"]) == ("anna_3.png", "masks/anna_3_mask.png")
    assert tumour["figure"] == "figures/anna_3.png"
    assert tumour["mask_probability"] == "probabilities/anna_3_probability.png"
    assert (tumour["rows"], tumour["columns"], tumour["sequences"]) == (96, 96, ["flair"])
    assert tumour["box"]["top"] <= tumour["centroid"]["row"] < tumour["box"]["bottom"]
    assert tumour["components"] == 1
    assert tumour["truth"]["file"] == "anna_3_mask.png"
    assert 0.8 < tumour["truth"]["iou"] <= tumour["truth"]["dice"] <= 1
    assert (healthy["figure"], healthy["mask_probability"], healthy["centroid"]) == (None, None, None)
    assert healthy["truth"]["dice"] is None
    assert said["truth"]["slices"] == 6
    assert said["truth"]["tumour_slices"] == 2
    assert 0.85 < said["truth"]["dice"] <= 1


@pytest.mark.parametrize(
    "pixels",
    [np.zeros((4, 5), np.uint8), np.full((2, 6, 7), 3, np.uint8), np.arange(36, dtype=np.uint8).reshape(6, 6)],
    ids=["blank", "blank volume", "ramp"],
)
def test_odd_cases_follow_the_schema(tiny_bundle: BundleFactory, validator: Draft202012Validator, pixels: Any) -> None:
    case = case_from_array(pixels)
    said = record(Analyser(tiny_bundle()).analyse(case), case)
    validator.validate(said)
    assert said["truth"] is None


def test_a_case_without_slices_follows_the_schema(
    tiny_bundle: BundleFactory, validator: Draft202012Validator, tmp_path: Path
) -> None:
    (tmp_path / "bad.tif").write_bytes(b"II*\0 and no more")
    (files,) = find_cases(tmp_path / "bad.tif")
    case = read_case(files)
    said = record(Analyser(tiny_bundle()).analyse(case), case)
    validator.validate(said)
    assert (said["score"], said["contact_sheet"], len(said["problems"])) == (None, None, 1)


@pytest.mark.parametrize(
    "change",
    [{"verdict": "cancer"}, {"score": 1.5}, {"extra": 1}, {"area_px": -1}, {"schema": "gliascope.finding/2"}],
)
def test_the_schema_refuses_what_it_should(
    tiny_bundle: BundleFactory, with_truth: Case, validator: Draft202012Validator, change: dict[str, Any]
) -> None:
    said = record(Analyser(tiny_bundle()).analyse(with_truth), with_truth)
    assert not validator.is_valid({**said, **change})


def test_files_are_named_after_their_input_and_apart() -> None:
    def source(name: str | None, page: int = 0, pages: int = 1) -> Source:
        return Source(None if name is None else Path("some/folder") / name, page, pages, "0" * 64)

    sources = [source(one) for one in ("a.png", "a.tif", "A.jpg", "contact_sheet.png", "scan.v2.tif")]
    sources += [source("b.tif", 0, 2), source("b.tif", 1, 2), source(None, 4, 9), source(None)]
    names = names_of(sources)
    assert [one.mask for one in names] == [
        "masks/a_mask.png",
        "masks/a-2_mask.png",
        "masks/A-3_mask.png",
        "masks/contact_sheet-2_mask.png",
        "masks/scan.v2_mask.png",
        "masks/b_p0001_mask.png",
        "masks/b_p0002_mask.png",
        "masks/slice_p0005_mask.png",
        "masks/slice_mask.png",
    ]
    assert names[5].figure == "figures/b_p0001.png"
    assert names[5].probability == "probabilities/b_p0001_probability.png"


def test_numbers_are_short_and_exact() -> None:
    assert number(float(np.float32(0.1))) == 0.1
    assert number(float("nan")) is None
    value = np.float32(1) / np.float32(3)
    assert np.float32(number(float(value))) == value


def test_the_fingerprint_follows_from_pixels_truth_model_thresholds_and_options(
    tiny_bundle: BundleFactory, bright: Bright, tmp_path: Path
) -> None:
    folder = bright().save(tmp_path / "anna", masks=True)
    first, second = Analyser(tiny_bundle()), Analyser(tiny_bundle("separate"))

    def mark(analyser: Analyser = first, **options: Any) -> str:
        (files,) = find_cases(folder)
        return fingerprint(read_case(files), analyser.bundle, analyser.operating_point, options)

    marks = [mark(), mark(second), mark(Analyser(first.bundle, threshold=0.3)), mark(figures=False)]
    (folder / "anna_6_mask.png").unlink()
    marks.append(mark())
    (folder / "anna_6.png").write_bytes((folder / "anna_5.png").read_bytes())
    marks.append(mark())
    (folder / "anna_6.png").unlink()
    marks.append(mark())
    assert len(set(marks)) == len(marks)
    assert mark() == marks[-1]
