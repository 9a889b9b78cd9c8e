"""Neighbours have a say in what a slice of a volume is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gliascope.bundle import CARD, LICENCE, load_bundle, write_bundle
from gliascope.detect.assessable import Assessment
from gliascope.detect.calibration import calibrate, neighbour_logits
from gliascope.engine.fake import FakeEngine
from gliascope.findings import Reason
from gliascope.pipeline import Analyser
from gliascope.read import case_from_array
from gliascope.rules import Calibration, OperatingPoint, VolumeLine
from gliascope.scan import Case

BundleFactory = Callable[..., Path]
Bright = Callable[..., Any]
SLICES, SEEN, GAP = 10, (1, 4, 5, 7, 8), 6
"""One tumour slice stands alone, and one is missing between others."""
ALONE = Calibration(1.0, 0.0, "validation", 3, 60, 20)


@pytest.fixture
def make_bundle(tiny_bundle: BundleFactory, tmp_path: Path) -> Callable[..., Path]:
    def make(calibration: Calibration, threshold: float) -> Path:
        bundle = load_bundle(tiny_bundle())
        return write_bundle(
            tmp_path / f"made-{len(list(tmp_path.iterdir()))}",
            name="made",
            wiring=bundle.wiring,
            recipe=bundle.recipe,
            operating_points={"balanced": OperatingPoint("balanced", threshold, 0.5, "all", 1)},
            graphs=bundle.graphs,
            seen=(),
            summary={},
            card=(bundle.path / CARD).read_text(),
            licence=(bundle.path / LICENCE).read_text(),
            calibration=calibration,
        ).path

    return make


@pytest.fixture
def case(bright: Bright) -> Case:
    """What looks like a tumour on some slices."""
    full, none = bright(slices=SLICES, tumour=(0, SLICES)).pixels, bright(slices=SLICES, tumour=(0, 0)).pixels
    return case_from_array(np.where(np.isin(np.arange(SLICES), SEEN)[:, None, None], full, none))


def raw_of(path: Path, case: Case) -> np.ndarray:
    return np.array([one.raw_probability for one in Analyser(path).analyse(case).slices], np.float32)


def test_the_bundle_keeps_the_line(make_bundle: Callable[..., Path]) -> None:
    line = VolumeLine(0.5, 0.6, -0.2)
    assert load_bundle(make_bundle(replace(ALONE, volume=line), 0.5)).calibration == replace(ALONE, volume=line)
    assert load_bundle(make_bundle(ALONE, 0.5)).calibration == ALONE


def test_neighbours_add_slices_and_take_them_away(make_bundle: Callable[..., Path], case: Case) -> None:
    raw = raw_of(make_bundle(ALONE, 0.5), case)
    limit = np.mean([np.sort(raw)[-len(SEEN)], np.sort(raw)[-len(SEEN) - 1]])
    plain = Analyser(make_bundle(ALONE, float(limit))).analyse(case)
    assert [place for place, one in enumerate(plain.slices) if one.verdict == "tumour"] == list(SEEN)
    line = replace(ALONE, volume=VolumeLine(0.0, 1.0, 0.0))  # the neighbours alone decide
    path = make_bundle(line, float(limit))
    found = Analyser(path).analyse(case)
    hoped = calibrate(raw, line, neighbour_logits(raw))
    assert [one.probability for one in found.slices] == hoped.tolist()
    called = [one.verdict == "tumour" for one in found.slices]
    assert called == (hoped >= np.float32(limit)).tolist()
    assert called[GAP]
    assert not called[SEEN[0]]
    every = Analyser(path, threshold=0.0).analyse(case)
    for one, full in zip(found.slices, every.slices, strict=True):
        expected = full.mask if one.verdict == "tumour" else np.zeros_like(full.mask)
        assert np.array_equal(one.mask, expected)


def test_only_slices_that_neighbours_add_are_run_twice(make_bundle: Callable[..., Path], case: Case) -> None:
    class Counting(FakeEngine):
        seen = 0

        def run(self, role: str, inputs: Any, outputs: Any = None) -> Any:
            self.seen += len(inputs["images"]) if role == "trunk" else 0
            return super().run(role, inputs, outputs)

    told = Analyser(make_bundle(ALONE, 0.5), engine=Counting()).analyse(case)
    values = np.sort([one.probability for one in told.slices])
    limit, counts = float(values[-len(SEEN) - 1 : -len(SEEN) + 1].mean()), []
    for line in (None, VolumeLine(0.0, 1.0, 0.0)):
        engine = Counting()
        found = Analyser(make_bundle(replace(ALONE, volume=line), limit), engine=engine).analyse(case)
        alone = np.array([one.raw_probability for one in found.slices], np.float64) >= limit
        added = np.array([one.verdict == "tumour" for one in found.slices], np.bool_) & ~alone
        counts.append((engine.seen, int(added.sum())))
    (first, none), (looked_at, twice) = counts
    assert none == 0
    assert looked_at == first + twice
    assert twice > 0


def test_lone_images_have_no_neighbours(make_bundle: Callable[..., Path], case: Case) -> None:
    (scan,) = case.scans
    alone = [
        replace(scan, pixels=scan.pixels[one : one + 1], sources=scan.sources[one : one + 1], is_volume=False)
        for one in range(len(scan))
    ]
    lone = replace(case, scans=tuple(alone))
    line = replace(ALONE, slope=0.5, volume=VolumeLine(0.0, 1.0, 3.0))
    found = Analyser(make_bundle(line, 0.5)).analyse(lone)
    raw = np.array([one.raw_probability for one in found.slices], np.float32)
    assert [one.probability for one in found.slices] == calibrate(raw, line).tolist()


def test_neighbours_lie_as_far_away_as_in_the_training_data(make_bundle: Callable[..., Path], case: Case) -> None:
    line = replace(ALONE, volume=VolumeLine(0.2, 0.8, 0.0))
    path = make_bundle(line, 0.5)
    (scan,) = case.scans
    affine = np.diag([1.0, 1.0, 2.4, 1.0])  # 5 mm are two slices
    thin = replace(case, scans=(replace(scan, affine=affine, has_geometry=True),))
    raw = raw_of(path, thin)
    found = Analyser(path).analyse(thin)
    assert [one.probability for one in found.slices] == calibrate(raw, line, neighbour_logits(raw, 2)).tolist()


@pytest.mark.parametrize("force", [False, True])
def test_a_refused_slice_has_no_say(
    make_bundle: Callable[..., Path], case: Case, monkeypatch: pytest.MonkeyPatch, force: bool
) -> None:
    reasons: list[Reason | None] = [None] * SLICES
    reasons[GAP - 1] = "saturated"
    assessment = Assessment(tuple(reasons), ("",) * SLICES, np.zeros(SLICES))
    monkeypatch.setattr(Analyser, "_assess", lambda *_: assessment)
    line = replace(ALONE, volume=VolumeLine(0.2, 0.8, 0.0))
    found = Analyser(make_bundle(line, 0.5), force=force).analyse(case)
    raw = np.array([one.raw_probability for one in found.slices], np.float32)
    assert np.isnan(raw[GAP - 1]) == (not force)
    hoped = calibrate(raw, line, neighbour_logits(raw))
    np.testing.assert_array_equal(np.array([one.probability for one in found.slices], np.float32), hoped)


def test_several_lanes_and_kept_probabilities_say_the_same(make_bundle: Callable[..., Path], case: Case) -> None:
    path = make_bundle(replace(ALONE, volume=VolumeLine(0.0, 1.0, 0.0)), 0.5)
    one = Analyser(path, threads=1, save_probabilities=True).analyse(case)
    two = Analyser(path, threads=2, save_probabilities=True).analyse(case)
    for left, right in zip(one.slices, two.slices, strict=True):
        assert (left.probability, left.verdict, left.beside) == (right.probability, right.verdict, right.beside)
        assert np.array_equal(left.mask, right.mask)
        assert (left.mask_probability is None) == (left.verdict != "tumour")
