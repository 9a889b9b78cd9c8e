"""The embedded assessor on real images: what has to be judged, and what must not be."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gliascope.detect.assessable import assess
from gliascope.detect.assessor import Assessor, load_assessor
from gliascope.read import find_cases, read_case
from gliascope.scan import Scan, Source
from gliascope.training.assessor.brain import head_sections
from gliascope.training.assessor.planes import Plane, cut_plane, places

pytestmark = pytest.mark.realdata

Stack = NDArray[np.uint8 | np.float32]
SCRIPT = Path(__file__).parents[2] / "docs" / "measure_assessor.py"


@pytest.fixture(scope="module")
def assessor() -> Assessor:
    return load_assessor()


def scan_of(stack: Stack) -> Scan:
    sources = tuple(Source(None, one, len(stack), f"{one:064x}") for one in range(len(stack)))
    return Scan(np.ascontiguousarray(stack)[..., None], ("flair",), sources, is_volume=len(stack) > 1)


def refused_alone(stack: Stack, assessor: Assessor) -> float:
    """Share of slices that are refused when each is given by itself."""
    return float(np.mean([assess(scan_of(stack[one : one + 1]), assessor).refused[0] for one in range(len(stack))]))


def flair_of(root: Path) -> list[NDArray[np.uint8]]:
    scans = [read_case(one).scans[0] for one in find_cases([root])[:3]]
    return [np.ascontiguousarray(one.pixels[..., one.sequences.index("flair")]) for one in scans]


def test_patients_are_judged_as_volumes_and_slice_by_slice(lgg_root: Path, assessor: Assessor) -> None:
    for stack in flair_of(lgg_root):
        assert not assess(scan_of(stack), assessor).refused.any()
        area = head_sections(stack).sum(axis=(1, 2))
        assert refused_alone(stack[area > 0.4 * area.max()], assessor) <= 0.05


@pytest.mark.parametrize("plane", ["sagittal", "coronal"])
def test_other_planes_of_patients_are_refused(plane: Plane, lgg_root: Path, assessor: Assessor) -> None:
    rng = np.random.default_rng(0)
    alone = []
    for stack in flair_of(lgg_root):
        inside = places(head_sections(stack), plane)[::12]
        cuts = [cut_plane(stack, plane, int(one), thickness, rng) for one in inside for thickness in (3.0, 6.0)]
        alone += [assess(scan_of(one[None]), assessor).refused[0] for one in cuts]
        sizes = {one.shape for one in cuts}
        for size in sizes:
            mine = [one for one in cuts if one.shape == size]
            if len(mine) > 2:
                assert assess(scan_of(np.stack(mine)), assessor).refused.all()
    assert np.mean(alone) >= 0.9


@pytest.fixture(scope="module")
def measured(external_root: Path, assessor: Assessor) -> list[Any]:
    """What docs/measure_assessor.py finds: the figures in the documentation."""
    spec = importlib.util.spec_from_file_location("measure_assessor", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = script
    spec.loader.exec_module(script)
    return list(script.measure(external_root, assessor))


def test_volumes_and_images_from_elsewhere_are_refused_where_they_are_to_be(measured: list[Any]) -> None:
    assert len([one for one in measured if one.what.endswith(".png")]) >= 6
    assert [one.what for one in measured if one.judged is one.refused] == []


def test_slices_from_elsewhere(measured: list[Any]) -> None:
    """By itself a slice without a skull shows little of its plane; see the page's limits."""
    for one in measured:
        share, bare = one.refused_alone / one.slices, "without skull" in one.what
        if one.judged:
            assert share <= (0.25 if bare else 0.05), one.what
        elif one.what.endswith(("sagittal", "coronal")):
            assert share >= (0.7 if bare else 0.95), one.what


def test_the_documentation_has_these_figures(measured: list[Any]) -> None:
    kept = json.loads((SCRIPT.parent / "evidence" / "assessor.json").read_text(encoding="utf-8"))
    assert [one.what for one in measured] == [one["what"] for one in kept["rows"]]
    for one, other in zip(measured, kept["rows"], strict=True):
        assert one.refused_alone == pytest.approx(other["refused_alone"], abs=1), one.what
