from __future__ import annotations

import json
import platform
from collections.abc import Callable
from pathlib import Path

import pytest

from gliascope import precision
from gliascope.bundle import LICENCE, Bundle, load_bundle, write_bundle
from gliascope.engine import onnx
from gliascope.engine.onnx import OnnxEngine, precision_used
from gliascope.errors import BundleError, DeviceError, InputError
from gliascope.precision import TABLE, ProcessorRule, Quantised, automatic_precision, parse_cpuinfo, processor_features

BundleFactory = Callable[..., Path]


@pytest.fixture(scope="module")
def quantised(tiny_bundle: BundleFactory, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """A bundle whose int8 trunk is the float one under another name."""
    plain = load_bundle(tiny_bundle())
    graph = tmp_path_factory.mktemp("graph") / "trunk.int8.onnx"
    graph.write_bytes(plain.graphs["trunk"].read_bytes())
    return write_bundle(
        tmp_path_factory.mktemp("bundle") / "quantised",
        name=plain.name,
        wiring=plain.wiring,
        recipe=plain.recipe,
        operating_points=plain.operating_points,
        graphs=dict(plain.graphs),
        seen=(),
        summary={},
        card="# Card\n",
        licence=(plain.path / LICENCE).read_text(),
        quantised=Quantised({"trunk": graph}, float_nodes={"trunk": ("first",)}, made={"slices": 3}),
    )


def test_a_bundle_keeps_both_kinds_of_graphs(quantised: Bundle) -> None:
    read = load_bundle(quantised.path)
    assert read.quantised is not None
    assert read.quantised.graphs == {"trunk": quantised.path / "trunk.int8.onnx"}
    assert read.quantised.float_nodes == {"trunk": ("first",)}
    assert read.quantised.made == {"slices": 3}
    assert read.quantised.processors == TABLE
    assert "trunk.int8.onnx" in read.files
    assert read.graphs["trunk"].name == "trunk.onnx"


def test_an_altered_int8_graph_is_refused(quantised: Bundle, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in quantised.path.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "trunk.int8.onnx").write_bytes(b"other")
    with pytest.raises(BundleError, match=r"trunk\.int8\.onnx: the file was altered"):
        load_bundle(copy)


def test_an_int8_graph_must_have_one_of_the_bundle_s_roles(quantised: Bundle, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in quantised.path.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    values = json.loads((copy / "bundle.json").read_text())
    values["int8"]["graphs"] = {"classifier": "trunk.int8.onnx"}
    (copy / "bundle.json").write_text(json.dumps(values))
    with pytest.raises(BundleError, match=r"int8 graphs must be some of \['decoder', 'trunk'\], received"):
        load_bundle(copy)


@pytest.mark.parametrize(
    ("features", "used"),
    [
        ({"sse2", "avx2", "avx512_vnni"}, "int8"),
        ({"avx2", "avx_vnni"}, "int8"),
        ({"avx2", "avx512f"}, "float32"),
        ({"sse2"}, "float32"),
        ({"asimd", "asimddp"}, "float32"),
        (set(), "float32"),
    ],
)
def test_auto_follows_the_table(features: set[str], used: str) -> None:
    assert automatic_precision(Quantised({}), features) == used
    assert automatic_precision(None, features) == "float32"


def test_the_first_line_that_holds_decides() -> None:
    table = (ProcessorRule(feature="avx2", use="float32"), ProcessorRule(feature="any", use="int8"))
    assert automatic_precision(Quantised({}, table), {"avx2", "avx512_vnni"}) == "float32"
    assert automatic_precision(Quantised({}, table), {"neon"}) == "int8"
    assert automatic_precision(Quantised({}, ()), {"avx2"}) == "float32"


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("processor\t: 0\nflags\t\t: fpu avx2 avx512_vnni\nbugs\t: x\n", {"fpu", "avx2", "avx512_vnni"}),
        ("processor\t: 0\nFeatures\t: fp asimd asimddp\n", {"fp", "asimd", "asimddp"}),
        ("", set()),
    ],
)
def test_features_are_read_from_the_kernel(text: str, features: set[str]) -> None:
    assert parse_cpuinfo(text) == features


def test_elsewhere_numpy_tells_the_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Windows")
    processor_features.cache_clear()
    try:
        assert processor_features() <= set(precision.FROM_NUMPY.values())
    finally:
        processor_features.cache_clear()


def test_only_the_processor_computes_in_int8(quantised: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx, "processor_features", lambda: {"avx2", "avx512_vnni"})
    assert precision_used(quantised, "cpu") == "int8"
    assert precision_used(quantised, "cpu", "float32") == "float32"
    assert precision_used(quantised, "cuda") == "float32"
    assert OnnxEngine(quantised, "cpu").describe()["precision"] == "int8"
    assert OnnxEngine(quantised, "cpu", precision="float32").describe()["precision"] == "float32"


def test_what_cannot_be_computed_in_int8_is_refused(quantised: Bundle, tiny_bundle: BundleFactory) -> None:
    with pytest.raises(InputError, match="precision must be one of auto, float32, int8, received 'int4'"):
        OnnxEngine(quantised, precision="int4")
    with pytest.raises(BundleError, match="the bundle has no graphs in int8; `gliascope quantise` makes them"):
        OnnxEngine(load_bundle(tiny_bundle()), precision="int8")
    with pytest.raises(DeviceError, match="int8 is for the device cpu, received device 'cuda'"):
        OnnxEngine(quantised, "cuda", precision="int8")
