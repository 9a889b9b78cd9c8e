from __future__ import annotations

import re
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gliascope.detect.assessable import CERTAIN, assess, assess_slice, blank_slices, broken_rule, high_rank
from gliascope.detect.assessor import Assessor, load_assessor
from gliascope.detect.section import find_section
from gliascope.findings import REASONS, Reason
from gliascope.phantom import make_phantom
from gliascope.prepare import to_uint8
from gliascope.scan import Scan, Sequence, Source

Stack = NDArray[np.uint8]


def scan_of(stack: NDArray[np.uint8 | np.float32], sequences: tuple[Sequence, ...] = ("flair",)) -> Scan:
    """A volume of grey slices, or a lone slice where there is only one."""
    pixels = stack if stack.ndim == 4 else stack[..., None]
    sources = tuple(Source(None, one, len(pixels), f"{one:064x}") for one in range(len(pixels)))
    return Scan(pixels, sequences, sources, is_volume=len(pixels) > 1)


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    return load_assessor()


@pytest.fixture(scope="module")
def cube() -> NDArray[np.uint8]:
    """A phantom of nearly cubic voxels: pre-contrast, FLAIR, post-contrast."""
    return np.asarray(make_phantom(31, slices=100, size=128).scan.pixels)


@pytest.fixture(scope="module")
def flair(cube: Stack) -> Stack:
    return np.ascontiguousarray(cube[..., 1])


def sagittal(flair: Stack) -> Stack:
    return np.ascontiguousarray(flair.transpose(2, 0, 1)[34:94:3, ::-1])


def coronal(flair: Stack) -> Stack:
    return np.ascontiguousarray(flair.transpose(1, 0, 2)[34:94:3, ::-1])


def test_a_slice_is_blank_when_every_channel_is_constant() -> None:
    pixels = np.zeros((5, 4, 6, 3), dtype=np.uint8)
    pixels[1] = 7
    pixels[2] = (1, 2, 3)
    pixels[3, 2, 2, 0] = 1
    pixels[4, -1, -1, 2] = 1
    assert blank_slices(pixels).tolist() == [True, True, True, False, False]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_a_single_pixel_is_blank(dtype: type) -> None:
    assert blank_slices(np.ones((1, 1, 1, 1), dtype=dtype)).tolist() == [True]


def test_axial_flair_can_be_judged(flair: Stack, assessor: Assessor) -> None:
    assert assess(scan_of(flair[10:95:4]), assessor).reasons == (None,) * 22
    for place in (30, 45, 60, 75):
        assert assess(scan_of(flair[place : place + 1]), assessor).reasons == (None,)


def test_volumes_of_any_depth_can_be_judged(flair: Stack, assessor: Assessor) -> None:
    stack = (flair[10:95:4].astype(np.float32) * 7.3 + 11) * (flair[10:95:4] > 0)
    assert assess(scan_of(stack.astype(np.float32)), assessor).reasons == (None,) * 22
    assert to_uint8(stack.astype(np.float32)[..., None]).dtype == np.uint8


@pytest.mark.parametrize("cut", [sagittal, coronal])
def test_other_planes_are_refused(cut: object, flair: Stack, assessor: Assessor) -> None:
    assert callable(cut)
    stack = cut(flair)
    found = assess(scan_of(stack), assessor)
    assert set(found.reasons) == {"plane"}
    assert len(set(found.measured)) == 1
    assert re.fullmatch(r"mean log-odds of \d+ slices -[\d.]+, must be -[\d.]+ or more", found.measured[0])
    lone = [assess(scan_of(stack[one : one + 1]), assessor).reasons[0] for one in range(len(stack))]
    assert np.mean([one is not None for one in lone]) > 0.7


@pytest.mark.parametrize("channel", [0, 2])
def test_t1_in_the_place_of_flair_is_refused(channel: int, cube: Stack, assessor: Assessor) -> None:
    stack = np.ascontiguousarray(cube[10:95:4, :, :, channel])
    assert set(assess(scan_of(stack), assessor).reasons) == {"contrast"}


def test_a_scan_without_flair_is_refused(cube: Stack, assessor: Assessor) -> None:
    found = assess(scan_of(np.ascontiguousarray(cube[20:26, :, :, :1]), ("pre",)), assessor)
    assert found.reasons == ("no FLAIR",) * 6
    assert np.isnan(found.scores).all()


