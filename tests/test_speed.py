"""Guards on speed that hold on every machine: counts and sizes, no times."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gliascope.bundle import EMBEDDED, MANIFEST, load_bundle
from gliascope.detect.calibration import calibrate
from gliascope.engine.onnx import OnnxEngine
from gliascope.phantom import make_phantom, write_phantom
from gliascope.pipeline import Analyser
from gliascope.prepare import prepare
from gliascope.scan import Case, Scan, Source

MOST_MACS = {"trunk": 1.6e9, "decoder": 0.25e9}
"""Most multiply-accumulates of a graph for one slice."""
LARGEST_BUNDLE = 80 * 2**20
MOST_MEMORY = 700 * 2**20

needs_bundle = pytest.mark.skipif(not (EMBEDDED / MANIFEST).is_file(), reason="this checkout holds no model bundle")


@needs_bundle
def test_a_slice_takes_no_more_operations_than_it_should() -> None:
    pytest.importorskip("onnx")
    from benchmarks.operations import graph_operations

    for role, path in load_bundle().graphs.items():
        assert graph_operations(path)["macs"] <= MOST_MACS[role]


@needs_bundle
def test_the_bundle_is_small_enough() -> None:
    assert sum(one.stat().st_size for one in EMBEDDED.iterdir()) <= LARGEST_BUNDLE


@needs_bundle
def test_the_decoder_runs_on_suspected_slices_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    run = OnnxEngine.run

    def counting(self: OnnxEngine, role: str, *arguments: Any) -> Any:
        calls.extend([role] * len(next(iter(arguments[0].values()))))
        return run(self, role, *arguments)

    monkeypatch.setattr(OnnxEngine, "run", counting)
    analyser = Analyser(device="cpu", threads=1, precision="float32")
    limit, slices, suspected, added = np.float32(analyser.operating_point.detection), 0, 0, 0
    for seed, healthy in ((0, False), (1, False), (2, True)):
        made = make_phantom(seed, slices=9, healthy=healthy)
        finding = analyser.analyse(Case(made.name, (made.scan,), (None,) * 9))
        raw = np.array([one.raw_probability for one in finding.slices], np.float32)
        alone = calibrate(raw, analyser.bundle.calibration) >= limit
        among = np.array([one.verdict == "tumour" for one in finding.slices])
        slices, suspected, added = slices + len(raw), suspected + int(alone.sum()), added + int((among & ~alone).sum())
    first, second = analyser.engine.roles
    assert calls.count(first) == slices + added  # slices that only their neighbours make suspicious are run once more
    assert calls.count(second) == suspected + added
    assert 0 < suspected <= slices * 2 // 3
    assert added <= slices // 6


def test_preparing_holds_no_second_copy_of_a_volume_in_float() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (48, 256, 256, 3)).astype(np.uint8)
    scan = Scan(pixels, ("pre", "flair", "post"), (Source(None, 0, 1, ""),) * 48, is_volume=True)
    preparation = load_bundle().recipe.preparation if (EMBEDDED / MANIFEST).is_file() else None
    if preparation is None:
        pytest.skip("this checkout holds no model bundle")
    prepare(scan, preparation)
    tracemalloc.start()
    try:
        prepared = prepare(scan, preparation)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # Masks and foreground in 8 bits, the resized slices and their z-scores; never the volume in float32.
    assert peak <= pixels.nbytes + 6 * prepared.images.nbytes


@needs_bundle
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the peak memory that Linux keeps")
def test_a_run_stays_within_its_memory(tmp_path: Path) -> None:
    for seed in range(2):
        write_phantom(make_phantom(seed, slices=20), tmp_path / "scans")
    # The kernel's own count of this program: what getrusage tells begins with the process that it was forked from.
    script = (
        "import re, sys\n"
        "from gliascope.pipeline import Analyser, analyse_into\n"
        "from gliascope.read import find_cases\n"
        "list(analyse_into(Analyser(threads=2), find_cases([sys.argv[1]]), sys.argv[2], figures=False))\n"
        "print(1024 * int(re.search(r'VmHWM:\\s+(\\d+)', open('/proc/self/status').read())[1]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "scans", tmp_path / "out"],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert int(done.stdout) <= MOST_MEMORY


@needs_bundle
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries give memory back by themselves")
def test_opened_graphs_hold_little_more_than_their_weights() -> None:
    script = (
        "import re\n"
        "from gliascope.pipeline import Analyser\n"
        "analyser = Analyser(device='cpu', precision='float32')\n"
        "print(1024 * int(re.search(r'RssAnon:\\s+(\\d+)', open('/proc/self/status').read())[1]))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    weights = 2 * sum(one.stat().st_size for one in load_bundle().graphs.values())  # stored in half precision
    assert int(done.stdout) <= 1.2 * weights + 60 * 2**20


@pytest.mark.parametrize(
    ("modules", "unwanted"),
    [
        ("gliascope.pipeline", ("scipy", "matplotlib", "jinja2", "PIL.ImageFont", "gliascope.present.canvas")),
        ("gliascope.read", ("pydicom", "nibabel", "SimpleITK", "gliascope.read.dicom.plan")),
    ],
)
def test_what_only_some_runs_need_is_loaded_by_those_alone(modules: str, unwanted: tuple[str, ...]) -> None:
    script = f"import sys, {modules}; print([one for one in {unwanted!r} if one in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
