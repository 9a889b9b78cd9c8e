"""A whole cross-validation on phantoms with small networks: killed, resumed, scored; nothing here says how well."""

from __future__ import annotations

import csv
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

keras = pytest.importorskip("keras")
pytest.importorskip("pyarrow")

from gliascope.bundle import load_bundle  # noqa: E402  after the check that Keras is there
from gliascope.cli.crossval_progress import CrossProgress  # noqa: E402
from gliascope.dataset.folds import make_folds, save_folds  # noqa: E402
from gliascope.dataset.split import load_split  # noqa: E402
from gliascope.errors import InputError, TrainingError  # noqa: E402
from gliascope.evaluate.evidence import evaluation_of, load_evidence  # noqa: E402
from gliascope.pipeline import Analyser  # noqa: E402
from gliascope.pipeline.lock import locked  # noqa: E402
from gliascope.read import read_cases  # noqa: E402
from gliascope.recipe import load_recipe  # noqa: E402
from gliascope.training import crossval, crossval_fold, crossval_report, store  # noqa: E402
from gliascope.training.crossval import cross_validate  # noqa: E402
from gliascope.training.crossval_state import Job, resume_job  # noqa: E402
from gliascope.training.table import load_table  # noqa: E402
from tests.training.crossval_place import COMMAND, RECIPE, TINY, Listener, Place  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def tiny() -> Iterator[None]:
    """Small networks in this process, and results that say they were made at one moment."""
    with pytest.MonkeyPatch.context() as patch:
        runpy.run_path(str(TINY))["install"](patch.setattr)
        patch.setenv("SOURCE_DATE_EPOCH", "1700000000")
        yield


