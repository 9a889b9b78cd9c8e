"""When exported graphs are taken to compute what their networks do."""

from __future__ import annotations

import pytest

pytest.importorskip("keras")

from typing import Any

import numpy as np

from gliascope.bundle import load_bundle
from gliascope.engine import onnx
from gliascope.errors import ParityError
from gliascope.training import parity
from gliascope.training.parity import PARITY_DICE, PARITY_PROBABILITY, Parity, measure_parity

pytestmark = pytest.mark.train

NAN = float("nan")


@pytest.mark.parametrize(
    ("probability", "dice", "message"),
    [(3e-3, 1.0, "must agree"), (0.0, 0.99, "must agree"), (0.0, NAN, "outlines nothing yet")],
)
def test_an_export_needs_agreement_and_masks(probability: float, dice: float, message: str) -> None:
    with pytest.raises(ParityError, match=message):
        Parity(200, probability, dice).check()
    Parity(200, PARITY_PROBABILITY, PARITY_DICE).check()


@pytest.mark.parametrize(
    ("probability", "dice", "agrees"),
    [(3e-3, 1.0, False), (0.0, 0.99, False), (0.0, NAN, True), (3e-3, NAN, False), (PARITY_PROBABILITY, 1.0, True)],
)
def test_engines_that_both_outline_nothing_agree(probability: float, dice: float, agrees: bool) -> None:
    assert Parity(200, probability, dice).agrees == agrees


def test_the_float_graphs_are_compared_where_others_would_run(monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = load_bundle()
    monkeypatch.setattr(onnx, "processor_features", lambda: frozenset({"avx512_vnni"}))
    assert onnx.OnnxEngine(bundle, "cpu").describe()["precision"] == "int8"
    opened: list[onnx.OnnxEngine] = []

    def remember(*arguments: Any, **options: Any) -> onnx.OnnxEngine:
        engine = onnx.OnnxEngine(*arguments, **options)
        opened.append(engine)
        return engine

    monkeypatch.setattr(parity, "OnnxEngine", remember)
    point = bundle.operating_points["balanced"]
    nothing: Any = None
    assert measure_parity(nothing, bundle, np.empty((0, 160, 128, 3)), point).slices == 0
    assert [one.describe()["precision"] for one in opened] == ["float32"]
