from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gliascope.bundle import load_bundle
from gliascope.engine.base import Tensors
from gliascope.engine.fake import FakeEngine
from gliascope.engine.onnx import OnnxEngine
from gliascope.pipeline import Analyser, analyse_into
from gliascope.pipeline.infer import distinct_frames
from gliascope.read import find_cases

Bright = Callable[..., Any]
BundleFactory = Callable[..., Path]


class Counting(FakeEngine):
    """Remembers what it was asked to run: the role, and how many slices."""

    def __init__(self, lanes: int = 0) -> None:
        super().__init__()
        self._lanes = lanes
        self.calls: list[tuple[str, int]] = []

    @property
    def lanes(self) -> int:
        return self._lanes

    def run(
        self, role: str, inputs: Mapping[str, NDArray[np.float32]], outputs: Sequence[str] | None = None
    ) -> Tensors:
        self.calls.append((role, len(next(iter(inputs.values())))))
        return super().run(role, inputs, outputs)

    def slices(self, role: str) -> int:
        return sum(count for one, count in self.calls if one == role)


def test_the_same_frames_are_run_once_where_they_are_not_assessed() -> None:
    images = np.zeros((6, 4, 4, 3), dtype=np.float32)
    images[[1, 2]] = 1
    images[4] = 2
    run, result_of = distinct_frames(images, np.array([False, True, True, False, False, False]))
    assert run.tolist() == [0, 1, 2, 4]
    assert result_of.tolist() == [0, 1, 2, 0, 4, 0]
    run, result_of = distinct_frames(images, np.ones(6, dtype=np.bool_))
    assert run.tolist() == result_of.tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(("lanes", "largest"), [(0, 8), (1, 1), (3, 1)])
def test_every_frame_is_looked_at_once_and_only_suspected_ones_are_outlined(
    tiny_bundle: BundleFactory, bright: Bright, lanes: int, largest: int
) -> None:
    scan = bright(slices=12, tumour=(3, 7))
    pixels = scan.pixels.copy()
    pixels[[0, 10, 11]] = 0
    engine = Counting(lanes)
    (said,) = Analyser(tiny_bundle(), engine=engine, threshold=0.5).iter(pixels)
    assert said.tumour_slices == 4
    assert engine.slices("trunk") == 12 - 2  # three blank frames are one
    assert engine.slices("decoder") == 4
    assert max(count for _, count in engine.calls) <= largest
    assert said.slices[0].probability == said.slices[10].probability == said.slices[11].probability


def test_lanes_and_batches_change_no_byte(tiny_bundle: BundleFactory, bright: Bright) -> None:
    pixels, bundle = bright(slices=9, tumour=(2, 5)).pixels, tiny_bundle()
    findings = [
        next(Analyser(bundle, threads=threads, batch_size=size, save_probabilities=True).iter(pixels))
        for threads, size in ((1, 8), (1, 1), (2, 8), (5, 3))
    ]
    for one in findings[1:]:
        for mine, other in zip(one.slices, findings[0].slices, strict=True):
            assert mine.probability == other.probability
            assert np.array_equal(mine.mask, other.mask)
            assert (mine.mask_probability is None) == (other.mask_probability is None)


def test_a_run_of_many_cases_gives_the_same_files_with_any_number_of_threads(
    tiny_bundle: BundleFactory, bright: Bright, tmp_path: Path
) -> None:
    for number in range(4):
        made = bright(slices=5, tumour=(1, 1 + number), seed=number)
        made.save(tmp_path / "in" / f"p{number}", masks=True)
    files = find_cases([tmp_path / "in"])
    bundle, outs = tiny_bundle(), []
    for threads in (1, 2, 3):
        out = tmp_path / f"out{threads}"
        done = list(analyse_into(Analyser(bundle, threads=threads), files, out, figures=False))
        assert [one.record["case"] for one in done] == ["p0", "p1", "p2", "p3"]
        outs.append({str(one.relative_to(out)): one.read_bytes() for one in sorted(out.rglob("*")) if one.is_file()})
    assert outs[0] == outs[1] == outs[2]


def test_what_the_engine_raises_ends_the_case(
    tiny_bundle: BundleFactory, bright: Bright, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(*arguments: object) -> Tensors:
        raise MemoryError("too large")

    engine = Counting(lanes=2)
    monkeypatch.setattr(engine, "run", raises)
    (finding,) = Analyser(tiny_bundle(), engine=engine).iter(bright().pixels)
    assert "MemoryError: too large" in finding.problems[0].message


def test_a_batch_on_the_cpu_is_its_slices_one_by_one(tiny_bundle: BundleFactory) -> None:
    engine = OnnxEngine(load_bundle(tiny_bundle()), "cpu", 3)
    assert engine.lanes == 3
    images = np.random.default_rng(0).normal(0, 2, (7, 64, 64, 3)).astype(np.float32)
    whole = engine.run("trunk", {"images": images})
    for place in range(len(images)):
        alone = engine.run("trunk", {"images": images[place : place + 1]})
        assert all(np.array_equal(whole[name][place], values[0]) for name, values in alone.items())