@pytest.fixture(scope="module")
def place(phantoms: Any, tiny: None, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Phantoms, two folds, a recipe, and a finished cross-validation."""
    root = tmp_path_factory.mktemp("crossval")
    (root / "recipe.toml").write_text(RECIPE)
    save_folds(make_folds(phantoms.data, folds=2, validation=0.3), root / "folds.json")
    where = Place(phantoms.data, root / "folds.json", root / "recipe.toml", root / "out", Listener())
    done = cross_validate(
        where.data, where.out, where.told, recipe=load_recipe(where.recipe), folds=where.folds_made(), workers=2
    )
    assert done.finished
    assert done.evaluation is not None
    return where


def test_every_patient_is_scored_once_by_the_fold_that_tests_it(place: Place) -> None:
    evidence = load_evidence(place.out / "evidence.parquet")
    tested = {name: fold for fold, split in enumerate(place.folds_made().splits) for name in split.test}
    assert {one.folders[0]: one.fold for one in evidence.patients} == tested
    assert len(evidence.patients) == 6
    assert [one.fold for one in evidence.origin.models] == [0, 1]
    assert evidence.origin.sample == "phantom"
    assert place.told.folds == [0, 1]
    assert place.told.patients == [(fold, done, 3) for fold in (0, 1) for done in (1, 2, 3)]


def test_a_folds_networks_and_thresholds_saw_none_of_its_patients(place: Place) -> None:
    for fold, split in enumerate(place.folds_made().splits):
        seen = load_bundle(place.job().files(fold).bundle).seen()
        hashes = {
            side: {one.sha256 for case in read_cases([place.data / name for name in names]) for one in case.sources}
            for side, names in split.sides().items()
        }
        assert seen == hashes["train"] | hashes["validation"]
        assert not seen & hashes["test"]


def test_a_fold_that_saw_its_patients_is_refused(place: Place, tmp_path: Path) -> None:
    job = Job(tmp_path, load_recipe(place.recipe), place.folds_made(), "2026-01-01T00:00:00+00:00")
    shutil.copytree(place.job().files(0).bundle, job.files(1).bundle)  # fold 0 was trained on patients of fold 1
    with pytest.raises(InputError, match="trained or chosen"):
        crossval_report.score_fold(job, 1, place.data, lambda *_: None)
    assert not job.files(1).scored


def test_training_elsewhere_reads_none_of_the_folds_own_patients_and_scoring_here_gives_the_same_evidence(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def watched(folders: Any, *arguments: Any) -> Any:
        read.extend(one.name for one in folders)
        return load_table(folders, *arguments)

    monkeypatch.setattr(store, "load_table", watched)
    elsewhere, out, split = tmp_path / "data", tmp_path / "out", place.folds_made().splits[0]
    shutil.copytree(place.data, elsewhere)
    for name in split.test:
        for path in (elsewhere / name).iterdir():
            path.write_bytes(b"whoever reads this fails")
    how: Any = {"only": [0], "train_only": True}
    stopped = cross_validate(
        elsewhere, out, Listener(epochs=1), recipe=load_recipe(place.recipe), folds=place.folds_made(), **how
    )
    assert not stopped.finished
    assert stopped.job.trained() == ()
    assert (out / "fold-0" / "joint" / "last.npz").exists()
    trained = cross_validate(elsewhere, out, Listener(), resume=True, **how)
    assert trained.evaluation is None
    assert trained.job.trained() == (0,)
    assert set(read) == {*split.train, *split.validation}
    found = sorted(path.name for path in (out / "fold-0").iterdir())
    assert found == ["inner.json", "joint", "run.json", "split.json", "tensorboard"]
    monkeypatch.setattr(crossval_fold, "train", lambda *_, **__: pytest.fail("it was trained elsewhere"))
    monkeypatch.setattr(crossval, "report", lambda *_: None)
    assert cross_validate(place.data, out, Listener(), only=[0], resume=True).job.scored() == (0,)
    for name in ("inner.json", "evidence.parquet"):
        assert (out / "fold-0" / name).read_bytes() == (place.out / "fold-0" / name).read_bytes(), name


def test_what_is_scored_is_what_analyse_writes(place: Place) -> None:
    (first, *_) = load_evidence(place.out / "fold-1" / "evidence.parquet").patients
    analyser = Analyser(place.out / "fold-1" / "bundle")
    (finding,) = analyser.iter(place.data / first.folders[0])
    for ours, theirs in zip(first.slices, finding.slices, strict=True):
        assert ours.probability == pytest.approx(theirs.probability, abs=1e-6)
        assert (ours.verdict, ours.predicted_px) == (theirs.verdict, theirs.area_px)


def test_inner_figures_are_those_of_the_bundle_on_the_inner_hold_out(place: Place) -> None:
    from gliascope.evaluate.run import evaluate_side

    split = place.folds_made().splits[0]
    inner = json.loads((place.out / "fold-0" / "inner.json").read_text())
    bundle = load_bundle(place.out / "fold-0" / "bundle")
    record = evaluate_side(place.data, split, Analyser(bundle), side="validation", allow_seen=True, resamples=0).record
    assert inner["epochs"] == bundle.summary["best_epoch"]
    assert inner["operating_point"]["mask"] == bundle.operating_point().mask
    assert [one["patient"] for one in inner["patients"]] == [one.patient for one in record.patients]
    for name, figure in record.figures.items():
        if figure.value is None:
            assert inner["figures"][name]["value"] is None
        else:
            assert inner["figures"][name]["value"] == pytest.approx(figure.value, rel=0.02, abs=0.02)


def test_the_inner_hold_outs_of_all_folds_are_one_table(place: Place) -> None:
    with (place.out / "inner.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["fold"] for row in rows] == ["0", "1", "mean"]
    dice = [json.loads((place.out / f"fold-{k}" / "inner.json").read_text())["figures"]["dice_mean"] for k in (0, 1)]
    assert [float(row["dice_mean"]) for row in rows[:2]] == [one["value"] for one in dice]
    assert float(rows[2]["dice_mean"]) == pytest.approx(np.mean([one["value"] for one in dice]))
    assert rows[0]["steps"] == "joint:2"


def test_variants_of_trained_folds_are_compared_without_training(place: Place, cli: Any) -> None:
    result = cli("crossval", "-o", place.out, "--data", place.data, "--variants", "--only", "1")
    assert result.status == 0, result.err
    assert not (place.out / "fold-0" / "variants.json").exists()
    assert cli("crossval", "-q", "-o", place.out, "--data", place.data, "--variants").status == 0
    with (place.out / "variants.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    with (place.out / "inner.csv").open(newline="") as stream:
        inner = list(csv.DictReader(stream))
    names = [(row["flips"], row["rule"]) for row in rows]
    assert names == [(flips, rule) for flips in ("no", "yes") for rule in ("all", "spanning", "largest", "chosen")] * 3
    assert [row["fold"] for row in rows] == ["0"] * 8 + ["1"] * 8 + ["mean"] * 8
    trained = [row for row in rows if (row["flips"], row["rule"]) == ("no", "chosen")]
    for mine, theirs in zip(trained, inner, strict=True):
        for key in ("detection", "mask", "components", "dice_mean", "auc"):
            assert mine[key] == theirs[key]
    for row in rows[:16]:
        assert row["rule"] in (row["components"], "chosen")
    for flips in ("no", "yes"):
        ruled = {row["rule"]: row for row in rows[:8] if row["flips"] == flips}
        chosen = ruled["chosen"]
        assert chosen["dice_mean"] == ruled[chosen["components"]]["dice_mean"]
        assert chosen["components"] == "spanning" or float(chosen["dice_mean"]) > float(ruled["spanning"]["dice_mean"])


def test_variants_need_trained_folds_and_go_alone(place: Place, cli: Any, tmp_path: Path) -> None:
    where = ("crossval", "-o", place.out, "--data", place.data, "--variants")
    assert cli(*where, "--resume").status == 2
    assert cli(*where, "--steps", "3").status == 2
    assert cli(*where, "--lone-slices").status == 2
    result = cli(*where, "--only", "7")
    assert result.status == 1
    assert "variants need trained folds, received 7" in result.err
    damaged = tmp_path / "out"
    shutil.copytree(place.out, damaged)
    (damaged / "fold-0" / "variants.json").write_text("{}")
    result = cli("crossval", "-o", damaged, "--data", place.data, "--variants")
    assert result.status == 1
    assert "must have the schema gliascope.variants/2" in result.err


def test_the_results_are_those_of_an_evaluation_and_finished_folds_are_light(place: Place) -> None:
    found = {path.name for path in place.out.iterdir()}
    assert {"evaluation.json", "evidence.parquet", "patients.csv", "slices.csv", "report.html"} <= found
    assert not (place.out / "partial").exists()
    assert sorted((place.out / "worst").glob("*.png"))
    for fold in (0, 1):
        run = place.out / f"fold-{fold}"
        assert load_split(run / "split.json") == place.folds_made().splits[fold]
        assert not (run / "joint" / "last.npz").exists()
        with np.load(run / "joint" / "best.npz") as best:
            assert {best[one].dtype for one in best.files if one != "epoch"} <= {np.dtype("f2"), np.dtype("u4")}
        assert load_bundle(run / "bundle").summary["fold"] == fold
        assert load_bundle(run / "bundle").created == "2023-11-14T22:13:20+00:00"


def test_a_second_call_does_nothing_again_and_leaves_the_same_bytes(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("this was done before")

    monkeypatch.setattr(crossval_fold, "train", never)
    monkeypatch.setattr(store, "load_table", never)
    monkeypatch.setattr(crossval_report, "evaluate_side", never)
    monkeypatch.setattr(crossval_report, "_worst", never)
    names = ("evidence.parquet", "evaluation.json", "inner.csv")
    before = [(place.out / name).read_bytes() for name in names]
    done = cross_validate(place.data, place.out, Listener(), resume=True)
    assert done.finished
    assert [(place.out / name).read_bytes() for name in names] == before


def test_pictures_that_a_killed_call_did_not_draw_are_drawn_by_the_next(place: Place, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    shutil.copytree(place.out, out)
    pictures = sorted(path.name for path in (out / "worst").iterdir())
    shutil.rmtree(out / "worst")
    (out / "report.html").unlink()
    cross_validate(place.data, out, Listener(), resume=True)
    assert sorted(path.name for path in (out / "worst").iterdir()) == pictures
    assert "No pictures" not in (out / "report.html").read_text(encoding="utf-8")


def test_results_of_all_folds_wait_for_another_call(place: Place, tmp_path: Path) -> None:
    out = tmp_path / "shared"
    shutil.copytree(place.out, out)
    (out / "inner.csv").unlink()
    job = resume_job(out)
    calls = [lambda: crossval_report.write_inner(job), lambda: crossval_report.report(job, place.data)]
    threads = [threading.Thread(target=call) for call in calls]
    with locked(out):
        (out / "partial").mkdir()
        for one in threads:
            one.start()
        threads[0].join(1)
        assert not (out / "inner.csv").exists()
        assert (out / "partial").is_dir()
    for one in threads:
        one.join()
    assert (out / "inner.csv").read_bytes() == (place.out / "inner.csv").read_bytes()
    assert not (out / "partial").exists()


def test_a_killed_fold_goes_on_to_the_same_evidence(place: Place, tmp_path: Path) -> None:
    out = tmp_path / "killed"
    command = [sys.executable, "-c", COMMAND, "crossval", "-q", "--data", str(place.data)]
    command += ["--split", str(place.folds), "--recipe", str(place.recipe), "-o", str(out), "--only", "1"]
    state = out / "fold-1" / "joint" / "last.npz"
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"})
        deadline = time.monotonic() + 900
        while not state.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not (out / "fold-1" / "evidence.parquet").exists(), (tmp_path / "log").read_text()
    assert (out / "fold-1" / "run.json").exists(), (tmp_path / "log").read_text()
    partial = cross_validate(place.data, out, Listener(), only=[1], resume=True)
    assert partial.evaluation is not None
    assert partial.evaluation.record.split.side == "test (fold 1 of 2)"
    assert (out / "partial" / "evidence.parquet").exists()
    assert not (out / "evidence.parquet").exists()
    shutil.copytree(place.out / "fold-0", out / "fold-0")
    cross_validate(place.data, out, Listener(), resume=True)
    for name in ("fold-1/evidence.parquet", "fold-1/inner.json", "evidence.parquet", "inner.csv"):
        assert (out / name).read_bytes() == (place.out / name).read_bytes(), name
    assert not (out / "partial").exists()


def test_scoring_needs_tensorflow_and_says_how_to_train_without(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(TrainingError, match=r"received jax; train here with --train-only, and go on with KERAS_BACK"):
        cross_validate(
            place.data, tmp_path / "out", Listener(), recipe=load_recipe(place.recipe), folds=place.folds_made()
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("only", [[2], [-1, 0]])
def test_an_unknown_fold_is_refused_before_anything_is_written(only: list[int], place: Place, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="folds are numbered from 0 to 1, received"):
        cross_validate(
            place.data,
            tmp_path / "out",
            Listener(),
            recipe=load_recipe(place.recipe),
            folds=place.folds_made(),
            only=only,
        )
    assert not (tmp_path / "out").exists()


def test_a_hold_out_without_tumour_is_refused_before_the_folds_before_it_train(place: Place, tmp_path: Path) -> None:
    splits = place.folds_made().splits
    blanked = set(splits[1].validation)
    elsewhere = tmp_path / "data"
    shutil.copytree(place.data, elsewhere)
    for mask in (one for name in blanked for one in (elsewhere / name).glob("*_mask.tif")):
        tifffile.imwrite(mask, np.zeros_like(tifffile.imread(mask)))
    with pytest.raises(
        TrainingError, match=r"fold 1: its inner hold-out must .* received 0 of \d+ with tumour, from "
    ) as told:
        cross_validate(
            elsewhere, tmp_path / "out", Listener(), recipe=load_recipe(place.recipe), folds=place.folds_made()
        )
    assert all(name in str(told.value) for name in blanked)
    assert not (tmp_path / "out").exists()
    assert blanked != set(splits[0].validation), "fold 0 must be sound for this to test anything"


def test_new_ones_need_recipe_and_folds(place: Place, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="must have a recipe and folds"):
        crossval.cross_validate(place.data, tmp_path / "out", Listener())


def test_the_command_hands_on_what_it_was_asked_for_and_tells_the_results(
    place: Place, tmp_path: Path, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, Any] = {}

    def stand_in(data: Path, out: Path, watcher: CrossProgress, **keywords: Any) -> crossval.CrossValidation:
        asked.update(keywords, data=data, out=out, shown=watcher.folds)
        whole = evaluation_of(load_evidence(place.out / "evidence.parquet"), resamples=0)
        return crossval.CrossValidation(place.job(), True, whole)

    monkeypatch.setattr(crossval, "cross_validate", stand_in)
    result = cli(
        *("crossval", "--data", place.data, "--recipe", place.recipe, "--folds", 3, "--steps", 2, "--seed", 5),
        *("--only", "2,1", "--workers", 2, "-o", tmp_path),
    )
    assert result.status == 0, result.err
    assert len(asked["folds"].splits) == 3
    assert (asked["recipe"].training.steps, asked["recipe"].training.seed) == (2, 5)
    assert (asked["shown"], sorted(asked["only"]), asked["workers"]) == ([1, 2], [1, 2], 2)
    assert (asked["resume"], asked["train_only"], asked["out"]) == (False, False, tmp_path)
    assert "Dice per patient, mean" in result.out
    assert result.err.splitlines() == [f"Written: {place.out / 'inner.csv'}", f"Written: {place.out}"]


def test_after_training_alone_the_command_says_how_to_score(
    place: Place, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crossval, "cross_validate", lambda *_, **__: crossval.CrossValidation(place.job(), True, None))
    result = cli("crossval", "--data", place.data, "-o", place.out, "--resume", "--train-only")
    assert result.status == 0, result.err
    assert not result.out
    assert f"To export and score: gliascope crossval --resume --data {place.data} -o {place.out}" in result.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "needs --recipe"),
        (["--recipe", "default", "--only", "0;1"], "must be numbers of folds"),
        (["--resume", "--seed", "1"], "belong to a new job"),
        (["--resume", "--folds", "3"], "excludes --split and --resume"),
    ],
)
def test_arguments_that_do_not_go_together(
    arguments: list[str], message: str, place: Place, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    result = cli("crossval", "--data", place.data, "-o", tmp_path / "out", *arguments)
    assert result.status == 2
    assert message in " ".join(result.err.replace("│", " ").split())


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(
    place: Place, cli: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(crossval, "report", interrupted)
    result = cli("crossval", "-q", "--data", place.data, "-o", place.out, "--resume")
    assert result.status == 130
    assert result.err.splitlines() == [
        f"{place.out}: stopped; whole epochs and finished folds are kept, --resume goes on",
        "gliascope: error: interrupted",
    ]
