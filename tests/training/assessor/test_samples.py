from __future__ import annotations

import numpy as np
import pytest

from gliascope.detect.assessor import CLASSES
from gliascope.phantom import make_phantom
from gliascope.scan import Scan
from gliascope.training.assessor.brain import brain_sections, depths, head_sections, phantom_brains
from gliascope.training.assessor.contrasts import ct_like, inverted, t2_like
from gliascope.training.assessor.disturb import disturb
from gliascope.training.assessor.objects import body, ct_body, scene, texture, window
from gliascope.training.assessor.planes import cut_plane, places
from gliascope.training.assessor.samples import OWN, Head, samples_of, take_apart


@pytest.fixture(scope="module")
def scan() -> Scan:
    return make_phantom(2, slices=16, size=128, healthy=True).scan


@pytest.fixture(scope="module")
def head(scan: Scan) -> Head:
    taken = take_apart(scan)
    assert taken is not None
    return taken


def test_the_brain_lies_inside_the_head(head: Head) -> None:
    assert head.heads.any(axis=(1, 2)).all()
    bare = head.bare
    assert len(bare) >= 6
    for place in bare:
        brain, whole = head.brains[place], head.heads[place]
        assert not (brain & (1 - whole)).any()
        assert 0.3 < brain.sum() / whole.sum() < 0.95


def test_blank_volumes_have_neither(scan: Scan) -> None:
    blank = np.zeros((4, 40, 40), dtype=np.uint8)
    assert not head_sections(blank).any()
    assert not brain_sections(blank, head_sections(blank)).any()


def test_copies_of_flair_are_no_t1(scan: Scan) -> None:
    pixels = scan.pixels.copy()
    pixels[..., 0] = pixels[..., 1]
    taken = take_apart(Scan(pixels, scan.sequences, scan.sources, is_volume=True))
    assert taken is not None
    assert set(taken.t1) == {"post"}


def test_what_has_no_8_bit_flair_is_left_out(scan: Scan) -> None:
    assert take_apart(Scan(scan.pixels.astype(np.float32), scan.sequences, scan.sources, is_volume=True)) is None
    t1 = Scan(np.ascontiguousarray(scan.pixels[..., :1]), ("pre",), scan.sources, is_volume=True)
    assert take_apart(t1) is None


def test_every_class_has_examples_and_own_slices_are_untouched(head: Head) -> None:
    samples = list(samples_of(head, np.random.default_rng(0)))
    assert {one.label for one in samples} == set(range(len(CLASSES)))
    own = [one for one in samples if one.kind == OWN]
    assert [one.place for one in own] == head.slices.tolist()
    assert all(np.array_equal(one.image, head.flair[one.place]) for one in own)
    assert all(one.image.dtype == np.uint8 and one.image.ndim == 2 and one.image.size for one in samples)
    kinds = {one.kind: one.label for one in samples}
    for kind, label in {"sagittal": 1, "coronal, disturbed": 1, "T1 pre": 2, "like T2": 2, "body": 3}.items():
        assert kinds[kind] == label


def test_the_same_seed_gives_the_same_examples(head: Head) -> None:
    first, second = (list(samples_of(head, np.random.default_rng(5))) for _ in range(2))
    assert all(np.array_equal(one.image, other.image) for one, other in zip(first, second, strict=True))


def test_planes_are_stretched_and_have_the_vertex_on_top(head: Head) -> None:
    rng = np.random.default_rng(0)
    column = int(places(head.heads, "sagittal").mean())
    section = cut_plane(head.flair, "sagittal", column, 3.0, rng)
    assert section.shape[1] == 128
    assert section.shape[0] in (16 * 3, 128)
    filled = section[section.any(axis=1)]
    marked = head.flair.copy()
    marked[-1] = 255
    top = cut_plane(marked, "coronal", 64, 3.0, rng)
    bright = np.flatnonzero((top == 255).all(axis=1))
    assert len(filled)
    assert bright.mean() < top.shape[0] / 2


def test_contrasts_change_the_brain_and_leave_the_air_dark(head: Head) -> None:
    rng = np.random.default_rng(0)
    place = int(head.bare[len(head.bare) // 2])
    t1, brain, whole = head.t1["pre"][place], head.brains[place], head.heads[place]
    t2 = t2_like(t1, whole, brain, rng)
    assert np.corrcoef(t2[brain > 0], t1[brain > 0])[0, 1] < -0.8
    ct = ct_like(t1, whole, brain, rng)
    ring = (whole > 0) & (brain == 0)
    assert np.percentile(ct[ring], 90) > 180
    assert ct[brain > 0].std() < ct[ring].std()
    for image in (t2, ct):
        assert image[whole == 0].mean() < 10
    turned = [inverted(head.flair[place], whole, np.random.default_rng(one)) for one in range(6)]
    assert {bool(one[0, 0] > 200) for one in turned} == {True, False}, "with the air, and without it"


def test_made_up_pictures_differ_and_are_no_blank(head: Head) -> None:
    rng = np.random.default_rng(0)
    for make in (body, ct_body, scene, texture):
        first, second = make(rng), make(rng)
        assert not np.array_equal(first, second)
        assert first.std() > 5
    cut = window(head.flair[8], head.heads[8], rng)
    assert cut is not None
    assert cut.size < head.flair[8].size / 4
    assert window(head.flair[8], np.zeros_like(head.heads[8]), rng) is None


def test_disturbed_pictures_stay_pictures(head: Head) -> None:
    for seed in range(30):
        image = disturb(head.flair[8], np.random.default_rng(seed))
        assert image.dtype == np.uint8
        assert min(image.shape) >= 8
        assert (image == 255).mean() < 0.3


def test_depths_are_distances_to_the_edge() -> None:
    mask = np.zeros((2, 20, 20), dtype=np.uint8)
    mask[0, 5:15, 5:15] = 1
    found = depths(mask)
    assert np.array_equal(found > 0, mask > 0)
    assert found[0, 10, 10] == pytest.approx(4.5, abs=0.3)
    assert (found[1] <= -20).all(), "far outside of nothing"


def test_a_phantom_knows_its_brain() -> None:
    phantom = make_phantom(2, slices=16, size=128, healthy=True)
    brains = phantom_brains(2, 16, 128)
    heads = head_sections(np.ascontiguousarray(phantom.scan.pixels[..., 1]))
    assert brains[:-1].any(axis=(1, 2)).all()
    assert (brains & heads).sum() > 0.98 * brains.sum()
    assert 0.4 < brains.sum() / heads.sum() < 0.9


def test_planes_without_a_skull_are_cut_smoothly(head: Head) -> None:
    rng = np.random.default_rng(0)
    row = int(places(head.brains, "coronal").mean())
    whole = np.full_like(head.flair, 200)
    section = cut_plane(whole, "coronal", row, 6.0, rng, depth=depths(head.brains))
    width = (section > 0).sum(axis=1)
    inside = width[width > 0]
    assert np.abs(np.diff(inside)).max() <= 4, "no steps from slice to slice, though each is six rows high"
    assert set(np.unique(section)) == {0, 200}
