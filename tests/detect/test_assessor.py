from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gliascope.detect.assessor import (
    ARRAYS,
    CLASSES,
    RECORD,
    Limits,
    Weights,
    evaluate,
    load_assessor,
    log_odds,
    save_assessor,
)
from gliascope.errors import BundleError

LIMITS = Limits(odds=-2.0, distance=3.0, border_share=0.5)


def small_weights() -> Weights:
    """Numbers that answer with themselves: the first layer keeps positive numbers, the second is the identity."""
    eye = np.eye(4, dtype=np.float32)
    zero = np.zeros(4, dtype=np.float32)
    return Weights(
        mean=zero,
        scale=zero + 1,
        hidden=eye[None],
        hidden_bias=zero[None],
        output=eye[None],
        output_bias=zero[None],
        centre=zero,
        axes=eye[:, :1],
        spread=np.array([0.5], dtype=np.float32),
    )


def test_numbers_go_through_the_layers() -> None:
    logits, distance = evaluate(small_weights(), np.array([[1, 2, -3, 0.5], [0, 0, 0, 9]], dtype=np.float32))
    assert logits[0].tolist() == [1, 2, 0, 0.5]
    assert logits[1].tolist() == [0, 0, 0, 5], "cut at the farthest deviation"
    left_over = math.sqrt(2**2 + 3**2 + 0.5**2)
    assert distance[0] == pytest.approx(left_over / 0.5, rel=1e-5)


@given(st.lists(st.floats(-30, 30), min_size=4, max_size=4))
def test_log_odds_are_those_of_the_softmax(values: list[float]) -> None:
    logits = np.array([values], dtype=np.float32)
    shares = np.exp(logits[0].astype(np.float64))
    expected = math.log(shares[0] / shares[1:].sum())
    assert float(log_odds(logits)[0]) == pytest.approx(expected, rel=1e-4, abs=1e-4)


def test_what_is_saved_is_read_back(tmp_path: Path) -> None:
    saved = save_assessor(tmp_path / "new", small_weights(), LIMITS, {"created": "2026-01-01", "fitted_on": {}})
    read = load_assessor(tmp_path / "new")
    assert read.limits == LIMITS
    assert read.sha256 == saved.sha256
    assert read.record["created"] == "2026-01-01"
    likeness = read.compare(np.array([0, 0, 3, 1], dtype=np.float32))
    assert likeness.other == CLASSES[2]
    assert likeness.odds < 0


def test_the_same_values_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save_assessor(tmp_path / name, small_weights(), LIMITS, {})
    assert (tmp_path / "a" / ARRAYS).read_bytes() == (tmp_path / "b" / ARRAYS).read_bytes()


def test_what_is_missing_altered_or_of_another_version_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"must be a folder with assessor\.json"):
        load_assessor(tmp_path)
    save_assessor(tmp_path, small_weights(), LIMITS, {})
    record = json.loads((tmp_path / RECORD).read_text())
    (tmp_path / RECORD).write_text(json.dumps(record | {"descriptor": "section/0"}))
    with pytest.raises(BundleError, match="descriptor must be 'section/1', received 'section/0'"):
        load_assessor(tmp_path)
    (tmp_path / RECORD).write_text(json.dumps({key: record[key] for key in record if key != "limits"}))
    with pytest.raises(BundleError, match="must be complete"):
        load_assessor(tmp_path)
    (tmp_path / RECORD).write_text(json.dumps(record))
    with (tmp_path / ARRAYS).open("ab") as stream:
        stream.write(b"more")
    with pytest.raises(BundleError, match="arrays_sha256 must be"):
        load_assessor(tmp_path)


def test_the_embedded_one_says_what_it_was_fitted_on_and_what_was_measured() -> None:
    record = load_assessor().record
    assert record["fitted_on"]["patients"] >= 60
    own = record["measured"]["kinds"]["own"]
    assert own["class"] == "axial"
    assert own["refused"] < 0.01
    assert own["volumes_refused"] == 0
    for plane in ("sagittal", "coronal"):
        assert record["measured"]["kinds"][plane]["refused"] >= 0.95


def test_the_kept_figures_are_those_of_the_embedded_one() -> None:
    kept = json.loads((Path(__file__).parents[2] / "docs" / "evidence" / "assessor.json").read_text())
    assert kept["assessor"] == load_assessor().sha256
    wrong = [one["what"] for one in kept["rows"] if one["judged"] is one["refused"]]
    assert wrong == [], "whole volumes and images are refused exactly where they are to be"
