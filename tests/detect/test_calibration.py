from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from gliascope.detect.calibration import EDGE, calibrate, neighbour_logits
from gliascope.detect.detector import Detector
from gliascope.engine.fake import FakeEngine
from gliascope.rules import Calibration, VolumeLine

HALF = Calibration(0.5, 0.0, "validation", 2, 20, 8)


def test_half_the_logit_by_hand() -> None:
    given_, hoped = np.array([0.1, 0.5, 0.9], np.float32), [0.25, 0.5, 0.75]  # odds 1/9, 1, 9 -> 1/3, 1, 3
    assert calibrate(given_, HALF) == pytest.approx(hoped, abs=1e-6)
    shifted = calibrate(np.array([0.5], np.float32), Calibration(1.0, np.log(3), "validation", 2, 20, 8))
    assert shifted == pytest.approx([0.75], abs=1e-6)


def test_without_calibration_nothing_changes() -> None:
    values = np.array([0.0, 0.3, 1.0, np.nan], np.float32)
    assert calibrate(values, None) is values


def test_the_ends_and_what_is_no_number_stay() -> None:
    out = calibrate(np.array([0.0, 1.0, np.nan], np.float32), HALF)
    assert out.dtype == np.float32
    assert out[:2].tolist() == [0.0, 1.0]
    assert np.isnan(out[2])


@given(
    st.lists(st.floats(0, 1, width=32), min_size=2, max_size=40),
    st.floats(0.05, 20),
    st.floats(-10, 10),
)
def test_the_order_of_slices_is_kept(values: list[float], slope: float, intercept: float) -> None:
    raw = np.array(values, np.float32)
    out = calibrate(raw, Calibration(slope, intercept, "validation", 1, 1, 1))
    assert ((out >= 0) & (out <= 1)).all()
    assert (np.diff(out[np.argsort(raw, kind="stable")]) >= 0).all()


@given(st.integers(0, 1000), st.floats(0.3, 1.5), st.floats(-2, 2))
def test_the_area_under_the_roc_curve_is_kept(seed: int, slope: float, intercept: float) -> None:
    rng = np.random.default_rng(seed)
    labels = np.arange(60) % 3 == 0
    raw = np.round(rng.uniform(0.01, 0.99, 60), 2).astype(np.float32)
    out = calibrate(raw, Calibration(slope, intercept, "validation", 1, 1, 1))
    assert roc_auc_score(labels, out) == pytest.approx(roc_auc_score(labels, raw), abs=1e-12)


def test_the_detector_s_threshold_is_on_the_calibrated_scale() -> None:
    images = np.zeros((3, 32, 32, 3), dtype=np.float32)
    images[1, 10:13, 10:13, 1] = 4
    assessable = np.ones(3, dtype=np.bool_)
    (plain,) = Detector(FakeEngine(), "shared", 0.5).detect(images, assessable)
    (batch,) = Detector(FakeEngine(), "shared", 0.5, calibration=HALF).detect(images, assessable)
    assert plain.raw is plain.probability
    assert np.array_equal(batch.raw, plain.probability)
    assert np.array_equal(batch.probability, calibrate(plain.probability, HALF))
    limit = float(batch.probability[1])
    (there,) = Detector(FakeEngine(), "shared", limit, calibration=HALF).detect(images, assessable)
    assert there.positive.tolist() == [False, True, False]


def test_neighbours_speak_along_by_hand() -> None:
    both = replace(HALF, volume=VolumeLine(0.5, 0.25, 0.1))
    raw = expit(np.array([-2.0, 4.0, 0.0, 2.0])).astype(np.float32)  # the ends stand in for neighbours of theirs
    beside = neighbour_logits(raw)
    assert beside == pytest.approx([(-2 + 4) / 2, (-2 + 0) / 2, (4 + 2) / 2, (0 + 2) / 2], abs=1e-5)
    hoped = expit(0.5 * np.array([-2.0, 4.0, 0.0, 2.0]) + 0.25 * beside + 0.1)
    assert calibrate(raw, both, beside) == pytest.approx(hoped, abs=1e-6)
    assert np.array_equal(calibrate(raw, both), calibrate(raw, HALF))
    assert np.array_equal(calibrate(raw, HALF, beside), calibrate(raw, HALF))
    beside[1] = np.nan  # a slice that stands alone
    mixed = calibrate(raw, both, beside)
    assert mixed[1] == calibrate(raw, HALF)[1]
    assert mixed[2] == pytest.approx(hoped[2], abs=1e-6)


def test_neighbours_may_be_further_away() -> None:
    assert neighbour_logits(expit(np.arange(5.0)), step=2) == pytest.approx(
        [(0 + 2) / 2, (0 + 3) / 2, (0 + 4) / 2, (1 + 4) / 2, (2 + 4) / 2]
    )
    assert neighbour_logits(expit(np.arange(2.0)), step=3) == pytest.approx([0.5, 0.5])
    assert np.isnan(neighbour_logits(np.array([0.5]))).all()


def test_a_slice_stands_in_for_a_neighbour_without_a_probability() -> None:
    beside = neighbour_logits(np.array([0.5, np.nan, expit(2.0), 0.0]))
    assert beside[0] == pytest.approx(0)
    assert beside[2] == pytest.approx((2 + np.log(EDGE)) / 2, abs=1e-3)
