from __future__ import annotations

import math
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import gliascope
from gliascope.bundle import load_bundle, write_bundle
from gliascope.engine.fake import FakeEngine
from gliascope.errors import BundleError, DeviceError, InputError
from gliascope.findings import REASONS, Finding
from gliascope.measure.overlap import dice
from gliascope.pipeline import Analyser, analyse
from gliascope.pipeline import analyser as module
from gliascope.pipeline.judge import NO_FLAIR
from gliascope.prepare import prepare
from gliascope.read import case_from_array, read_case
from gliascope.recipe import Preparation
from gliascope.scan import Case

BundleFactory = Callable[..., Path]
Bright = Callable[..., Any]


def same(first: Finding, second: Finding) -> bool:
    return (first.verdict, first.score, first.warnings) == (second.verdict, second.score, second.warnings) and all(
        one.probability == other.probability and np.array_equal(one.mask, other.mask)
        for one, other in zip(first.slices, second.slices, strict=True)
    )


@pytest.mark.parametrize("wiring", ["shared", "separate"])
def test_bright_slices_are_found_and_outlined(tiny_bundle: BundleFactory, bright: Bright, wiring: str) -> None:
    scan = bright()
    finding = Analyser(tiny_bundle(wiring)).analyse(case_from_array(scan.pixels, "anna"))
    assert (finding.case, finding.verdict, finding.tumour_slices, finding.problems) == ("anna", "tumour", 2, ())
    assert [one.verdict for one in finding.slices] == ["no tumour"] * 2 + ["tumour"] * 2 + ["no tumour"] * 2
    assert finding.score == max(one.probability for one in finding.slices) > 0.5
    assert finding.mask.shape == scan.pixels.shape
    assert finding.area_px == finding.mask.sum()
    assert dice(finding.mask, scan.truth) > 0.85
    assert finding.warnings == ("grey image: taken as FLAIR",)


def test_both_wirings_and_the_fake_agree(tiny_bundle: BundleFactory, bright: Bright) -> None:
    case = case_from_array(bright().pixels)
    shared, separate, fake = (
        Analyser(tiny_bundle("shared")).analyse(case),
        Analyser(tiny_bundle("separate")).analyse(case),
        Analyser(tiny_bundle("shared"), engine=FakeEngine("shared")).analyse(case),
    )
    assert np.array_equal(shared.mask, separate.mask)
    assert [one.verdict for one in shared.slices] == [one.verdict for one in fake.slices]
    assert fake.provenance["engine"]["name"] == "fake"


def test_an_engine_for_another_wiring_is_refused(tiny_bundle: BundleFactory) -> None:
    with pytest.raises(InputError, match=r"the engine must have the roles of the bundle, .*'decoder', 'trunk'"):
        Analyser(tiny_bundle("shared"), engine=FakeEngine("separate"))


def test_no_tumour_is_a_complete_result(tiny_bundle: BundleFactory, bright: Bright) -> None:
    finding = Analyser(tiny_bundle()).analyse(case_from_array(bright(tumour=(0, 0)).pixels))
    assert finding.verdict == "no tumour"
    assert 0 < finding.score < 0.5
    assert len(finding.slices) == 6
    assert not finding.mask.any()
    assert finding.mask.shape == (6, 96, 96)


@pytest.mark.parametrize("wiring", ["shared", "separate"])
@pytest.mark.parametrize("size", [1, 3, 8])
def test_batches_never_change_a_result(tiny_bundle: BundleFactory, bright: Bright, wiring: str, size: int) -> None:
    case, bundle = case_from_array(bright(slices=11, tumour=(1, 7)).pixels), tiny_bundle(wiring)
    whole, parts = (Analyser(bundle, batch_size=count, save_probabilities=True).analyse(case) for count in (11, size))
    assert same(whole, parts)
    for one, other in zip(whole.slices, parts.slices, strict=True):
        if one.verdict == "tumour":
            assert one.mask_probability is not None
            assert other.mask_probability is not None
            assert np.array_equal(one.mask_probability, other.mask_probability)


