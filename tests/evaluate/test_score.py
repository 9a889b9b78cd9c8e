from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gliascope.errors import InputError
from gliascope.evaluate.score import PatientScore, join_patient, missing_sequences, score_case
from gliascope.findings import Finding, SliceFinding
from gliascope.measure.overlap import dice
from gliascope.rules import OperatingPoint
from gliascope.scan import SEQUENCES, Case, Mask, Problem, Scan, Sequence, Source

POINT = OperatingPoint("balanced", 0.5, 0.5, "all")


def case_and_finding(truth: np.ndarray, found: np.ndarray, problems: tuple[Problem, ...] = ()) -> tuple[Case, Finding]:
    sources = tuple(Source(Path(f"scan_{n}.tif"), 0, 1, f"{n:064d}") for n in range(len(truth)))
    scan = Scan(np.zeros((*truth.shape, 1), np.uint8), ("flair",), sources, is_volume=len(truth) > 1)
    case = Case("c", (scan,), tuple(Mask(one) for one in truth))
    slices = tuple(
        SliceFinding(source, 0.75 if one.any() else 0.25, "tumour" if one.any() else "no tumour", one)
        for source, one in zip(sources, found, strict=True)
    )
    return case, Finding("c", "tumour", 0.75, POINT, slices, (), problems, {})


def test_pixels_are_counted_slice_by_slice() -> None:
    truth, found = np.zeros((2, 4, 4), np.bool_), np.zeros((2, 4, 4), np.bool_)
    truth[0, :2, :2] = True
    found[0, 1:3, 1:4] = True
    found[1, 0, 0] = True
    first, second = score_case("f", *case_and_finding(truth, found), frozenset({f"{1:064d}"}))
    assert (first.true_px, first.predicted_px, first.both_px, first.tumour, first.seen) == (4, 6, 1, True, False)
    assert (second.true_px, second.predicted_px, second.both_px, second.tumour, second.seen) == (0, 1, 0, False, True)
    assert (first.folder, first.file, first.probability, first.called) == ("f", "scan_0.tif", 0.75, True)
    patient = PatientScore("p", "AA", ("f",), (first, second))
    assert (patient.dice, patient.false_positive_px) == (2 * 1 / (7 + 4), 1)


def test_distances_are_those_of_slices_with_both_outlines() -> None:
    truth, found = np.zeros((4, 8, 8), np.bool_), np.zeros((4, 8, 8), np.bool_)
    truth[0, 2:4, 2:4] = found[0, 2:4, 2:4] = True  # the same
    truth[1, 0, 0], found[1, 3, 4] = True, True  # 5 apart
    truth[2, 0, 0] = True  # missed
    found[3, 0, 0] = True  # false alarm
    slices = score_case("f", *case_and_finding(truth, found), frozenset())
    assert [(one.hd95, one.asd) for one in slices[:2]] == [(0.0, 0.0), (5.0, 5.0)]
    assert all(math.isnan(one.hd95) and math.isnan(one.asd) for one in slices[2:])
    assert [one.outlined_twice for one in slices] == [True, True, False, False]
    assert [one.dice for one in slices] == [1.0, 0.0, 0.0, 0.0]
    assert [one.sha256 for one in slices] == [f"{number:064d}" for number in range(4)]
    patient = PatientScore("p", "AA", ("f",), slices)
    assert (patient.hd95, patient.asd) == (2.5, 2.5)
    assert patient.iou == 4 / (6 + 6 - 4)
    alone = PatientScore("p", "AA", ("f",), slices[2:])
    assert (math.isnan(alone.hd95), math.isnan(alone.asd), alone.iou) == (True, True, 0.0)


def test_a_slice_with_neither_outline_has_no_dice() -> None:
    empty = np.zeros((1, 4, 4), np.bool_)
    (one,) = score_case("f", *case_and_finding(empty, empty), frozenset())
    patient = PatientScore("p", "AA", ("f",), (one,))
    assert all(map(math.isnan, (one.dice, one.hd95, patient.dice, patient.iou, patient.hd95)))


