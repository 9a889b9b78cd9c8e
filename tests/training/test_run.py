"""A whole run on phantoms: trained, killed, resumed, exported and used; nothing here says how well it works."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

keras = pytest.importorskip("keras")

from gliascope.bundle import load_bundle  # noqa: E402  after the check that Keras is there
from gliascope.dataset.split import load_split, save_split  # noqa: E402
from gliascope.errors import InputError, ParityError, SplitError, TrainingError  # noqa: E402
from gliascope.pipeline import analyse  # noqa: E402
from gliascope.recipe import load_recipe  # noqa: E402
from gliascope.training import export  # noqa: E402
from gliascope.training.checkpoint import load_values  # noqa: E402
from gliascope.training.parity import PARITY_DICE, PARITY_PROBABILITY, Parity, measure_parity  # noqa: E402
from gliascope.training.plan import RunPlan  # noqa: E402
from gliascope.training.run import run_recipe, train  # noqa: E402
from tests.training.watchers import Quiet  # noqa: E402

pytestmark = pytest.mark.train

ROOT = Path(__file__).resolve().parents[2]

RECIPE = """
name = "tiny"
[preparation]
size = 32
[network]
decoder = [16, 8, 8, 8, 4]
[training]
epochs = 2
batch_size = 8
precision = "float32"
"""


@dataclass(frozen=True)
class Place:
    data: Path
    split: Path
    recipe: Path
    run: Path
    plans: list[RunPlan]


@pytest.fixture(scope="module")
def place(phantoms: Any, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Phantoms, a split, a recipe, and a finished run on them."""
    root = tmp_path_factory.mktemp("training")
    (root / "recipe.toml").write_text(RECIPE)
    where = Place(phantoms.data, phantoms.split, root / "recipe.toml", root / "run", [])
    recipe = load_recipe(where.recipe)
    outcome = train(where.data, where.split, recipe, where.run, Quiet(), announce=where.plans.append)
    assert outcome.finished
    return where


def test_what_a_run_will_do_is_told_first(place: Place) -> None:
    (plan,) = place.plans
    first, train_side, validation, stage = plan.lines()
    assert first == "recipe tiny: 32 x 32 pixels, batches of 8 slices, float32 on tensorflow"
    assert train_side == "train: 3 patients, 18 slices, 9 with tumour"
    assert validation == "validation: 2 patients, 12 slices, 6 with tumour"
    assert stage.startswith("joint: 23,")
    assert stage.endswith(" parameters, 4 steps in 2 epochs")


