from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from gliascope.detect.detector import Detector
from gliascope.engine.base import FEATURES, Tensors
from gliascope.engine.fake import FakeEngine
from gliascope.errors import InputError

BRIGHT = [1, 4, 5]


class Counting(FakeEngine):
    """Remembers what it was asked to run."""

    def __init__(self, wiring: Literal["shared", "separate"]) -> None:
        super().__init__(wiring)
        self.calls: list[tuple[str, int]] = []

    def run(
        self, role: str, inputs: Mapping[str, NDArray[np.float32]], outputs: Sequence[str] | None = None
    ) -> Tensors:
        self.calls.append((role, len(inputs["images"])))
        return super().run(role, inputs, outputs)


@pytest.fixture
def images() -> NDArray[np.float32]:
    values = np.zeros((7, 32, 32, 3), dtype=np.float32)
    values[BRIGHT, 10:20, 10:20, 1] = 4
    return values


@pytest.mark.parametrize("batch_size", [1, 3, 7, 20])
def test_batches_cover_every_slice_once(images: NDArray[np.float32], batch_size: int) -> None:
    engine = Counting("shared")
    batches = list(Detector(engine, "shared", 0.5, batch_size).detect(images, np.ones(7, dtype=np.bool_)))
    assert [one.start for one in batches] == list(range(0, 7, batch_size))
    assert all(size <= batch_size for _, size in engine.calls)
    assert {role for role, _ in engine.calls} == {"trunk"}
    positive = np.concatenate([one.positive for one in batches])
    assert np.flatnonzero(positive).tolist() == BRIGHT
    probability = np.concatenate([one.probability for one in batches])
    assert probability.shape == (7,)
    assert probability.dtype == np.float32
    for one in batches:
        assert set(one.features) == set(FEATURES)
        assert all(len(values) == np.count_nonzero(one.positive) for values in one.features.values())


def test_separate_networks_have_no_features(images: NDArray[np.float32]) -> None:
    engine = Counting("separate")
    (batch,) = Detector(engine, "separate", 0.5).detect(images, np.ones(7, dtype=np.bool_))
    assert engine.calls == [("classifier", 7)]
    assert batch.features == {}
    assert np.flatnonzero(batch.positive).tolist() == BRIGHT


def test_a_probability_that_equals_the_threshold_is_positive(images: NDArray[np.float32]) -> None:
    assessable = np.ones(7, dtype=np.bool_)
    (batch,) = Detector(FakeEngine(), "shared", 0.5).detect(images, assessable)
    (again,) = Detector(FakeEngine(), "shared", float(batch.probability[1])).detect(images, assessable)
    assert np.flatnonzero(again.positive).tolist() == BRIGHT


def test_a_slice_that_cannot_be_judged_is_never_positive(images: NDArray[np.float32]) -> None:
    assessable = np.ones(7, dtype=np.bool_)
    assessable[4] = False
    (batch,) = Detector(FakeEngine(), "shared", 0.0).detect(images, assessable)
    assert np.flatnonzero(~batch.positive).tolist() == [4]


def test_the_batch_size_must_be_one_or_more() -> None:
    with pytest.raises(InputError, match="batch_size must be at least 1, received 0"):
        Detector(FakeEngine(), "shared", 0.5, 0)


def test_features_are_run_only_where_the_segmenter_needs_them(images: NDArray[np.float32]) -> None:
    shared, separate = Counting("shared"), Counting("separate")
    batch = Detector(shared, "shared", 0.0).look(images, np.ones(len(images), dtype=np.bool_))
    again = Detector(shared, "shared", 0.0).features(images)
    assert again.keys() == batch.features.keys()
    assert all(np.array_equal(again[name], batch.features[name]) for name in again)
    assert Detector(separate, "separate", 0.0).features(images) == {}
    assert separate.calls == []