def scan(*channels: str, blank: bool = False) -> Scan:
    """Channels `noise` and `again` have the same pixels, `other` has its own."""
    rng = np.random.default_rng(0)
    noise = rng.integers(1, 200, (1, 4, 4), dtype=np.uint8)
    kinds = {"noise": noise, "again": noise, "other": noise[:, ::-1]}
    pixels = np.stack([kinds[one] for one in channels], axis=-1) * np.uint8(not blank)
    names: tuple[Sequence, ...] = ("flair",) if len(channels) == 1 else SEQUENCES
    return Scan(pixels, names, (Source(Path("s.tif"), 0, 1, "0" * 64),), is_volume=False)


@pytest.mark.parametrize(
    ("scans", "missing"),
    [
        ([scan("other", "noise", "other")], ()),
        ([scan("again", "noise", "other")], ("pre",)),
        ([scan("again", "noise", "again")], ("pre", "post")),
        ([scan("noise")], ("pre", "post")),
        ([scan("other", "noise", "again"), scan("again", "noise", "other")], ("pre", "post")),
        ([scan("other", "noise", "other"), scan("other", "noise", "other", blank=True)], ()),
    ],
)
def test_copies_of_flair_and_absent_sequences_are_missing(scans: list[Scan], missing: tuple[str, ...]) -> None:
    assert missing_sequences(Case("c", tuple(scans), (None,) * len(scans))) == missing


VOLUMES = arrays(np.bool_, (3, 4, 5))


@given(VOLUMES, VOLUMES)
def test_dice_of_a_patient_is_dice_over_the_volume(truth: np.ndarray, found: np.ndarray) -> None:
    slices = score_case("f", *case_and_finding(truth, found), frozenset())
    assert PatientScore("p", "AA", ("f",), slices).dice == pytest.approx(dice(found, truth), nan_ok=True)


def test_a_finding_with_problems_is_refused() -> None:
    volume = np.ones((2, 4, 4), np.bool_)
    case, finding = case_and_finding(volume, volume, (Problem("scan_1.tif", "broken"),))
    with pytest.raises(InputError, match=r"scan_1.tif: every slice must be analysed to be scored, received: broken"):
        score_case("f", case, finding, frozenset())


def test_a_finding_about_other_slices_is_refused() -> None:
    volume = np.ones((3, 4, 4), np.bool_)
    case, _ = case_and_finding(volume, volume)
    _, finding = case_and_finding(volume[:2], volume[:2])
    with pytest.raises(InputError, match="about the case's slices"):
        score_case("f", case, finding, frozenset())


def test_a_slice_without_truth_is_refused() -> None:
    volume = np.ones((2, 4, 4), np.bool_)
    case, finding = case_and_finding(volume, volume)
    bare = Case("c", case.scans, (case.truths[0], None))
    with pytest.raises(InputError, match=r"scan_1.tif: a slice must have a true mask"):
        score_case("f", bare, finding, frozenset())


@given(st.integers(1, 3))
def test_folders_of_one_patient_are_joined(count: int) -> None:
    volume = np.ones((2, 4, 4), np.bool_)
    slices = score_case("f", *case_and_finding(volume, volume), frozenset())
    parts = [PatientScore("p", "AA", (f"f{n}",), slices, ("grey",)) for n in range(count)]
    joined = join_patient(parts)
    assert joined.folders == tuple(f"f{n}" for n in range(count))
    assert (len(joined.slices), joined.true_px, joined.warnings) == (2 * count, 32 * count, ("grey",))
    several = join_patient([replace(parts[0], missing=("post",), fold=2), replace(parts[0], missing=("pre",), fold=2)])
    assert (several.missing, several.fold) == (("pre", "post"), 2)
