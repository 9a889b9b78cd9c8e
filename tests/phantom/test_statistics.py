"""Contrast, noise and sizes of phantoms against those of real scans.

Bounds: the median over a few phantoms lies between the 10th and the 90th percentile of the data set's patients in every
quantity that is measured, and within a quarter of their median in those that a network depends on most.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from gliascope.errors import InputError
from gliascope.phantom import Phantom
from gliascope.phantom.statistics import Range, as_toml, measure, measure_folder, measured, summarise
from gliascope.read import case_from_array

CLOSE = ("head.height", "head.width", "lesion.largest", "flair.brain", "flair.lesion", "flair.noise", "flair.air")
CLOSE_TOO = ("pre.brain", "pre.lesion", "pre.noise", "post.brain", "post.lesion", "post.noise")
CHANNEL = {"p5", "p25", "p50", "p75", "p95", "p99", "brain", "dark", "spread", "noise", "detail", "air", "lesion"}


@pytest.fixture(scope="module")
def drawn(phantoms: list[Phantom]) -> dict[str, Range]:
    return summarise([measure(one.scan, one.truth) for one in phantoms])


def test_phantoms_lie_among_real_patients_in_every_quantity(drawn: dict[str, Range]) -> None:
    real = measured()
    assert set(drawn) == set(real)
    outside = {name: (drawn[name].median, real[name]) for name in real if not _within(drawn[name].median, real[name])}
    assert outside == {}


@pytest.mark.parametrize("name", [*CLOSE, *CLOSE_TOO])
def test_phantoms_are_close_to_the_typical_patient(drawn: dict[str, Range], name: str) -> None:
    assert drawn[name].median == pytest.approx(measured()[name].median, rel=0.25)


@pytest.mark.realdata
def test_the_committed_table_holds_for_real_patients_measured_now(lgg_root: Path, drawn: dict[str, Range]) -> None:
    now = summarise(list(measure_folder([str(lgg_root)])))
    assert set(now) == set(measured())
    for name in (*CLOSE, *CLOSE_TOO):
        low, _, high = measured()[name]
        assert low * 0.8 <= now[name].median <= high * 1.25, name
        assert 0.5 <= drawn[name].median / now[name].median <= 2, name


def test_measuring_finds_what_was_put_in() -> None:
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[0:256, 0:256]
    head = np.hypot((rows - 128) / 100, (columns - 128) / 80) < 1
    truth = np.zeros((4, 256, 256), dtype=np.bool_)
    truth[1:3, 110:140, 100:120] = True
    values = np.where(head, 100 + rng.normal(0, 4, (4, 256, 256)), 1)[..., None] * np.ones(3)
    values[truth] *= (0.8, 1.5, 0.9)
    scan = case_from_array(np.rint(values).astype(np.uint8)).scans[0]
    found = measure(scan, truth)
    assert found["head.height"] == pytest.approx(200 / 256, abs=0.02)
    assert found["head.width"] == pytest.approx(160 / 256, abs=0.02)
    assert found["lesion.largest"] == pytest.approx(600 / 256**2)
    assert found["flair.brain"] == pytest.approx(100, abs=1)
    assert found["flair.air"] == pytest.approx(0.01, rel=0.02)
    assert found["pre.lesion"] == pytest.approx(0.8, abs=0.02)
    assert found["flair.lesion"] == pytest.approx(1.5, abs=0.02)
    assert 0.025 < found["flair.noise"] < found["flair.detail"] < 0.045
    assert {name.partition(".")[2] for name in found if name.startswith("post.")} == CHANNEL | {"mottling"}


def test_a_copy_of_flair_is_not_measured() -> None:
    rng = np.random.default_rng(1)
    values = np.zeros((2, 128, 128, 3), dtype=np.uint8)
    values[:, 10:118, 10:118] = rng.integers(80, 120, (2, 108, 108, 3))
    values[..., 2] = values[..., 1]
    truth = np.zeros((2, 128, 128), dtype=np.bool_)
    truth[:, 60:70, 60:70] = True
    found = measure(case_from_array(values).scans[0], truth)
    assert not any(name.startswith("post.") for name in found)
    assert "pre.brain" in found


def test_only_a_lesion_in_flair_can_be_measured() -> None:
    case = case_from_array(np.full((1, 64, 64, 1), 9, dtype=np.uint8), channels=("pre",))
    with pytest.raises(InputError, match="only a scan with FLAIR and a lesion"):
        measure(case.scans[0], np.ones((1, 64, 64), dtype=np.bool_))


def test_a_summary_survives_toml(phantoms: list[Phantom]) -> None:
    several = [measure(one.scan, one.truth) for one in phantoms[:3]]
    text = as_toml(several)
    table = tomllib.loads(text)
    assert "3 patients" in text
    assert table["flair"]["lesion"] == pytest.approx(summarise(several)["flair.lesion"], abs=1e-4)


def _within(value: float, real: Range) -> bool:
    return real.low <= value <= real.high