def saturated(flair: Stack) -> Stack:
    return np.where(flair > 25, 255, flair // 2).astype(np.uint8)


def photograph(_: Stack) -> Stack:
    rng = np.random.default_rng(0)
    coarse = rng.integers(40, 220, (12, 12), dtype=np.uint8)
    return np.asarray(cv2.resize(coarse, (128, 128), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def drawing(flair: Stack) -> Stack:
    return np.asarray((flair > 25) * 90 + (flair > 60) * 20).astype(np.uint8)


def nothing_large(_: Stack) -> Stack:
    image = np.zeros((128, 128), dtype=np.uint8)
    image[60:66, 60:66] = np.arange(36).reshape(6, 6) + 100
    return image


def noise(_: Stack) -> Stack:
    return np.random.default_rng(0).integers(0, 256, (128, 128), dtype=np.uint8)


@pytest.mark.parametrize(
    ("make", "reasons"),
    [
        (saturated, {"saturated"}),
        (photograph, {"no background"}),
        (drawing, {"few levels", "saturated"}),
        (nothing_large, {"no head"}),
        (noise, {"no background", "unlike", "plane", "contrast"}),
        (lambda image: 255 - image, {"no background"}),
    ],
)
def test_rules_about_pixels(make: object, reasons: set[Reason], flair: Stack, assessor: Assessor) -> None:
    assert callable(make)
    image = make(flair[50])
    assert assess(scan_of(image[None]), assessor).reasons[0] in reasons
    assert set(assess(scan_of(np.stack([image] * 5)), assessor).reasons) <= reasons


def test_a_slice_that_breaks_a_rule_is_refused_in_a_volume_that_is_not(flair: Stack, assessor: Assessor) -> None:
    stack = flair[30:80:2].copy()
    stack[7] = saturated(stack[7])
    found = assess(scan_of(stack), assessor)
    assert [one for one in found.reasons if one] == [found.reasons[7]] == ["saturated"]
    assert re.fullmatch(r"\d+% of the object, must be 50% or less", found.measured[7])
    assert {one for place, one in enumerate(found.measured) if place != 7} == {""}


@pytest.mark.parametrize("make", [saturated, photograph, noise, drawing, lambda image: 255 - image, np.zeros_like])
def test_one_strange_slice_refuses_no_volume(make: object, flair: Stack, assessor: Assessor) -> None:
    assert callable(make)
    stack = flair[20:90:4].copy()
    stack[9] = make(stack[9])
    refused = assess(scan_of(stack), assessor).refused
    assert not np.delete(refused, 9).any()


def test_a_lone_slice_needs_more_against_it_than_a_volume(flair: Stack, assessor: Assessor) -> None:
    stack = flair[40:72:2]
    scores = np.array([assess_slice(one, assessor).score for one in stack])
    between = replace(assessor, limits=replace(assessor.limits, odds=float(scores.mean() + 0.1)))
    assert between.limits.odds > 0
    assert assess(scan_of(stack), between).reasons == (None,) * 16, "the limit of sixteen is a quarter of it"
    lowest = int(scores.argmin())
    assert assess(scan_of(stack[lowest : lowest + 1]), between).reasons[0] is not None


def test_neither_neck_nor_vertex_decides_about_a_volume(flair: Stack, assessor: Assessor) -> None:
    scores = assess(scan_of(flair[::3]), assessor).scores
    area = (flair[::3] > 20).sum(axis=(1, 2))
    assert np.isnan(scores[area < 0.3 * area.max()]).all()
    assert not np.isnan(scores[area > 0.7 * area.max()]).any()
    assert np.nanmax(np.abs(scores)) <= CERTAIN


def test_what_is_far_from_everything_fitted_is_refused(flair: Stack, assessor: Assessor) -> None:
    strict = replace(assessor, limits=replace(assessor.limits, distance=0.0))
    look = assess_slice(flair[50], strict)
    assert (look.rule, look.reason, look.score) == (False, "unlike", -CERTAIN)
    assert re.fullmatch(r"distance from axial sections [\d.]+, must be 0.00 or less", look.measured)


def test_a_missing_section_is_no_head(assessor: Assessor) -> None:
    assert broken_rule(None, assessor.limits) == ("no head", "")
    assert broken_rule(find_section(np.full((50, 50), 9, dtype=np.uint8)), assessor.limits) is not None


def test_every_reason_is_told_in_a_sentence() -> None:
    assert all(len(text) > 15 and not text.endswith(".") for text in REASONS.values())


def test_a_slice_whose_middle_row_is_constant_need_not_be_blank() -> None:
    pixels = np.zeros((2, 5, 6, 3), dtype=np.uint8)
    pixels[1, 0, 3, 1] = 1
    assert blank_slices(pixels).tolist() == [True, False]
    assert blank_slices(np.full((1, 3, 3, 1), np.nan, dtype=np.float32)).tolist() == [False]


@pytest.mark.parametrize(("count", "rank"), [(1, 1), (2, 1), (3, 2), (12, 2), (12, 12), (40, 5)])
def test_a_high_rank_is_what_sorting_gives(count: int, rank: int) -> None:
    stack = np.random.default_rng(count).integers(0, 256, (count, 7, 9)).astype(np.uint8)
    before = stack.copy()
    assert np.array_equal(high_rank(stack, rank), np.sort(stack, axis=0)[count - rank])
    assert np.array_equal(stack, before)
