"""Training that begins with the weights of an earlier run."""

from __future__ import annotations

import json
import runpy
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
pytest.importorskip("tf2onnx")

from gliascope.bundle import load_bundle  # noqa: E402  after the check that Keras is there
from gliascope.dataset.folds import make_folds  # noqa: E402
from gliascope.dataset.layout import patients  # noqa: E402
from gliascope.dataset.split import load_split  # noqa: E402
from gliascope.errors import BundleError, TrainingError  # noqa: E402
from gliascope.evaluate.evidence import record_of  # noqa: E402
from gliascope.evaluate.recalibrate import evidence_in  # noqa: E402
from gliascope.evaluate.stamp import check_lone  # noqa: E402
from gliascope.phantom import make_phantom, write_phantom  # noqa: E402
from gliascope.pipeline import Analyser  # noqa: E402
from gliascope.read import read_case  # noqa: E402
from gliascope.recipe import load_recipe  # noqa: E402
from gliascope.training.checkpoint import load_values, restore  # noqa: E402
from gliascope.training.crossval import cross_validate  # noqa: E402
from gliascope.training.crossval_state import resume_job  # noqa: E402
from gliascope.training.export import export_run  # noqa: E402
from gliascope.training.history import History  # noqa: E402
from gliascope.training.networks import build_networks  # noqa: E402
from gliascope.training.run import RUN_FILE, train  # noqa: E402
from gliascope.training.start import read_start, start_from  # noqa: E402
from gliascope.training.unfold import _fitted  # noqa: E402
from tests.training.watchers import Quiet  # noqa: E402

pytestmark = pytest.mark.train

TINY = Path(__file__).with_name("tiny_networks.py")

RECIPE = """
name = "tiny"
[preparation]
size = 32
[network]
decoder = [16, 8, 8, 8, 4]
[training]
epochs = 1
batch_size = 8
precision = "float32"
optimiser = "sgd"
learning_rate = {rate}
weight_decay = 0.0
clip_norm = 0.0
"""


@dataclass(frozen=True)
class Place:
    """An earlier run on other phantoms, and a recipe that changes next to nothing of its weights."""

    earlier: Path
    recipe: Path


@pytest.fixture(scope="module")
def tiny() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        runpy.run_path(str(TINY))["install"](patch.setattr)
        yield


@pytest.fixture(scope="module")
def place(phantoms: Any, tiny: None, tmp_path_factory: pytest.TempPathFactory) -> Place:
    root = tmp_path_factory.mktemp("start")
    for seed in range(6):
        write_phantom(make_phantom(100 + seed, slices=6, size=96, lesion_radius_px=12), root / "others")
    for name, rate in (("fast", 0.01), ("still", 1e-9)):
        (root / f"{name}.toml").write_text(RECIPE.format(rate=rate))
    split = make_folds(root / "others", folds=2, validation=0.3).splits[0]
    recipe = load_recipe(root / "fast.toml")
    train(root / "others", split, recipe, root / "earlier", Quiet())
    export_run(root / "earlier", root / "others", root / "earlier" / "bundle", name="others")
    return Place(root / "earlier", root / "still.toml")


def kernels(run: Path) -> list[Any]:
    return [one for one in load_values(run / "joint" / "best.npz")[0] if one.ndim == 4]


