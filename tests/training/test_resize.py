"""A bundle's networks for images of another size."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

onnx = pytest.importorskip("onnx")

from onnx import TensorProto, helper, numpy_helper  # noqa: E402  after the check that it is there

from gliascope.bundle import load_bundle  # noqa: E402
from gliascope.errors import BundleError, RecipeError  # noqa: E402
from gliascope.phantom import make_phantom  # noqa: E402
from gliascope.pipeline import Analyser  # noqa: E402
from gliascope.scan import Case  # noqa: E402
from gliascope.training.resize import resize_bundle, resize_graph  # noqa: E402

BundleFactory = Callable[..., Path]


@pytest.mark.parametrize("wiring", ["shared", "separate"])
def test_the_weights_stay_and_what_was_measured_goes(tiny_bundle: BundleFactory, wiring: str, tmp_path: Path) -> None:
    bundle = load_bundle(tiny_bundle(wiring))
    made = resize_bundle(bundle, (96, 64), tmp_path / "new")
    assert made.recipe.preparation.shape == (96, 64)
    assert (made.name, made.created) == (f"{bundle.name}-96x64", bundle.created)
    assert (made.seen(), made.operating_points) == (bundle.seen(), bundle.operating_points)
    assert (made.evaluation, made.uncertainty, made.quantised) == ({}, None, None)
    assert made.summary["resized_from"] == {"size": list(bundle.recipe.preparation.shape), "sha256": bundle.sha256}
    assert "No accuracy is claimed" in made.card()
    for role, path in bundle.graphs.items():
        ours, theirs = (_weights(one) for one in (made.graphs[role], path))
        assert ours.keys() == theirs.keys()
        for name, values in ours.items():
            if values.ndim > 1:
                np.testing.assert_array_equal(values, theirs[name])
    scan = make_phantom(1, slices=4, size=96, lesion_radius_px=9).scan
    finding = Analyser(made, device="cpu").analyse(Case("one", (scan,), (None,) * 4))
    assert finding.mask.shape == (4, 96, 96)


def _weights(path: Path) -> dict[str, Any]:
    return {one.name: numpy_helper.to_array(one) for one in onnx.load(str(path)).graph.initializer}


def test_a_size_must_be_one_that_recipes_may_have(tiny_bundle: BundleFactory, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="size"):
        resize_bundle(load_bundle(tiny_bundle()), (96, 65), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_graph_that_knows_its_images_size_is_refused(tmp_path: Path) -> None:
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 32, 32, 1])
    given = helper.make_tensor_value_info("probability", TensorProto.FLOAT, ["n", 1])
    stored = [
        numpy_helper.from_array(np.array([-1, 1024], dtype=np.int64), "flat"),
        numpy_helper.from_array(np.zeros((1024, 1), dtype=np.float32), "weight"),
    ]
    nodes = [
        helper.make_node("Flatten", ["images"], ["row"], axis=1),
        helper.make_node("MatMul", ["row", "weight"], ["probability"]),
    ]
    graph = helper.make_graph(nodes, "dense", [images], [given], stored)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), tmp_path / "dense.onnx")
    with pytest.raises(BundleError, match=r"dense\.onnx: a graph must be fully convolutional"):
        resize_graph(tmp_path / "dense.onnx", (32, 32), (64, 32))


def test_the_command(cli: Callable[..., Any], tiny_bundle: BundleFactory, tmp_path: Path) -> None:
    bundle = tiny_bundle()
    result = cli("resize", bundle, "--size", "32x64", "-o", tmp_path / "new", "--name", "quick")
    assert result.status == 0, result.err
    assert result.err == f"Written: {tmp_path / 'new'}, for images of 32 x 64 pixels\n"
    assert load_bundle(tmp_path / "new").name == "quick"
    result = cli("resize", bundle, "--size", "33", "-o", tmp_path / "other")
    assert (result.status, "multiple of 32" in result.err) == (2, True)
