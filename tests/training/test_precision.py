from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import pytest

pytest.importorskip("keras")

import keras

from gliascope.recipe import Training
from gliascope.training import precision
from gliascope.training.precision import choose_precision

pytestmark = pytest.mark.train


@pytest.mark.parametrize("asked", ["float32", "mixed_bfloat16", "mixed_float16"])
def test_what_is_asked_for_is_taken(asked: Literal["float32", "mixed_bfloat16", "mixed_float16"]) -> None:
    assert choose_precision(Training(precision=asked)) == asked


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu avx2 avx512_bf16", "mixed_bfloat16"),
        ("fpu avx2 amx_bf16 amx_int8", "mixed_bfloat16"),
        ("fpu avx2 fma", "float32"),
        ("fpu not_avx512_bf16_really", "float32"),
    ],
)
def test_auto_looks_at_the_processor(
    flags: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(f"processor\t: 0\nmodel name\t: avx512_bf16\nflags\t\t: {flags}\n")
    monkeypatch.setattr(precision, "CPU_INFO", info)
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["cpu:0"])
    assert choose_precision(Training()) == expected


def test_auto_without_a_list_of_flags_is_float32(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "CPU_INFO", tmp_path / "missing")
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["cpu:0"])
    assert choose_precision(Training()) == "float32"


def test_auto_on_an_accelerator_is_bfloat16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "CPU_INFO", tmp_path / "missing")
    monkeypatch.setattr(keras.distribution, "list_devices", lambda: ["gpu:0"])
    assert choose_precision(Training()) == "mixed_bfloat16"


@pytest.mark.parametrize(("found", "expected"), [(True, "mixed_bfloat16"), (False, "float32")])
def test_auto_asks_pytorch_itself(found: bool, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = SimpleNamespace(cuda=SimpleNamespace(is_available=lambda: found))
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setattr(keras.backend, "backend", lambda: "torch")
    monkeypatch.setattr(precision, "CPU_INFO", tmp_path / "missing")
    assert choose_precision(Training()) == expected
