from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

from gliascope.engine.fake import FakeEngine
from gliascope.prepare import InverseMap
from gliascope.segment.segmenter import Segmenter


@pytest.mark.parametrize("wiring", ["shared", "separate"])
def test_the_outline_comes_back_in_the_scan_s_rows_and_columns(wiring: Literal["shared", "separate"]) -> None:
    images = np.zeros((2, 32, 32, 3), dtype=np.float32)
    images[0, 4:8, 10:20, 1] = 5
    engine = FakeEngine(wiring)
    features = engine.run("trunk", {"images": images}) if wiring == "shared" else {}
    features.pop("probability", None)
    inverse = InverseMap(shape=(40, 50), top=3, left=6, box=(32, 32), size=(32, 32))
    found = Segmenter(engine, wiring, 0.5).segment(images, features, inverse)
    expected = np.zeros((2, 40, 50), dtype=np.bool_)
    expected[0, 7:11, 16:26] = True
    assert np.array_equal(found.mask, expected)
    assert found.probability is not None
    assert found.probability.shape == (2, 40, 50)
    assert found.probability[0, 0, 0] == 0


def test_a_probability_never_leaves_0_to_1(monkeypatch: pytest.MonkeyPatch) -> None:
    inverse = InverseMap(shape=(32, 32), top=0, left=0, box=(32, 32), size=(32, 32))
    beyond = np.full((1, 32, 32, 1), np.nextafter(np.float32(1), np.float32(2)))
    engine = FakeEngine("separate")
    monkeypatch.setattr(engine, "run", lambda *_: {"mask": beyond})
    found = Segmenter(engine, "separate", 0.5).segment(np.zeros((1, 32, 32, 3), np.float32), {}, inverse)
    assert found.probability is not None
    assert found.probability.max() == 1


def test_the_threshold_is_reached_by_equality() -> None:
    images = np.full((1, 32, 32, 3), 2.0, dtype=np.float32)
    inverse = InverseMap(shape=(32, 32), top=0, left=0, box=(32, 32), size=(32, 32))
    assert Segmenter(FakeEngine("separate"), "separate", 0.5).segment(images, {}, inverse).mask.all()
