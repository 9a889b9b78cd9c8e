"""What a structured report says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import highdicom
import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import ComprehensiveSRStorage

from gliascope.findings import REASONS, Reason, Verdict
from gliascope.geometry import Grid
from gliascope.present.dicom.codes import OWN, own, reason_code
from gliascope.present.dicom.files import write_object
from gliascope.present.dicom.seg import make_seg
from gliascope.present.dicom.source import Origin, origin_of
from gliascope.present.dicom.sr import make_sr
from gliascope.present.dicom.uids import Uids
from tests.dicom_series import drawn_source, finding_of

SHAPE = (8, 7, 6)
GRID = Grid(SHAPE, np.diag([0.5, 0.75, 3.0, 1.0]))
MASK = np.zeros(SHAPE, dtype=np.bool_)
MASK[2:6, 1:4, 2:4] = True


@pytest.fixture(scope="module")
def origin() -> Origin:
    return origin_of(*drawn_source(SHAPE, GRID.affine), GRID)


def group_of(made: Dataset, folder: Path) -> Any:
    """The only measurement group, as highdicom reads it from the file."""
    write_object(made, folder / "sr.dcm")
    report: Any = highdicom.sr.srread(folder / "sr.dcm").content
    groups = [*report.get_volumetric_roi_measurement_groups(), *report.get_image_measurement_groups()]
    assert len(groups) == 1
    return groups[0]


def values_of(group: Any) -> dict[str, float]:
    return {one.name.meaning: float(one.value) for one in group.get_measurements()}


def said_of(group: Any) -> dict[str, str]:
    return {one.name.value: one.value.meaning for one in group.get_qualitative_evaluations()}


def comments_of(group: Any) -> list[str]:
    items = [one for one in group[0].ContentSequence if one.ValueType == "TEXT" and one.name == codes.DCM.Comment]
    return [str(one.TextValue) for one in items]


def test_a_tumour_is_measured_over_its_segment(origin: Origin, tmp_path: Path) -> None:
    finding, uids = finding_of(MASK), Uids("key")
    seg = make_seg(finding, GRID, origin, uids)
    assert seg is not None
    made = make_sr(finding, origin, uids, seg)
    assert made.SOPClassUID == ComprehensiveSRStorage
    group = group_of(made, tmp_path)
    assert group.referenced_segment.referenced_sop_instance_uid == seg.SOPInstanceUID
    assert group.tracking_uid == seg.SegmentSequence[0].TrackingUID
    assert group.finding_type == codes.SCT.Lesion
    (site,) = group.finding_sites
    assert site.value == codes.SCT.Brain
    assert site.laterality == codes.SCT.Left
    values = values_of(group)
    assert values["Volume"] == pytest.approx(0.0123 * 24, abs=5e-4)
    assert (values["Long axis"], values["Short axis"]) == (12.5, 7.25)
    assert values[OWN["components"]] == 1
    assert values[OWN["slice-prob"]] == 0.75
    assert values[OWN["case-score"]] == pytest.approx(0.7)
    assert (values[OWN["detect-threshold"]], values[OWN["mask-threshold"]]) == (0.5, 0.4)
    assert values[OWN["extent-is"]] == 2
    assert said_of(group)["verdict"] == OWN["tumour"]
    assert said_of(group)["review"] == "No"


def test_the_volume_has_its_interval(origin: Origin, tmp_path: Path) -> None:
    group = group_of(make_sr(finding_of(MASK), origin, Uids("key")), tmp_path)
    (volume,) = group.get_measurements(codes.SCT.Volume)
    found = {one.name.meaning: float(one.value) for one in volume[0].ContentSequence}
    said = float(volume.value)
    assert found["+, range of upper measurement uncertainty"] == pytest.approx(said * 0.5, abs=1e-3)
    assert found["-, range of lower measurement uncertainty"] == pytest.approx(said * 0.2, abs=1e-3)
    assert found[OWN["interval-level"]] == 0.9
    assert {one.unit.value for one in volume[0].ContentSequence} == {"ml", "1"}


@pytest.mark.parametrize("verdict", ["tumour", "no tumour", "not assessable"])
def test_every_verdict_has_a_report(origin: Origin, tmp_path: Path, verdict: Verdict) -> None:
    refused: dict[str, Any] = {"score": float("nan"), "case_score": float("nan"), "reason": "plane"}
    changes = refused if verdict == "not assessable" else {}
    group = group_of(make_sr(finding_of(MASK, verdict, **changes), origin, Uids("key")), tmp_path)
    assert (
        said_of(group)["verdict"]
        == {
            "tumour": "Called tumour",
            "no tumour": "Called free of tumour",
            "not assessable": "Not assessable",
        }[verdict]
    )
    assert [one.referenced_sop_instance_uid for one in group.source_images] == list(origin.references)
    if verdict == "not assessable":
        assert said_of(group)["reason"] == "like a sagittal or coronal section, or not a whole head"
        assert REASONS["plane"] in comments_of(group)
        assert OWN["slice-prob"] not in values_of(group)
    if verdict != "tumour":
        assert group.finding_type is None


def test_it_says_research_use_wherever_one_looks(origin: Origin, tmp_path: Path) -> None:
    made = make_sr(finding_of(MASK), origin, Uids("key"))
    group = group_of(made, tmp_path)
    assert "Research use only" in said_of(group)["intended-use"]
    assert "for research use only" in comments_of(group)[0]
    assert "research use only" in made.SeriesDescription
    assert (made.VerificationFlag, made.PreliminaryFlag) == ("UNVERIFIED", "PRELIMINARY")


def test_the_model_is_named_whole(origin: Origin) -> None:
    made = make_sr(finding_of(MASK), origin, Uids("key"))
    texts = [
        str(one.TextValue)
        for one in made.content[0].ContentSequence[-1].ContentSequence[0].ContentSequence
        if "TextValue" in one
    ]
    assert f"bundle_sha256={'ab' * 32}" in texts
    assert {"operating_point=balanced", "components=largest", "run=2", "holes=filled"} <= set(texts)


def test_evidence_names_every_image(origin: Origin) -> None:
    made = make_sr(finding_of(MASK), origin, Uids("key"))
    named = {instance for _, _, instance, _ in made.get_evidence()}
    assert named == set(origin.references)


def test_without_spacing_nothing_is_in_millimetres(origin: Origin, tmp_path: Path) -> None:
    finding = finding_of(MASK)
    assert finding.volume is not None
    object.__setattr__(finding.volume, "measurement", None)
    units = {one.unit.value for one in group_of(make_sr(finding, origin, Uids("key")), tmp_path).get_measurements()}
    assert units == {"1"}


def test_a_case_without_any_slice_has_a_report(origin: Origin, tmp_path: Path) -> None:
    finding = finding_of(MASK, "not assessable", slices=(), volume=None, score=float("nan"), case_score=float("nan"))
    assert said_of(group_of(make_sr(finding, origin, Uids("key")), tmp_path))["verdict"] == OWN["not-assessable"]


def test_our_codes_fit_their_fields() -> None:
    reasons: list[Reason] = list(REASONS)
    for code in (*(own(one) for one in OWN), *(reason_code(one) for one in reasons)):
        assert code.scheme_designator == "99GLIASCOPE"
        assert len(code.value) <= 16
        assert len(code.meaning) <= 64
    values = [*OWN, *(reason_code(one).value for one in reasons)]
    assert len(set(values)) == len(values)


def test_the_scheme_is_explained(origin: Origin) -> None:
    (scheme,) = make_sr(finding_of(MASK), origin, Uids("key")).CodingSchemeIdentificationSequence
    assert (scheme.CodingSchemeDesignator, scheme.CodingSchemeName) == (
        "99GLIASCOPE",
        "Codes of gliascope, research software",
    )


def test_a_repeat_gives_the_same_bytes(origin: Origin, tmp_path: Path) -> None:
    for name in "ab":
        write_object(make_sr(finding_of(MASK), origin, Uids("key")), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_report_over_a_segment_has_another_name_than_one_without(origin: Origin) -> None:
    finding, uids = finding_of(MASK), Uids("key")
    seg = make_seg(finding, GRID, origin, uids)
    with_seg, alone = make_sr(finding, origin, uids, seg), make_sr(finding, origin, uids)
    assert with_seg.SOPInstanceUID != alone.SOPInstanceUID
    assert with_seg.SeriesInstanceUID != alone.SeriesInstanceUID


def test_the_conformance_statement_lists_every_code() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "dicom-conformance.md").read_text("utf-8")
    reasons: list[Reason] = list(REASONS)
    listed = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    found = {one[0].strip("| `"): one[1].strip(" |") for one in listed}
    expected = [*(own(one) for one in OWN), *(reason_code(one) for one in reasons)]
    assert found == {code.value: code.meaning for code in expected}