def test_a_case_gives_the_same_whatever_came_before(tiny_bundle: BundleFactory, bright: Bright) -> None:
    analyser = Analyser(tiny_bundle())
    case = case_from_array(bright(seed=3).pixels)
    fresh = analyser.analyse(case)
    analyser.analyse(case_from_array(bright(seed=4, shape=(50, 70)).pixels))
    assert same(fresh, analyser.analyse(case))


def test_a_threshold_of_one_s_own_is_a_custom_operating_point(tiny_bundle: BundleFactory, bright: Bright) -> None:
    case = case_from_array(bright().pixels)
    finding = Analyser(tiny_bundle(), threshold=0.0).analyse(case)
    assert (finding.operating_point.name, finding.operating_point.detection) == ("custom", 0.0)
    assert finding.operating_point.mask == 0.5
    assert finding.tumour_slices == 6
    assert "slices called tumour without an outline: 4" in finding.warnings
    for wrong in (-0.1, 1.1, math.nan):
        with pytest.raises(InputError, match="threshold must lie in 0 to 1"):
            Analyser(tiny_bundle(), threshold=wrong)


def test_the_largest_component_of_a_volume_is_kept_where_the_bundle_says_so(
    tiny_bundle: BundleFactory, bright: Bright
) -> None:
    scan = bright(tumour=(0, 3))
    scan.pixels[5, 60:70, 40:60] = 190
    case = case_from_array(scan.pixels)
    every, largest = (Analyser(tiny_bundle(components=one)).analyse(case) for one in ("all", "largest"))
    assert every.slices[5].mask.any()
    assert not largest.slices[5].mask.any()
    assert largest.slices[5].verdict == "tumour"
    assert "slices called tumour without an outline: 1" in largest.warnings
    assert np.array_equal(every.mask[:3], largest.mask[:3])


def test_parts_on_a_single_slice_go_where_the_bundle_says_so(tiny_bundle: BundleFactory, bright: Bright) -> None:
    scan = bright(tumour=(0, 3))
    scan.pixels[4:6, 60:70, 40:60] = 190
    found = {}
    for distance in (5.0, 2.5):  # mm between slices; the training data's are about 5 apart
        case = case_from_array(scan.pixels)
        spaced = replace(case.scans[0], affine=np.diag([1.0, 1.0, distance, 1.0]), has_geometry=True)
        finding = Analyser(tiny_bundle(components="spanning")).analyse(replace(case, scans=(spaced,)))
        found[distance] = [bool(part.mask.any()) for part in finding.slices]
    assert found == {5.0: [True, True, True, False, True, True], 2.5: [True, True, True, False, False, False]}


@pytest.mark.parametrize("slices", [1, 4])
def test_small_holes_are_filled_where_the_bundle_says_so(
    slices: int, tiny_bundle: BundleFactory, bright: Bright
) -> None:
    scan = bright(slices=slices, tumour=(0, slices))
    scan.pixels[0, 30:56, 30:56] = 255
    hole = (0, slice(41, 45), slice(41, 45))
    scan.pixels[hole] = 30
    kept, filled = (
        Analyser(tiny_bundle(holes=one)).analyse(case_from_array(scan.pixels)).mask for one in ("kept", "filled")
    )
    assert not kept[hole].all()
    assert filled[hole].all()
    filled[hole] = kept[hole]
    assert np.count_nonzero(filled & ~kept) < 30  # its blurred edge
    assert np.array_equal(kept[1:], filled[1:])


def test_lone_slices_keep_every_component(tiny_bundle: BundleFactory, bright: Bright, tmp_path: Path) -> None:
    scan = bright(slices=1, tumour=(0, 1))
    scan.pixels[0, 60:66, 40:52] = 190
    every, largest = (
        Analyser(tiny_bundle(components=one)).analyse(case_from_array(scan.pixels[0])) for one in ("all", "largest")
    )
    assert every.slices[0].mask[60:66, 40:52].any()
    assert same(every, largest)


