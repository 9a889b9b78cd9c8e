from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from gliascope.detect.calibration import calibrate
from gliascope.evaluate.platt import fit_calibration, fit_line


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
