from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from gliascope.detect.calibration import calibrate, neighbour_logits
from gliascope.evaluate.platt import fit_calibration, fit_line, fit_volume_line


def drawn(seed: int, count: int = 400, slope: float = 0.6, intercept: float = -0.4) -> tuple[np.ndarray, np.ndarray]:
    """Labels that follow the true line, and probabilities that are too sure of themselves."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 4, count)
    return rng.random(count) < expit(slope * logits + intercept), expit(logits).astype(np.float32)


def test_two_kinds_of_slices_by_hand() -> None:
    # Of 4 slices at 0.2 one shows a tumour, of 4 at 0.8 three do. Platt's targets are 5/6 and 1/6, so that the mean
    # target is 1/3 at 0.2 and 2/3 at 0.8: the line through both logits has slope ln 2 / ln 4 = 0.5 and no intercept.
    probabilities = np.array([0.2] * 4 + [0.8] * 4)
    labels = np.array([True, False, False, False, True, True, True, False])
    made = fit_calibration(labels, probabilities, patients=2, fitted_on="validation")
    assert made is not None
    assert (made.slope, made.intercept) == pytest.approx((0.5, 0), abs=1e-6)
    assert (made.fitted_on, made.patients, made.slices, made.tumour_slices) == ("validation", 2, 8, 4)


def test_the_line_is_that_of_scikit_learn() -> None:
    labels, probabilities = drawn(3)
    theirs = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(probabilities.astype(np.float64))[:, None], labels)
    slope, intercept = fit_line(logit(probabilities.astype(np.float64)), labels.astype(np.float64))
    assert slope == pytest.approx(float(theirs.coef_[0, 0]), abs=1e-4)
    assert intercept == pytest.approx(float(theirs.intercept_[0]), abs=1e-4)


def test_what_was_too_sure_becomes_right() -> None:
    made = fit_calibration(*drawn(0, 4000), patients=10, fitted_on="validation")
    assert made is not None
    assert made.slope == pytest.approx(0.6, abs=0.05)
    labels, raw = drawn(1, 4000)
    after = calibrate(raw, made)
    assert np.mean((after - labels) ** 2) < np.mean((raw - labels) ** 2)


@given(st.integers(0, 10_000))
def test_the_mean_over_the_fitted_slices_is_right(seed: int) -> None:
    labels, raw = drawn(seed, 60)
    made = fit_calibration(labels, raw, patients=1, fitted_on="validation")
    if made is not None:  # the derivative by the intercept is 0: the mean is that of the targets
        tumour, empty = labels.sum(), (~labels).sum()
        targets = np.where(labels, (tumour + 1) / (tumour + 2), 1 / (empty + 2))
        assert calibrate(raw, made).mean() == pytest.approx(targets.mean(), abs=1e-4)


def test_slices_that_are_told_apart_without_error_have_a_finite_slope() -> None:
    labels = np.arange(30) % 3 == 0
    made = fit_calibration(labels, np.where(labels, 1.0, 0.0), patients=3, fitted_on="validation")
    assert made is not None
    assert 0 < made.slope < 1
    assert calibrate(np.array([0.5], np.float32), made)[0] == pytest.approx(0.5, abs=0.2)


def test_what_cannot_be_calibrated_is_not(caplog: pytest.LogCaptureFixture) -> None:
    labels, raw = drawn(0)
    assert fit_calibration(np.ones(400, dtype=np.bool_), raw, patients=1, fitted_on="validation") is None
    assert fit_calibration(labels, 1 - raw, patients=1, fitted_on="validation") is None
    assert "not calibrated: higher probabilities must go with tumour" in caplog.text


def chains(seed: int, volumes: int, length: int = 30) -> tuple[np.ndarray, np.ndarray]:
    """Volumes whose tumour slices lie together, and probabilities that err slice by slice."""
    rng = np.random.default_rng(seed)
    places = np.arange(length)
    starts, stops = rng.integers(0, length // 2, volumes), rng.integers(length // 2, length, volumes)
    labels = np.concatenate([(places >= a) & (places < b) for a, b in zip(starts, stops, strict=True)])
    return labels, expit(np.where(labels, 1.5, -1.5) + rng.normal(0, 2, len(labels))).astype(np.float32)


def beside(raw: np.ndarray, volumes: int) -> np.ndarray:
    return np.concatenate([neighbour_logits(one) for one in np.split(raw, volumes)])


def test_neighbours_help_where_tumour_slices_lie_together() -> None:
    labels, raw = chains(0, 20)
    made = fit_calibration(labels, raw, patients=20, fitted_on="validation", beside=beside(raw, 20))
    assert made is not None
    assert made.volume is not None
    assert made.volume.beside > 0.3
    labels, raw = chains(1, 20)
    alone, together = calibrate(raw, made), calibrate(raw, made, beside(raw, 20))
    assert np.mean((together - labels) ** 2) < 0.9 * np.mean((alone - labels) ** 2)


def test_neighbours_that_tell_nothing_are_not_asked() -> None:
    asked = []
    for seed in range(20):
        labels, raw = drawn(seed)
        asked.append(fit_calibration(labels, raw, patients=4, fitted_on="x", beside=beside(raw, 4)))
    assert sum(one is not None and one.volume is not None for one in asked) <= 2


def test_the_line_of_volumes_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    terms = rng.normal(0, 2, (500, 2))
    labels = rng.random(500) < expit(terms @ [0.7, 0.4] - 0.3)
    theirs = LogisticRegression(C=np.inf, tol=1e-10).fit(terms, labels)
    ours = fit_volume_line(terms[:, 0], terms[:, 1], labels.astype(np.float64))
    assert (ours.slope, ours.beside) == pytest.approx(tuple(theirs.coef_[0]), abs=1e-4)
    assert ours.intercept == pytest.approx(float(theirs.intercept_[0]), abs=1e-4)


def test_slices_that_stand_alone_have_no_part_in_the_line_of_volumes() -> None:
    labels, raw = chains(3, 8)
    heard = beside(raw, 8)
    whole = fit_calibration(labels[:180], raw[:180], patients=6, fitted_on="x", beside=heard[:180])
    heard[180:] = np.nan
    mixed = fit_calibration(labels, raw, patients=8, fitted_on="x", beside=heard)
    assert whole is not None
    assert mixed is not None
    assert mixed.volume is not None
    assert whole.volume is not None
    assert mixed.volume.beside == pytest.approx(whole.volume.beside, abs=0.1)  # targets differ a little
    assert mixed.slope != whole.slope
    nobody = fit_calibration(labels, raw, patients=8, fitted_on="x", beside=np.full(len(raw), np.nan))
    assert nobody is not None
    assert nobody.volume is None


def test_slices_without_a_probability_are_left_out() -> None:
    labels, raw = chains(4, 4)
    raw[[0, 40]] = np.nan
    made = fit_calibration(labels, raw, patients=4, fitted_on="x", beside=beside(raw, 4))
    assert made is not None
    assert made.slices == 118
    assert np.isfinite([made.slope, made.intercept]).all()