def test_probabilities_are_kept_on_request_for_slices_called_tumour(tiny_bundle: BundleFactory, bright: Bright) -> None:
    case = case_from_array(bright().pixels)
    assert all(one.mask_probability is None for one in Analyser(tiny_bundle()).analyse(case).slices)
    finding = Analyser(tiny_bundle(), save_probabilities=True).analyse(case)
    for one in finding.slices:
        assert (one.mask_probability is not None) == (one.verdict == "tumour")
        if one.mask_probability is not None:
            assert np.array_equal(one.mask_probability >= 0.5, one.mask)


def test_a_blank_image_is_not_assessable(tiny_bundle: BundleFactory) -> None:
    finding = Analyser(tiny_bundle()).analyse(case_from_array(np.zeros((20, 30), dtype=np.uint8)))
    assert finding.verdict == "not assessable"
    assert math.isnan(finding.score)
    assert [one.verdict for one in finding.slices] == ["not assessable"]
    assert math.isnan(finding.slices[0].probability)
    assert finding.mask.shape == (1, 20, 30)
    assert finding.reason == "blank"
    assert f"not assessable: {REASONS['blank']}" in finding.warnings


def test_a_blank_slice_of_a_volume_is_no_tumour_and_counts_for_no_score(
    tiny_bundle: BundleFactory, bright: Bright
) -> None:
    pixels = bright().pixels
    pixels[0] = 255
    finding = Analyser(tiny_bundle(), threshold=0.0).analyse(case_from_array(pixels))
    assert finding.slices[0].verdict == "no tumour"
    assert not finding.slices[0].mask.any()
    assert finding.tumour_slices == 5
    assert finding.score == max(one.probability for one in finding.slices[1:])


def test_slices_that_the_model_has_seen_are_named(tiny_bundle: BundleFactory, bright: Bright) -> None:
    case = case_from_array(bright().pixels)
    seen = tuple(one.sha256 for one in case.sources[:2])
    finding = Analyser(tiny_bundle(seen=seen)).analyse(case)
    assert any("trained or chosen on: 2 of 6" in one for one in finding.warnings)


def test_a_scan_without_flair_is_warned_about(tiny_bundle: BundleFactory, bright: Bright) -> None:
    (finding,) = analyse(bright().pixels, channels=("post",), model=tiny_bundle())
    assert NO_FLAIR in finding.warnings