@pytest.fixture(scope="module")
def run(place: Place, phantoms: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("later") / "run"
    train(phantoms.data, phantoms.split, load_recipe(place.recipe), folder, Quiet(), start=start_from(place.earlier))
    return folder


def test_a_run_begins_with_the_weights_of_an_earlier_one(place: Place, run: Path) -> None:
    for began, ended in zip(kernels(place.earlier), kernels(run), strict=True):
        np.testing.assert_allclose(ended, began, atol=1e-5)
    assert json.loads((run / RUN_FILE).read_text())["start"] == start_from(place.earlier).description


def test_its_bundle_knows_what_the_earlier_run_has_seen(place: Place, run: Path, phantoms: Any) -> None:
    bundle, _ = export_run(run, phantoms.data, run / "bundle")
    earlier = load_bundle(place.earlier / "bundle")
    assert earlier.seen() < bundle.seen()
    assert bundle.summary["started_from"] == {
        "name": "others",
        "sha256": start_from(place.earlier).sha256,
        "slices": len(earlier.seen()),
    }
    assert "others" in (run / "bundle" / "MODEL_CARD.md").read_text()


def test_a_run_begins_with_the_weights_of_a_bundle(place: Place, run: Path, phantoms: Any, tmp_path: Path) -> None:
    start = start_from(place.earlier / "bundle")
    assert (start.name, start.seen) == ("others", load_bundle(place.earlier / "bundle").seen())
    folder = tmp_path / "run"
    train(phantoms.data, phantoms.split, load_recipe(place.recipe), folder, Quiet(), start=start)
    # Folded into other values, which compute the same: so the two runs validate alike.
    ours, theirs = (History(one / "joint" / "history.csv").rows[0] for one in (folder, run))
    for name in ("val_dice", "val_auc", "loss"):
        assert float(ours[name]) == pytest.approx(float(theirs[name]), abs=0.05)
    bundle, _ = export_run(folder, phantoms.data, folder / "bundle")
    assert bundle.summary["started_from"] == start.description
    assert start.seen < bundle.seen()


def test_a_run_of_another_size_begins_with_the_weights_of_a_bundle(place: Place, phantoms: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.toml"
    other.write_text(place.recipe.read_text().replace("size = 32", "size = [64, 32]"))
    run = tmp_path / "run"
    train(phantoms.data, phantoms.split, load_recipe(other), run, Quiet(), start=start_from(place.earlier / "bundle"))
    recipe = load_recipe(place.recipe)
    began = build_networks(recipe).stages["joint"]
    restore(began.variables, load_values(place.earlier / "joint" / "best.npz")[0])
    ended = build_networks(recipe).stages["joint"]
    restore(ended.variables, load_values(run / "joint" / "best.npz")[0])
    image = np.random.default_rng(0).normal(size=(4, 32, 32, 3)).astype(np.float32)
    for name, values in began.predict_on_batch(image).items():
        np.testing.assert_allclose(ended.predict_on_batch(image)[name], values, atol=0.02)
    bundle, _ = export_run(run, phantoms.data, run / "bundle")
    assert bundle.recipe.preparation.shape == (64, 32)
    case = Analyser(bundle).analyse(read_case(next(iter(patients(phantoms.data))).files))
    assert len(case.slices) == 6


def test_images_are_fitted_into_another_size() -> None:
    images = np.arange(50.0).reshape(1, 5, 5, 2)
    assert np.array_equal(_fitted(images, (3, 7))[0, :, 1:-1], images[0, 1:4])
    assert np.array_equal(_fitted(images, (3, 7))[0, :, 0], images[0, 1:4, 0])
    assert np.array_equal(_fitted(images, (6, 5))[0], images[0, [0, 1, 2, 3, 4, 4]])


def test_folds_leave_out_whom_the_start_has_seen(place: Place, run: Path, phantoms: Any, tmp_path: Path) -> None:
    more = tmp_path / "data"
    shutil.copytree(phantoms.data, more)
    for seed in range(6):
        write_phantom(make_phantom(200 + seed, slices=6, size=96, lesion_radius_px=12), more)
    bundle, _ = export_run(run, phantoms.data, tmp_path / "bundle")
    start = start_from(bundle.path)
    folds = make_folds(more, folds=2, validation=0.3, seen=start.seen)
    split = load_split(phantoms.split)
    assert set(folds.always) == {*split.train, *split.validation}
    job, recipe = tmp_path / "job", load_recipe(place.recipe)
    done = cross_validate(more, job, Quiet(), recipe=recipe, folds=folds, start=start, lone=True)
    assert done.finished
    assert done.evaluation is not None
    tested = {name for one in done.evaluation.patients for name in one.folders}
    assert tested == {one.name for one in patients(more)} - set(folds.always)
    whole, lone = evidence_in(job)
    assert lone is not None
    check_lone(record_of(whole), record_of(lone))


def test_who_chose_before_may_choose_again_on_the_same_split(
    place: Place, run: Path, phantoms: Any, tmp_path: Path
) -> None:
    bundle, _ = export_run(run, phantoms.data, tmp_path / "bundle")
    start = start_from(bundle.path)
    split = load_split(phantoms.split)
    assert start.judged_alike(split)
    train(phantoms.data, phantoms.split, load_recipe(place.recipe), tmp_path / "run", Quiet(), start=start)
    turned = replace(split, train=split.validation, validation=split.train)
    assert not start.judged_alike(turned)
    with pytest.raises(TrainingError, match="chooses the epoch must be new to the weights"):
        train(phantoms.data, turned, load_recipe(place.recipe), tmp_path / "turned", Quiet(), start=start)


def test_a_split_by_slice_has_no_judges_that_never_trained(run: Path, phantoms: Any, tmp_path: Path) -> None:
    bundle, _ = export_run(run, phantoms.data, tmp_path / "bundle")
    leaky = replace(load_split(phantoms.split), strategy="slice")
    start = replace(start_from(bundle.path), split=leaky.sha256)
    assert not start.judged_alike(leaky)


def test_a_bundle_is_no_start_on_another_backend(
    place: Place, phantoms: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    start_from(place.earlier).check_backend()
    with pytest.raises(TrainingError, match=r"from a bundle with the backend tensorflow, received jax"):
        start_from(place.earlier / "bundle").check_backend()


def test_embedded_stands_for_the_bundle_in_the_package() -> None:
    start = start_from("embedded")
    assert start.bundle is not None
    assert (start.name, start.weights) == (load_bundle().name, {})


def test_a_start_that_has_seen_a_judge_is_refused(place: Place, phantoms: Any, tmp_path: Path, run: Path) -> None:
    export_run(run, phantoms.data, run / "bundle")
    with pytest.raises(TrainingError, match=r"PHANTOM_.*chooses the epoch must be new .* has seen 6 slices"):
        train(
            phantoms.data,
            replace(load_split(phantoms.split), seed=1),
            load_recipe(place.recipe),
            tmp_path / "run",
            Quiet(),
            start=start_from(run),
        )
    assert not (tmp_path / "run").exists()
    folds = make_folds(phantoms.data, folds=2, validation=0.3)
    with pytest.raises(TrainingError, match="must be new to the weights"):
        cross_validate(
            phantoms.data, tmp_path / "job", Quiet(), recipe=load_recipe(place.recipe), folds=folds, only=[0],
            train_only=True, start=start_from(run),
        )  # fmt: skip
    assert not (tmp_path / "job").exists()


def test_a_cross_validation_keeps_its_start_and_goes_on_with_it(place: Place, phantoms: Any, tmp_path: Path) -> None:
    folds, job = make_folds(phantoms.data, folds=2, validation=0.3), tmp_path / "job"
    start = start_from(place.earlier)
    recipe = load_recipe(place.recipe)
    cross_validate(phantoms.data, job, Quiet(), recipe=recipe, folds=folds, only=[0], train_only=True, start=start)
    cross_validate(phantoms.data, job, Quiet(), only=[1], resume=True, train_only=True)
    for fold in (0, 1):
        for began, ended in zip(kernels(place.earlier), kernels(job / f"fold-{fold}"), strict=True):
            np.testing.assert_allclose(ended, began, atol=1e-3)  # finished folds keep float16
    (job / "start" / "joint.npz").write_bytes(b"something else")
    with pytest.raises(TrainingError, match=r"start: the weights must be those of start\.json"):
        resume_job(job)
    shutil.rmtree(job / "start")
    with pytest.raises(TrainingError, match="changed: start"):
        resume_job(job)


def test_a_cross_validation_keeps_a_bundle_as_its_start(place: Place, phantoms: Any, tmp_path: Path) -> None:
    folds, job = make_folds(phantoms.data, folds=2, validation=0.3), tmp_path / "job"
    start, recipe = start_from(place.earlier / "bundle"), load_recipe(place.recipe)
    cross_validate(phantoms.data, job, Quiet(), recipe=recipe, folds=folds, only=[0], train_only=True, start=start)
    cross_validate(phantoms.data, job, Quiet(), only=[1], resume=True, train_only=True)
    first, second = (kernels(job / f"fold-{fold}") for fold in (0, 1))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)
    shutil.copyfile(job / "start" / "bundle" / "decoder.onnx", job / "start" / "bundle" / "trunk.onnx")
    with pytest.raises(BundleError, match=r"trunk\.onnx: the file was altered"):
        resume_job(job)


def test_a_start_needs_weights_a_bundle_and_the_same_network(place: Place, phantoms: Any, tmp_path: Path) -> None:
    assert read_start(tmp_path) is None
    with pytest.raises(TrainingError, match="a run with weights or of a bundle, or embedded, received neither"):
        start_from(tmp_path)
    bare = tmp_path / "bare"
    shutil.copytree(place.earlier, bare, ignore=shutil.ignore_patterns("bundle"))
    with pytest.raises(TrainingError, match=r"must have a bundle.*--export-only"):
        start_from(bare)
    wide = tmp_path / "wide.toml"
    wide.write_text(place.recipe.read_text().replace("[16, 8, 8, 8, 4]", "[16, 8, 8, 8, 8]"))
    with pytest.raises(TrainingError, match="a start must be of the same network, received another"):
        train(
            phantoms.data, phantoms.split, load_recipe(wide), tmp_path / "run", Quiet(), start=start_from(place.earlier)
        )
    apart = tmp_path / "apart.toml"
    apart.write_text(place.recipe.read_text().replace("[network]", '[network]\nwiring = "separate"'))
    with pytest.raises(TrainingError, match="must have weights for classifier, segmenter, received joint"):
        train(
            phantoms.data,
            phantoms.split,
            load_recipe(apart),
            tmp_path / "run",
            Quiet(),
            start=start_from(place.earlier),
        )
    assert not (tmp_path / "run").exists()


def test_the_commands_take_a_start_for_new_work_only(place: Place, cli: Callable[..., Any], tmp_path: Path) -> None:
    for command in ("train", "crossval"):
        said = cli(command, "--data", tmp_path, "-o", tmp_path, "--resume", "--start-from", place.earlier)
        assert (said.status, "--start-from belongs to a new" in said.err) == (2, True)
