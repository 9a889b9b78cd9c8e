from __future__ import annotations

import csv
import re
import subprocess
import sys
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

pytest.importorskip("onnx")

from benchmarks.contenders.ours import Ours
from benchmarks.contenders.plain import Plain
from benchmarks.contenders.shared import back, best_batch, run_cases, to_square
from benchmarks.machine import ROOT
from benchmarks.operations import OTHER_SIZES, graph_operations, measure_decoders, measure_graphs
from benchmarks.profile import Stopwatch, draw_profile, profile
from gliascope.bundle import load_bundle
from gliascope.training.resize import resize_graph

BundleFactory = Callable[..., Path]
Bright = Callable[..., Any]


def _pixels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.array(image)


@pytest.fixture
def patient(bright: Bright, tmp_path: Path) -> Path:
    made = bright(slices=4, tumour=(1, 3))
    folder: Path = made.save(tmp_path / "patient", ".tif", masks=True)
    return folder


def test_peers_write_a_mask_for_each_slice_and_a_table(patient: Path, tmp_path: Path) -> None:
    asked: list[tuple[tuple[int, ...], list[bool]]] = []

    def outline(images: NDArray[np.float32], truth: NDArray[np.bool_]) -> NDArray[np.float32]:
        asked.append((images.shape, truth.tolist()))
        assert images.max() <= 1
        return (images[..., 1] > 0.6).astype(np.float32)

    assert run_cases([patient], tmp_path / "out", outline) == 4
    assert asked == [((4, 256, 256, 3), [False, True, True, False])]
    masks = sorted((tmp_path / "out" / "patient" / "masks").iterdir())
    assert [one.name for one in masks] == [f"patient_{number}_mask.png" for number in range(1, 5)]
    shown = [_pixels(one) for one in masks]
    assert [one.any() for one in shown] == [False, True, True, False]
    assert shown[1].shape == (96, 96)
    with (tmp_path / "out" / "cases.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["case"], row["slices"], row["tumour_slices"]) == ("patient", "4", "2")


def test_slices_go_to_the_peers_square_and_back() -> None:
    pixels = np.full((2, 100, 80, 1), 255, dtype=np.uint8)
    assert to_square(pixels).shape == (2, 256, 256, 3)
    assert to_square(pixels).dtype == np.float32
    mask = np.zeros((256, 256), dtype=np.bool_)
    mask[:128] = True
    assert back(mask, 100, 80)[:50].all()
    assert not back(mask, 100, 80)[50:].any()
    assert back(mask, 256, 256) is mask


def test_the_best_batch_is_one_of_those_tried() -> None:
    seen: list[int] = []
    assert best_batch(lambda images: seen.append(len(images)), slices=4, sizes=(1, 2, 4)) in {1, 2, 4}
    assert seen.count(4) == 2


def test_gliascope_and_its_plain_form_do_the_same_patients(
    tiny_bundle: BundleFactory, patient: Path, tmp_path: Path
) -> None:
    options: dict[str, Any] = {"threads": 1, "model": tiny_bundle(), "precision": "auto"}
    assert Ours(**options).run([patient], tmp_path / "ours") == 4
    assert Plain(**options).run([patient], tmp_path / "plain") == 4
    assert Ours(**options).describe()["precision"] == "float32"
    for out in ("ours", "plain"):
        assert len(list((tmp_path / out / "patient" / "masks").iterdir())) == 4


def test_an_enlarged_graph_takes_larger_images(tiny_bundle: BundleFactory) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    bundle = load_bundle(tiny_bundle("separate"))
    session = onnxruntime.InferenceSession(
        resize_graph(bundle.graphs["segmenter"], (64, 64), (256, 128)), providers=["CPUExecutionProvider"]
    )
    (mask,) = session.run(None, {"images": np.zeros((1, 256, 128, 3), dtype=np.float32)})
    assert mask.shape == (1, 256, 128, 1)


def test_graphs_are_timed_for_images_of_other_sizes_as_well() -> None:
    bundle = load_bundle()
    own = bundle.recipe.preparation.shape
    rows = measure_graphs(bundle, 50.0, repeats=1)
    floats = {(one["role"], tuple(one["size"])): one["macs"] for one in rows if one["precision"] == "float32"}
    assert set(floats) == {(role, size) for role in bundle.graphs for size in {own, *OTHER_SIZES}}
    for role in bundle.graphs:
        for size in OTHER_SIZES:
            assert floats[role, size] == pytest.approx(floats[role, own] * prod(size) / prod(own), rel=0.01)
    assert all(one["ms"] > 0 for one in rows)


def test_decoders_of_other_widths_are_timed_beside_the_own_one() -> None:
    pytest.importorskip("tf2onnx")
    bundle = load_bundle()
    half, twice = measure_decoders(bundle, 50.0, repeats=1)
    own = graph_operations(bundle.graphs["decoder"])["macs"]
    assert (half["role"], twice["role"]) == ("decoder, half as wide", "decoder, twice as wide")
    assert half["macs"] < 0.6 * own < own < twice["macs"] / 1.7
    assert half["size"] == list(bundle.recipe.preparation.shape)
    assert min(half["ms"], twice["ms"]) > 0


def test_another_provider_is_timed_or_said_not_to_be_there() -> None:
    graph = load_bundle().graphs["decoder"]
    command = [sys.executable, "-m", "benchmarks.provider", str(graph), "--repeats", "1"]
    done = subprocess.run([*command, "CPUExecutionProvider"], capture_output=True, text=True, cwd=ROOT, check=True)
    assert re.fullmatch(r"CPUExecutionProvider: [0-9.]+ ms \([0-9.]+ to [0-9.]+\)\n", done.stdout)
    gone = subprocess.run([*command, "NoExecutionProvider"], check=False, capture_output=True, text=True, cwd=ROOT)
    assert gone.returncode == 1
    assert "no NoExecutionProvider here: " in gone.stderr


def test_the_embedded_graphs_can_be_enlarged_and_counted() -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    bundle = load_bundle()
    counts = {role: graph_operations(path) for role, path in bundle.graphs.items()}
    assert 23e6 < counts["trunk"]["parameters"] < 24e6
    own = bundle.recipe.preparation.shape
    twice = (2 * own[0], 2 * own[1])
    assert counts["trunk"]["macs"] == pytest.approx(3.86e9 * prod(own) / 224**2, rel=0.05)
    sessions = [
        onnxruntime.InferenceSession(resize_graph(path, own, twice), providers=["CPUExecutionProvider"])
        for path in bundle.graphs.values()
    ]
    assert sessions[0].get_inputs()[0].shape[1:3] == list(twice)
    assert sessions[1].get_outputs()[0].shape[1:3] == list(twice)


def test_a_stopwatch_counts_each_step_without_the_steps_within() -> None:
    now = iter([0.0, 1.0, 3.0, 6.0])
    watch = Stopwatch(lambda: next(now))
    with watch.step("outer"), watch.step("inner"):
        pass
    assert watch.seconds == {"outer": 1.0 + 3.0, "inner": 2.0}


def test_a_profile_tells_every_step_and_is_drawn(tiny_bundle: BundleFactory, patient: Path, tmp_path: Path) -> None:
    rows = profile([patient], tiny_bundle(), "auto")
    steps = {row["step"] for row in rows}
    assert {"read", "prepare: normalise", "network: trunk", "network: decoder", "write", "restore the mask"} <= steps
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    assert all(row["ms"] >= 0 for row in rows)
    draw_profile(rows, tmp_path / "profile.png", "made up")
    with Image.open(tmp_path / "profile.png") as picture:
        assert picture.width > 500


def test_the_u_net_has_the_known_number_of_parameters() -> None:
    pytest.importorskip("torch")
    from benchmarks.contenders.unet import UNet

    assert sum(one.numel() for one in UNet().parameters()) == 7_763_041
