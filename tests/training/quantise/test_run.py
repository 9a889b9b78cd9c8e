from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
from onnx import TensorProto

from gliascope.bundle import LICENCE, Bundle, load_bundle, write_bundle
from gliascope.dataset.folds import make_folds
from gliascope.dataset.split import Split, load_split, make_split
from gliascope.dataset.splitfile import save_folds
from gliascope.engine.onnx import OnnxEngine
from gliascope.errors import TrainingError
from gliascope.pipeline import Analyser
from gliascope.training.quantise import run
from gliascope.training.quantise.damage import open_graph
from gliascope.training.quantise.graphs import convolutions, float_graph, float_nodes, measure_ranges, to_int8
from gliascope.training.quantise.run import LARGEST, quantise_bundle

Bright = Callable[..., Any]
BundleFactory = Callable[..., Path]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, bright: Bright) -> Path:
    root = tmp_path_factory.mktemp("data") / "kaggle_3m"
    for number in range(8):
        made = bright(slices=5, tumour=(1, 3), seed=number)
        made.save(root / f"TCGA_XX_{number:04d}_20000101", ".tif", masks=True)
    return root


@pytest.fixture(scope="module")
def split(data: Path) -> Split:
    return make_split(data, test=0.25, validation=0.15, seed=0)


@pytest.fixture(scope="module")
def trained(tiny_bundle: BundleFactory, split: Split, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return _trained_by(load_bundle(tiny_bundle()), split, tmp_path_factory.mktemp("trained") / "bundle")


def _trained_by(plain: Bundle, split: Split, place: Path) -> Bundle:
    return write_bundle(
        place,
        name="tiny",
        wiring=plain.wiring,
        recipe=plain.recipe,
        operating_points=plain.operating_points,
        graphs=dict(plain.graphs),
        seen=(),
        summary={"split_sha256": split.sha256},
        card="# Tiny\n",
        licence=(plain.path / LICENCE).read_text(),
    )


def test_a_bundle_gets_graphs_in_int8_that_do_the_same(
    trained: Bundle, data: Path, split: Split, tmp_path: Path, bright: Bright
) -> None:
    said: list[str] = []
    made, results = quantise_bundle(
        trained, data, split, tmp_path / "new", slices=12, checked=8, limit=0.05, decoder=True, advance=said.append
    )
    assert [one.role for one in results] == ["trunk", "decoder"]
    assert results[0].used
    assert results[0].damage.total <= 0.05
    assert made.quantised is not None
    assert made.quantised.made["split_sha256"] == split.sha256
    assert made.graphs["trunk"].read_bytes() == trained.graphs["trunk"].read_bytes()
    assert sum(one.stat().st_size for one in made.path.iterdir()) < LARGEST
    assert set(split.train) >= {one for one in said if one.startswith("TCGA")}
    assert not {*split.validation, *split.test} & set(said)
    case = bright(slices=6, tumour=(2, 4), seed=20).pixels
    floats, small = (next(Analyser(made, precision=one, threshold=0.5).iter(case)) for one in ("float32", "int8"))
    assert [one.verdict for one in small.slices] == [one.verdict for one in floats.slices]
    assert (small.provenance["engine"]["precision"], floats.provenance["engine"]["precision"]) == ("int8", "float32")
    assert np.mean(small.mask != floats.mask) < 0.01
    operators = (made.path / "trunk.int8.onnx").read_bytes()
    assert b"QuantizeLinear" in operators


def test_the_same_call_gives_the_same_graphs(trained: Bundle, data: Path, split: Split, tmp_path: Path) -> None:
    first, second = (
        quantise_bundle(trained, data, split, tmp_path / one, slices=8, checked=4, limit=0.1)[0] for one in "ab"
    )
    assert first.files == second.files
    assert first.quantised is not None
    assert list(first.quantised.graphs) == ["trunk"]  # the decoder is left in float unless asked for


def test_a_bundle_can_be_quantised_in_its_own_folder_and_again(
    trained: Bundle, data: Path, split: Split, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = _trained_by(trained, split, tmp_path / "own")
    first, _ = quantise_bundle(own, data, split, own.path, slices=8, checked=4, limit=0.2)
    assert first.path == own.path
    size = sum(one.stat().st_size for one in own.path.iterdir())
    monkeypatch.setattr(run, "LARGEST", size)  # the older int8 graph does not count: it goes
    again, _ = quantise_bundle(first, data, split, own.path, slices=8, checked=4, limit=0.2)
    assert again.files == first.files


def test_another_split_is_refused(trained: Bundle, data: Path, tmp_path: Path) -> None:
    other = make_split(data, test=0.25, validation=0.15, seed=1)
    with pytest.raises(TrainingError, match="the split must be the one that the bundle was trained by"):
        quantise_bundle(trained, data, other, tmp_path / "new")


def test_nothing_is_written_where_no_graph_is_within_the_limit(
    trained: Bundle, data: Path, split: Split, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match=r"at least one graph must be within the limit of -1.0, received trunk"):
        quantise_bundle(trained, data, split, tmp_path / "new", slices=8, checked=4, limit=-1.0)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("wiring", ["separate"])
def test_separate_networks_are_quantised_one_by_one(
    tiny_bundle: BundleFactory, data: Path, split: Split, tmp_path: Path, wiring: str
) -> None:
    bundle = _trained_by(load_bundle(tiny_bundle(wiring)), split, tmp_path / "old")
    made, results = quantise_bundle(bundle, data, split, tmp_path / "new", slices=8, checked=4, limit=0.2)
    assert [one.role for one in results] == ["classifier", "segmenter"]
    assert OnnxEngine(made, "cpu", precision="int8").describe()["precision"] == "int8"


def test_the_command_says_what_it_made(
    trained: Bundle, data: Path, split: Split, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    from gliascope.dataset.splitfile import save_split

    save_split(split, tmp_path / "split.json")
    assert load_split(tmp_path / "split.json").sha256 == split.sha256
    arguments = ["--data", data, "--split", tmp_path / "split.json", "--slices", 8, "--checked", 4, "--limit", 0.2]
    done = cli("quantise", trained.path, *arguments, "-o", tmp_path / "new")
    assert done.status == 0, done.err
    assert "trunk: int8" in done.out
    assert "Written" in done.err


def test_a_fold_is_quantised_with_its_own_patients(
    tiny_bundle: BundleFactory, data: Path, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    folds = make_folds(data, folds=2, validation=0.2)
    save_folds(folds, tmp_path / "folds.json")
    model = _trained_by(load_bundle(tiny_bundle()), folds.splits[1], tmp_path / "model").path
    arguments = ["--data", data, "--split", tmp_path / "folds.json", "--slices", 8, "--checked", 4, "--limit", 0.2]
    refused = cli("quantise", model, *arguments, "--fold", 0, "-o", tmp_path / "new")
    assert refused.status == 1
    assert "the split must be the one that the bundle was trained by" in refused.err
    done = cli("quantise", model, *arguments, "--fold", 1, "-o", tmp_path / "new")
    assert done.status == 0, done.err
    assert load_bundle(tmp_path / "new").quantised is not None


def test_weights_that_stay_in_float_are_stored_in_half_precision(trained: Bundle) -> None:
    model = float_graph(trained.graphs["trunk"])
    ranges = measure_ranges(model, [{"images": np.random.default_rng(1).random((1, 64, 64, 3), dtype=np.float32)}])
    first = convolutions(model)[0]
    plain, half = (to_int8(model, ranges, kept=[first], half=one) for one in (False, True))
    assert float_nodes(plain) == float_nodes(half) == [first]
    stored = {one.name: one.data_type for one in onnx.load_model_from_string(half).graph.initializer}
    assert TensorProto.FLOAT16 in stored.values()
    assert TensorProto.FLOAT16 not in [one.data_type for one in onnx.load_model_from_string(plain).graph.initializer]
    feed = {"images": np.random.default_rng(2).random((1, 64, 64, 3), dtype=np.float32)}
    results = [open_graph(one).run(["probability"], feed)[0] for one in (plain, half)]
    np.testing.assert_allclose(results[0], results[1], atol=2e-3)
