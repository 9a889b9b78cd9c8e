"""The recipe `classic` from training to masks, small: two networks, one after the other, interrupted and resumed."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("keras")

from gliascope.bundle import load_bundle
from gliascope.cli.train import ProgressWatcher
from gliascope.dataset.split import load_split
from gliascope.pipeline import analyse
from gliascope.recipe import load_recipe

pytestmark = pytest.mark.train


def small_recipe(path: Path) -> Path:
    """Write `classic` with 32 pixels and one epoch of each network; filters, loss and sampling stay."""
    classic = load_recipe("classic")
    changed = classic.model_copy(
        update={
            "preparation": classic.preparation.model_copy(update={"size": 32}),
            "training": classic.training.model_copy(update={"epochs": 1, "batch_size": 4, "precision": "float32"}),
        }
    )
    lines = []
    for section, values in changed.model_dump(mode="json").items():
        if isinstance(values, dict):
            lines.append(f"[{section}]")
            lines += [f"{key} = {toml(value)}" for key, value in values.items()]
    path.write_text("\n".join(['name = "small"', *lines]) + "\n", encoding="utf-8")
    assert load_recipe(path) == changed.model_copy(update={"name": "small"})
    return path


def toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)


def history(run: Path, stage: str) -> list[dict[str, str]]:
    with (run / stage / "history.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def tensorboard_scalars(run: Path, stage: str) -> dict[str, list[float]]:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(run / "tensorboard" / stage))
    events.Reload()
    return {tag: [one.tensor_proto.float_val[0] for one in events.Tensors(tag)] for tag in events.Tags()["tensors"]}


def test_from_training_over_ctrl_c_to_masks(
    phantoms: Any, tmp_path: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, run = small_recipe(tmp_path / "small.toml"), tmp_path / "run"

    def interrupt(self: ProgressWatcher, _figures: dict[str, float]) -> None:
        if self.title.startswith("segmenter"):
            raise KeyboardInterrupt  # what SIGINT becomes; a process started in the background ignores the signal

    with monkeypatch.context() as patch:
        patch.setattr(ProgressWatcher, "step", interrupt)
        stopped = cli("train", "--data", phantoms.data, "--split", phantoms.split, "--recipe", recipe, "-o", run)
    assert stopped.status == 130
    assert f"{run}: stopped; whole epochs and the best of them are kept, --resume goes on" in stopped.err
    assert "Traceback" not in stopped.err
    assert "TensorFlow" not in stopped.err
    assert not (run / "segmenter").exists()
    trained = (run / "classifier" / "last.npz").stat().st_mtime_ns

    done = cli("train", "--data", phantoms.data, "-o", run, "--resume", "-q")
    assert (done.status, done.out, done.err) == (0, "", "")
    assert (run / "classifier" / "last.npz").stat().st_mtime_ns == trained, "the first network was finished"
    (decision,), (outline,) = history(run, "classifier"), history(run, "segmenter")
    assert {"val_auc", "val_score"} == {one for one in decision if one.startswith("val")}
    assert {"val_dice", "val_score"} == {one for one in outline if one.startswith("val")}
    for stage, row in (("classifier", decision), ("segmenter", outline)):
        recorded = tensorboard_scalars(run, stage)
        assert set(recorded) == set(row) - {"epoch"}
        assert all(np.allclose(values, [float(row[name])]) for name, values in recorded.items())

    bundle = load_bundle(run / "bundle")
    assert bundle.wiring == "separate"
    assert set(bundle.graphs) == {"classifier", "segmenter"}
    assert bundle.summary["best_epoch"] == {"classifier": 1, "segmenter": 1}
    assert bundle.recipe.network.filters == (16, 32, 64, 128, 256)
    test = load_split(phantoms.split).test[0]
    (finding,) = analyse(phantoms.data / test, model=bundle.path)
    point = bundle.operating_point()
    assert len(finding.slices) == 6
    assert not {one.source.sha256 for one in finding.slices} & bundle.seen()
    for one in finding.slices:
        assert (one.verdict == "tumour") == (one.probability >= point.detection)
        assert one.verdict == "tumour" or not one.mask.any()
