"""Cases with findings made by hand: heads of ellipses, a bright lesion, and what a run would say of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gliascope.findings import Finding, SliceFinding, Uncertainty, Verdict
from gliascope.geometry import Grid, turn_to
from gliascope.pipeline.record import record_of
from gliascope.pipeline.volumes import with_volume
from gliascope.present.report.key_slices import Shown
from gliascope.rules import OperatingPoint
from gliascope.scan import Case, Mask, Problem, Scan, Sequence, Source, Volume

SPACING = np.array([2.0, 2.0, 5.0])
PROVENANCE = {
    "gliascope": "9.9.9",
    "python": "3.11.0",
    "engine": {"name": "fake", "version": "1", "device": "cpu", "precision": "float32"},
    "bundle": {"name": "tiny", "created": "2026-01-02T03:04:05+00:00", "sha256": "ab" * 32},
    "assessor": {"sha256": "cd" * 32, "force": False},
}
MakeShown = Callable[..., Shown]


def head(slices: int, size: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """A head with a lesion right of its middle on the inner slices: (slice, row, column)."""
    k, i, j = np.meshgrid(np.arange(slices), np.linspace(-1, 1, size), np.linspace(-1, 1, size), indexing="ij")
    brain = (i / 0.9) ** 2 + (j / 0.7) ** 2 < 1
    inner = (k > 0) & (k < slices - 1) if slices > 2 else np.ones_like(brain)
    lesion = (((i + 0.2) / 0.3) ** 2 + ((j + 0.3) / 0.2) ** 2 < 1) & inner
    noise = np.random.default_rng(0).random(brain.shape)
    return (brain * (100 + 20 * noise) + lesion * 100).astype(np.float32), np.asarray(lesion)


@pytest.fixture
def make_shown() -> MakeShown:
    """Make a case with its finding and record."""

    def make(
        name: str = "anna",
        slices: int = 6,
        size: int = 40,
        verdict: Verdict = "tumour",
        *,
        geometry: bool = False,
        oriented: bool = True,
        truth: bool = False,
        sequences: tuple[Sequence, ...] = ("flair",),
        warnings: tuple[str, ...] = (),
        problems: tuple[Problem, ...] = (),
        review: bool = False,
        affine: NDArray[np.float64] | None = None,
        **changes: Any,
    ) -> Shown:
        values, lesion = head(slices, size)
        scan = _scan(name, values, sequences, geometry=geometry, oriented=oriented, affine=affine)
        masks = [Mask(np.roll(one, 2, axis=1)) if truth else None for one in lesion]
        case = Case(name, (scan,), tuple(masks), problems, warnings)
        finding = with_volume(_finding(case, lesion, verdict, review=review), case)
        finding = replace(finding, **changes)
        return Shown(finding, case, record_of(finding, case, figures=[False] * slices, sheet=True, mark="ef" * 32))

    return make


def _scan(
    name: str,
    values: NDArray[np.float32],
    sequences: tuple[Sequence, ...],
    *,
    geometry: bool,
    oriented: bool,
    affine: NDArray[np.float64] | None,
) -> Scan:
    slices, rows, columns = values.shape
    if affine is None:
        affine = np.diag([*SPACING, 1.0]) if geometry else np.eye(4)
        affine[:3, 3] = (-40, -40, -10) if geometry else 0
    path = Path(f"/data/{name}/{name}_flair.nii.gz" if geometry else f"/data/{name}/{name}.tif")
    grid = Grid((columns, rows, slices), affine)
    volume = Volume(path, grid, turn_to("LPS", affine), b"", is_oriented=oriented) if geometry else None
    sources = tuple(Source(path, page, slices, f"{page:064x}") for page in range(slices))
    pixels = np.stack([values * (1 + 0.1 * place) for place in range(len(sequences))], axis=-1).astype(np.float32)
    return Scan(pixels, sequences, sources, is_volume=slices > 1, affine=affine, has_geometry=geometry, volume=volume)


def _finding(case: Case, lesion: NDArray[np.bool_], verdict: Verdict, *, review: bool) -> Finding:
    said = []
    for source, mask in zip(case.sources, lesion, strict=True):
        if verdict == "not assessable":
            one = SliceFinding(source, float("nan"), verdict, mask & False, reason="plane", measured="chance 0.02")
        elif verdict == "tumour" and mask.any():
            one = SliceFinding(source, 0.97, "tumour", mask)
        else:
            one = SliceFinding(source, 0.04, "no tumour", mask & False)
        said.append(one)
    score = {"tumour": 0.97, "no tumour": 0.04, "not assessable": float("nan")}[verdict]
    return Finding(
        case.name,
        verdict,
        score,
        OperatingPoint("balanced", 0.4, 0.5, "spanning", run=2, holes="filled"),
        tuple(said),
        case.warnings,
        case.problems,
        PROVENANCE,
        reason="plane" if verdict == "not assessable" else None,
        case_score=score,
        uncertainty=Uncertainty(0.5, 0.9, 1.2, 0.9, needs_review=True) if review else None,
    )
