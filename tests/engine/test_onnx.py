from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gliascope.bundle import load_bundle
from gliascope.engine import onnx
from gliascope.engine.onnx import OnnxEngine, available_cores, available_devices
from gliascope.errors import BundleError, DeviceError, InputError


def test_the_device_is_named_as_it_was_found(tiny_bundle: Callable[..., Path]) -> None:
    said = OnnxEngine(load_bundle(tiny_bundle()), "cpu", 1).describe()
    assert said["name"] == "onnxruntime"
    assert (said["device"], said["threads"]) == ("cpu", 1)
    assert said["providers"] == ["CPUExecutionProvider"]


def test_an_unknown_device_is_refused_with_the_known_ones(tiny_bundle: Callable[..., Path]) -> None:
    with pytest.raises(DeviceError, match=r"device must be auto or one of cpu, cuda, .* received 'abacus'"):
        OnnxEngine(load_bundle(tiny_bundle()), "abacus")


def test_a_device_that_is_not_installed_is_refused_with_those_that_are(
    tiny_bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx, "available_devices", lambda: ("cpu",))
    with pytest.raises(DeviceError, match=r"'cuda' is not in the installed onnxruntime .*, which has cpu"):
        OnnxEngine(load_bundle(tiny_bundle()), "cuda")


def test_a_device_that_does_not_start_is_refused_when_asked_for(
    tiny_bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx, "available_devices", lambda: ("cpu", "cuda"))
    monkeypatch.setattr(onnx, "_open", _open_on_the_cpu)
    with pytest.raises(DeviceError, match=r"'cuda' could not be started .* available: cpu"):
        OnnxEngine(load_bundle(tiny_bundle()), "cuda")


def test_auto_goes_on_to_the_next_device_and_says_so(
    tiny_bundle: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(onnx, "available_devices", lambda: ("cpu", "cuda"))
    monkeypatch.setattr(onnx, "_open", _open_on_the_cpu)
    assert OnnxEngine(load_bundle(tiny_bundle()), "auto").describe()["device"] == "cpu"
    assert "device cuda is installed and could not be started" in caplog.text


class _Session:
    """A session that runs on the CPU whatever was asked for, as ONNX Runtime does without a driver."""

    def get_providers(self) -> list[str]:
        return ["CPUExecutionProvider"]

    def get_inputs(self) -> list[Any]:
        return []


def _open_on_the_cpu(path: Path, device: str, threads: int) -> _Session:
    return _Session()


def test_a_graph_that_is_none_is_refused_by_name(tiny_bundle: Callable[..., Path]) -> None:
    bundle = load_bundle(tiny_bundle())
    bundle.graphs["decoder"].write_bytes(b"no graph")
    with pytest.raises(BundleError, match=r"decoder\.onnx: onnxruntime cannot load the graph"):
        OnnxEngine(bundle, "cpu")


def test_a_graph_for_other_channels_than_the_recipe_s_is_refused(tiny_bundle: Callable[..., Path]) -> None:
    bundle = load_bundle(tiny_bundle())
    beside = bundle.recipe.preparation.model_copy(update={"neighbours": 1})
    other = replace(bundle, recipe=bundle.recipe.model_copy(update={"preparation": beside}))
    with pytest.raises(BundleError, match=r"trunk\.onnx: .* must have 5 channels, received a graph for 3"):
        OnnxEngine(other, "cpu")


def test_threads_must_be_one_or_more(tiny_bundle: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="threads must be at least 1, received 0"):
        OnnxEngine(load_bundle(tiny_bundle()), threads=0)


def test_devices_are_a_subset_of_the_named_ones() -> None:
    assert "cpu" in available_devices()
    assert set(available_devices()) <= set(onnx.PROVIDERS)


def test_cores_are_those_of_this_process() -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4.0),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_a_container_s_quota_is_read(tmp_path: Path, files: dict[str, str], quota: float | None) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert onnx._quota(tmp_path) == quota


def test_a_quota_cuts_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(onnx, "_quota", lambda _: 2.5)
    assert available_cores() == 3