def test_a_failing_case_is_reported_and_does_not_end_the_series(
    tiny_bundle: BundleFactory, bright: Bright, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyser = Analyser(tiny_bundle())

    def stumble(scan: Any, preparation: Preparation) -> Any:
        if len(scan) == 3:
            raise ZeroDivisionError("no such luck")
        return prepare(scan, preparation)

    monkeypatch.setattr(module, "prepare", stumble)
    good, bad, last = analyser.iter([bright(slices=count).pixels for count in (6, 3, 5)])
    assert (good.verdict, last.verdict, bad.verdict) == ("tumour", "tumour", "not assessable")
    assert bad.slices == ()
    assert [one.message for one in bad.problems] == ["the analysis failed: ZeroDivisionError: no such luck"]


def test_what_would_fail_for_every_case_is_raised(
    tiny_bundle: BundleFactory, bright: Bright, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: Any) -> Any:
        raise DeviceError("the device is gone")

    monkeypatch.setattr(module, "prepare", lost)
    with pytest.raises(DeviceError, match="gone"):
        Analyser(tiny_bundle()).analyse(case_from_array(bright().pixels))


def test_a_case_of_problems_alone_is_not_assessable(tiny_bundle: BundleFactory, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(b"no image")
    (finding,) = analyse(tmp_path / "bad.png", model=tiny_bundle())
    assert finding.verdict == "not assessable"
    assert math.isnan(finding.score)
    assert len(finding.problems) == 1
    assert finding.mask.shape == (0, 0, 0)


def test_slices_of_several_sizes_are_each_outlined_in_their_own(
    tiny_bundle: BundleFactory, bright: Bright, tmp_path: Path
) -> None:
    folder = tmp_path / "anna"
    for number, shape in enumerate([(96, 96), (60, 130), (200, 128)], start=1):
        folder.mkdir(exist_ok=True)
        Image.fromarray(bright(slices=1, tumour=(0, 1), shape=shape).pixels[0]).save(folder / f"anna_{number}.png")
    (finding,) = analyse(folder, model=tiny_bundle())
    assert [one.mask.shape for one in finding.slices] == [(96, 96), (60, 130), (200, 128)]
    assert finding.tumour_slices == 3
    with pytest.raises(InputError, match="slices must have one size"):
        _ = finding.mask


@pytest.mark.parametrize("shape", [(1, 7), (7, 1), (3, 300), (257, 255)])
def test_odd_sizes(tiny_bundle: BundleFactory, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    finding = Analyser(tiny_bundle(), threshold=0.0).analyse(case_from_array(pixels))
    assert finding.problems == ()
    assert finding.mask.shape == (1, *shape)


def test_the_stream_holds_one_case_at_a_time(tiny_bundle: BundleFactory, bright: Bright, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        bright(slices=2, tumour=(0, 1)).save(tmp_path / name)
    findings = Analyser(tiny_bundle()).iter(tmp_path)
    assert next(findings).case == "a"
    for image in (tmp_path / "b").iterdir():
        image.unlink()
    assert next(findings).verdict == "not assessable"
    assert next(findings).case == "c"


def test_a_copy_by_pickle_gives_the_same(tiny_bundle: BundleFactory, bright: Bright) -> None:
    analyser = Analyser(tiny_bundle(), device="cpu", threads=1, threshold=0.4, batch_size=3)
    copy: Analyser = pickle.loads(pickle.dumps(analyser))
    case = case_from_array(bright().pixels)
    assert copy.operating_point == analyser.operating_point
    assert copy.provenance == analyser.provenance
    assert same(copy.analyse(case), analyser.analyse(case))
    assert len(pickle.dumps(analyser)) < 2000


def test_a_copy_refuses_another_bundle_at_the_same_path(tiny_bundle: BundleFactory) -> None:
    bundle = load_bundle(tiny_bundle())
    pickled = pickle.dumps(Analyser(bundle))
    write_bundle(
        bundle.path,
        name="another",
        wiring="shared",
        recipe=bundle.recipe,
        operating_points={"balanced": replace(bundle.operating_point(), mask=0.6)},
        graphs=bundle.graphs,
        seen=(),
        summary={},
        card="",
        licence="",
    )
    with pytest.raises(BundleError, match="the bundle must be the one that the analyser was made with"):
        pickle.loads(pickled)


def test_provenance_names_versions_and_the_bundle(tiny_bundle: BundleFactory) -> None:
    bundle = load_bundle(tiny_bundle())
    said = Analyser(bundle, device="cpu").provenance
    assert said["gliascope"] == gliascope.__version__
    assert said["engine"]["device"] == "cpu"
    assert said["bundle"]["sha256"] == bundle.sha256


def test_the_case_is_not_changed(tiny_bundle: BundleFactory, bright: Bright, tmp_path: Path) -> None:
    from gliascope.read import find_cases

    (files,) = find_cases(bright().save(tmp_path / "anna", masks=True))
    case: Case = read_case(files)
    before = case.scans[0].pixels.copy()
    gliascope.Analyser(tiny_bundle()).analyse(case)
    assert np.array_equal(case.scans[0].pixels, before)


def test_flips_are_told_kept_and_leave_a_symmetric_network_s_verdicts(
    tiny_bundle: BundleFactory, bright: Bright
) -> None:
    case, bundle = case_from_array(bright().pixels), tiny_bundle()
    plain, flipped = Analyser(bundle).analyse(case), Analyser(bundle, flips=True).analyse(case)
    assert "flips" not in plain.provenance
    assert flipped.provenance["flips"] is True
    assert [one.verdict for one in flipped.slices] == [one.verdict for one in plain.slices]
    assert dice(flipped.mask, plain.mask) > 0.95
    assert same(pickle.loads(pickle.dumps(Analyser(bundle, flips=True))).analyse(case), flipped)
    assert same(analyse(case, model=bundle, flips=True)[0], flipped)