@pytest.fixture(scope="module")
def exported(place: Place) -> Path:
    """The bundle of the finished run, made as a user would."""
    command: list[str | Path] = ["train", "--data", place.data, "-o", place.run, "--export-only", "--name", "renamed"]
    done = subprocess.run([sys.executable, "-m", "gliascope", *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{place.run / 'bundle'}: a slice is tumour from" in done.stderr
    return place.run / "bundle"


def test_a_run_leaves_history_curves_events_recipe_and_split(place: Place) -> None:
    with (place.run / "joint" / "history.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["epoch"]) for row in rows] == [1, 2]
    assert all(0 <= float(row["val_auc"]) <= 1 for row in rows)
    with Image.open(place.run / "joint" / "curves.png") as picture:
        assert picture.size == (1200, 400)
        assert len(np.unique(np.asarray(picture.convert("L")))) > 20
    assert list((place.run / "tensorboard" / "joint").glob("events*"))
    assert run_recipe(place.run) == load_recipe(place.recipe)
    assert load_split(place.run / "split.json") == load_split(place.split)


def test_the_bundle_says_what_it_was_made_from(place: Place, exported: Path) -> None:
    bundle = load_bundle(exported)
    assert bundle.name == "renamed"
    assert bundle.wiring == "shared"
    assert bundle.summary["data"] == place.data.name
    assert bundle.recipe == load_recipe(place.recipe)
    assert bundle.summary["sides"]["train"]["patients"] == 3
    assert bundle.summary["sides"]["validation"]["slices"] == 12
    assert bundle.summary["split_sha256"] == load_split(place.split).sha256
    parity = bundle.summary["parity"]
    assert parity["slices"] == 30
    assert parity["probability"] <= PARITY_PROBABILITY
    assert parity["dice"] >= PARITY_DICE
    assert "has been measured" in bundle.card()


def test_the_bundle_knows_what_it_has_seen_and_nothing_else(place: Place, exported: Path) -> None:
    split, seen = load_split(place.split), load_bundle(exported).seen()
    for side, known in ((split.train, True), (split.validation, True), (split.test, False)):
        for name in side:
            for finding in analyse(place.data / name, model=exported):
                assert {one.source.sha256 in seen for one in finding.slices} == {known}


def test_weights_are_stored_in_half_precision(exported: Path) -> None:
    parameters = sum(one.size for one in keras.applications.ResNet50(include_top=False, weights=None).get_weights())
    size = (exported / "trunk.onnx").stat().st_size
    assert 1.9 * parameters < size < 2.2 * parameters


def test_analyse_agrees_with_keras_through_the_whole_path(place: Place, exported: Path) -> None:
    from gliascope.prepare import prepare
    from gliascope.read import read_cases
    from gliascope.training.checkpoint import restore
    from gliascope.training.fit import StageFiles
    from gliascope.training.graphs import round_weights
    from gliascope.training.networks import build_networks

    recipe = load_recipe(place.recipe)
    networks = build_networks(recipe)
    restore(networks.stages["joint"].variables, load_values(StageFiles.under(place.run, "joint").best)[0])
    round_weights(networks.stages["joint"])
    (case,) = read_cases([place.data / load_split(place.split).test[0]])
    images = prepare(case.scans[0], recipe.preparation).images
    expected = networks.graphs["trunk"].predict_on_batch(images)["probability"][:, 0]
    (finding,) = analyse(case, model=exported)
    assert np.allclose([one.raw_probability or 0.0 for one in finding.slices], expected, atol=PARITY_PROBABILITY)


def test_export_is_refused_where_the_engines_disagree(
    place: Place, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnx
    from onnx import numpy_helper

    asked = []

    def shifted(model: Any, *, half: bool) -> onnx.ModelProto:
        asked.append(half)
        graph = onnx.load(exported / f"{model.name}.onnx")
        for tensor in graph.graph.initializer:
            values = numpy_helper.to_array(tensor)
            if values.dtype == np.float16 and values.ndim == 4:
                tensor.CopyFrom(numpy_helper.from_array((values * np.float16(1.2)).astype(np.float16), tensor.name))
        return graph

    monkeypatch.setattr(export, "to_onnx", shifted)
    with pytest.raises(ParityError, match="must agree within"):
        export.export_run(place.run, place.data, tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()
    assert asked == [True, True, False, False]


def test_weights_are_kept_as_float32_where_rounding_them_costs_too_much(
    place: Place, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import onnx
    from onnx import TensorProto

    first = [Parity(200, 2.04e-3, 0.99998)]
    monkeypatch.setattr(export, "measure_parity", lambda *given: first.pop() if first else measure_parity(*given))
    bundle, agreement = export.export_run(place.run, place.data, tmp_path / "bundle")
    assert "weights are kept as float32: as float16 they give other results (0.00204 and 0.99998" in caplog.text
    assert agreement.probability <= 1e-5
    kinds = {
        one.data_type for path in bundle.graphs.values() for one in onnx.load(path).graph.initializer if one.dims[2:]
    }
    assert kinds == {TensorProto.FLOAT}
    assert sum(path.stat().st_size for path in bundle.graphs.values()) > 1.9 * sum(
        (exported / f"{role}.onnx").stat().st_size for role in bundle.graphs
    )


TRAINING = """
import sys
from pathlib import Path
from gliascope.cli.backend import load_training
load_training("the test")
from gliascope.recipe import load_recipe
from gliascope.training.run import train
from tests.training.watchers import Quiet
data, split, recipe, run, how = sys.argv[1:]
train(Path(data), Path(split), load_recipe(recipe), Path(run), Quiet(), resume=how == "resume")
"""


def start_training(place: Place, run: Path, log: Path, how: str) -> subprocess.Popen[bytes]:
    """Train in a process of its own: what else a process has computed before can change last bits."""
    command: list[str | Path] = [sys.executable, "-c", TRAINING, place.data, place.split, place.recipe, run, how]
    # One thread: with more, a loaded machine has given other values now and then, for reasons that were not found.
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_NUM_INTRAOP_THREADS": "1"}
    with log.open("ab") as stream:
        return subprocess.Popen(command, stdout=stream, stderr=stream, env=environment, cwd=ROOT)


def test_a_killed_run_loses_the_running_epoch_only(place: Place, tmp_path: Path) -> None:
    whole, run, log = tmp_path / "whole", tmp_path / "killed", tmp_path / "log"
    assert start_training(place, whole, log, "new").wait(900) == 0, log.read_text()
    process = start_training(place, run, log, "new")
    deadline = time.monotonic() + 900
    while not (run / "joint" / "last.npz").exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert load_values(run / "joint" / "last.npz")[1] >= 1, log.read_text()
    assert start_training(place, run, log, "resume").wait(900) == 0, log.read_text()
    ours, theirs = (load_values(one / "joint" / "last.npz") for one in (run, whole))
    assert ours[1] == theirs[1] == 2
    for place_in_file, (killed, one) in enumerate(zip(ours[0], theirs[0], strict=True)):
        np.testing.assert_array_equal(killed, one, err_msg=f"variable {place_in_file}")


def test_a_folder_with_a_run_is_not_overwritten(place: Place) -> None:
    with pytest.raises(TrainingError, match="holds a run; --resume goes on"):
        train(place.data, place.split, load_recipe(place.recipe), place.run, Quiet())


def test_a_run_goes_on_with_its_own_recipe_only(place: Place) -> None:
    recipe = load_recipe(place.recipe)
    other = recipe.model_copy(update={"training": recipe.training.model_copy(update={"seed": 1})})
    with pytest.raises(TrainingError, match="changed: recipe"):
        train(place.data, place.split, other, place.run, Quiet(), resume=True)


def test_there_must_be_something_to_go_on_with(place: Place, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=r"nothing to go on with, run\.json is missing"):
        train(place.data, place.split, load_recipe(place.recipe), tmp_path / "none", Quiet(), resume=True)


@pytest.mark.parametrize("text", ["{", "[]", '{"split": ""}'])
def test_a_damaged_description_of_a_run_is_told(text: str, tmp_path: Path, place: Place) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(TrainingError, match=r"run\.json: not a run's description"):
        train(place.data, place.split, load_recipe(place.recipe), tmp_path, Quiet(), resume=True)
    with pytest.raises(TrainingError, match=r"run\.json: not a run's description"):
        run_recipe(tmp_path)


def test_a_file_is_no_folder_for_a_run(place: Place) -> None:
    with pytest.raises(TrainingError, match="must have a folder of its own"):
        train(place.data, place.split, load_recipe(place.recipe), place.recipe, Quiet())


def test_validation_patients_must_tell_epochs_apart(place: Place, tmp_path: Path) -> None:
    import shutil

    data = tmp_path / "data"
    shutil.copytree(place.data, data)
    for name in load_split(place.split).validation:
        for mask in (data / name).glob("*_mask.*"):
            blank = np.zeros_like(np.asarray(Image.open(mask)))
            Image.fromarray(blank).save(mask)
    with pytest.raises(TrainingError, match="with and without tumour, received 0 of 12"):
        train(data, place.split, load_recipe(place.recipe), tmp_path / "run", Quiet())


def test_export_on_another_backend_says_how_to_go_on(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(TrainingError, match=r"received jax; go on with KERAS_BACKEND=tensorflow gliascope train --exp"):
        export.export_run(place.run, place.data, place.run / "bundle")


def test_validation_patients_are_needed(place: Place, tmp_path: Path) -> None:
    split = load_split(place.split)
    save_split(replace(split, validation=()), tmp_path / "split.json")
    with pytest.raises(SplitError, match="validation side of the split must have patients"):
        train(place.data, tmp_path / "split.json", load_recipe(place.recipe), tmp_path / "run", Quiet())


def test_a_corrupt_image_ends_training_before_it_begins(place: Place, tmp_path: Path) -> None:
    import shutil

    data = tmp_path / "data"
    shutil.copytree(place.data, data)
    patient = data / load_split(place.split).train[0]
    victim = next(one for one in sorted(patient.iterdir()) if not one.stem.endswith("_mask"))
    victim.write_bytes(victim.read_bytes()[:100])
    with pytest.raises(InputError, match=victim.name):
        train(data, place.split, load_recipe(place.recipe), tmp_path / "run", Quiet())
    assert not (tmp_path / "run").exists(), "the folder is still free for another try"


def test_a_split_that_was_edited_is_refused(place: Place, tmp_path: Path) -> None:
    values = json.loads(place.split.read_text())
    values["sides"]["train"].append(values["sides"]["test"][0])
    (tmp_path / "split.json").write_text(json.dumps(values))
    with pytest.raises(SplitError):
        train(place.data, tmp_path / "split.json", load_recipe(place.recipe), tmp_path / "run", Quiet())


def test_the_command_needs_split_and_recipe_for_a_new_run(
    place: Place, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    result = cli("train", "--data", place.data, "-o", tmp_path / "new")
    assert result.status == 2
    assert "--split (or --all) and --recipe" in " ".join(result.err.split())


def test_ctrl_c_before_anything_is_kept_promises_nothing(
    place: Place, tmp_path: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from gliascope.training import run

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "load_tables", interrupted)
    arguments = ["--data", place.data, "--split", place.split, "--recipe", place.recipe, "-o", tmp_path / "new"]
    result = cli("train", *arguments)
    assert result.status == 130
    assert result.err == "gliascope: error: interrupted\n"


def test_export_only_takes_no_other_recipe(place: Place, cli: Callable[..., Any]) -> None:
    result = cli("train", "--data", place.data, "-o", place.run, "--export-only", "--recipe", "classic")
    assert result.status == 2
    assert "--export-only takes what the run was started with" in " ".join(result.err.split())
