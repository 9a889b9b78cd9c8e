"""A run on every patient: nobody chooses, the last epoch is kept, thresholds come from evidence; tiny networks."""

from __future__ import annotations

import csv
import runpy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from gliascope.dataset.layout import patient_of  # noqa: E402  after the check
from gliascope.dataset.split import load_split, save_split, train_everybody  # noqa: E402
from gliascope.errors import SplitError, TrainingError  # noqa: E402
from gliascope.evaluate.assemble import Origin  # noqa: E402
from gliascope.evaluate.evidence import Evidence, record_of, save_evidence  # noqa: E402
from gliascope.evaluate.record_parts import BundleRecord, ModelRecord, PointRecord, SplitRecord  # noqa: E402
from gliascope.evaluate.score import PatientScore, SliceScore  # noqa: E402
from gliascope.recipe import Recipe  # noqa: E402
from gliascope.training import export  # noqa: E402
from gliascope.training.checkpoint import load_values  # noqa: E402
from gliascope.training.parity import Parity  # noqa: E402
from gliascope.training.plan import RunPlan  # noqa: E402
from gliascope.training.run import load_tables, train  # noqa: E402
from tests.training.watchers import Quiet  # noqa: E402

pytestmark = pytest.mark.train


class Watcher(Quiet):
    """Remembers whether an epoch was called the best."""

    def __init__(self) -> None:
        self.best: list[bool] = []
        self.plans: list[RunPlan] = []

    def finish(self, _figures: dict[str, float], best: bool, /) -> None:
        self.best.append(best)


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    runpy.run_path(str(Path(__file__).with_name("tiny_networks.py")))["install"](monkeypatch.setattr)
    yield
    keras.utils.clear_session()


@pytest.fixture
def recipe(make_recipe: Callable[..., Recipe]) -> Recipe:
    return make_recipe(training={"epochs": 2, "batch_size": 8, "precision": "float32", "ema": 0.5})


def evidence() -> Evidence:
    """Two patients by two folds' models; the more probable half of the slices shows a tumour."""
    bundle = BundleRecord(name="fold", created="", sha256="", graphs={}, recipe_sha256="", seen_sha256="")
    models = [
        ModelRecord(
            fold=fold,
            bundle=bundle,
            operating_point=PointRecord(name="balanced", detection=0.5, mask=0.35, components="largest"),
        )
        for fold in (0, 1)
    ]
    people = tuple(
        PatientScore(
            f"P{fold}",
            "AA",
            (f"P{fold}",),
            tuple(
                SliceScore(
                    f"P{fold}",
                    f"{place}.tif",
                    0,
                    value,
                    "no tumour",
                    9 * (value > 0.5),
                    0,
                    0,
                    seen=False,
                    sha256=f"{fold:032x}{place:032x}",
                    raw=value,
                )
                for place, value in enumerate(np.linspace(0.03, 0.98, 20).tolist())
            ),
            fold=fold,
        )
        for fold in (0, 1)
    )
    split = SplitRecord(sha256="1" * 64, strategy="patient", side="test")
    origin = Origin(sample="unseen", data="kaggle_3m", split=split, models=models, provenance={})
    return Evidence(people, origin, 10, 0)


def test_everybody_is_a_split_of_its_own(phantoms: Any, tmp_path: Path, recipe: Recipe) -> None:
    split = train_everybody(phantoms.data)
    assert len(split.train) == 6
    assert (split.validation, split.test, split.everybody) == ((), (), True)
    save_split(split, tmp_path / "split.json")
    assert load_split(tmp_path / "split.json") == split
    tables = load_tables(phantoms.data, split, recipe.preparation)
    assert (len(tables.train.labels), len(tables.validation.labels), tables.validation.patients) == (36, 0, ())
    assert tables.validation.inputs(slice(0, 8)).shape == (0, 32, 32, 3)


def test_some_may_be_held_out_of_everybody(phantoms: Any, tmp_path: Path) -> None:
    first, second, *others = train_everybody(phantoms.data).train
    split = train_everybody(phantoms.data, [first, patient_of(second), first])
    assert (list(split.train), split.hold_out) == (others, tuple(sorted({first, patient_of(second)})))
    assert split.everybody
    save_split(split, tmp_path / "split.json")
    assert load_split(tmp_path / "split.json") == split
    with pytest.raises(SplitError, match="must be in the data set, received NOBODY"):
        train_everybody(phantoms.data, ["NOBODY"])


def test_the_last_epoch_is_kept_and_evidence_gives_the_thresholds(
    phantoms: Any, tmp_path: Path, recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    watcher, run = Watcher(), tmp_path / "run"
    done = train(phantoms.data, train_everybody(phantoms.data), recipe, run, watcher, announce=watcher.plans.append)
    assert done.finished
    assert watcher.best == [False, False]
    assert "validation: nobody; the last epoch is kept" in watcher.plans[0].lines()
    assert load_values(run / "joint" / "best.npz")[1] == 2
    with (run / "joint" / "history.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 2
    assert not any(name.startswith("val_") for name in rows[0])
    assert (run / "joint" / "curves.png").exists()
    with pytest.raises(TrainingError, match="where everybody trains, calibration and thresholds need evidence"):
        export.export_run(run, phantoms.data, tmp_path / "bundle")
    monkeypatch.setattr(Parity, "check", lambda _: None)  # networks of two epochs may outline nothing
    bundle, _ = export.export_run(run, phantoms.data, tmp_path / "bundle", evidence=evidence())
    assert bundle.calibration is not None
    assert (bundle.calibration.fitted_on, bundle.calibration.patients) == ("out-of-fold", 2)
    assert set(bundle.operating_points) == {"balanced", "sensitive", "specific"}
    assert (bundle.operating_point().mask, bundle.operating_point().components) == (0.35, "largest")
    assert bundle.summary["split_strategy"] == "all"
    assert bundle.summary["sides"]["validation"] == {"patients": 0, "slices": 0, "tumour_slices": 0}
    assert bundle.summary["best_epoch"] == {"joint": 2}
    assert bundle.evaluation["kind"] == "out-of-fold"
    assert len(bundle.seen()) == 36


def test_a_segmenter_of_everybody_has_no_gate(
    phantoms: Any, tmp_path: Path, make_recipe: Callable[..., Recipe]
) -> None:
    recipe = make_recipe(network={"wiring": "separate"}, training={"epochs": 1, "steps": 1, "precision": "float32"})
    assert train(phantoms.data, train_everybody(phantoms.data), recipe, tmp_path / "run", Quiet()).finished
    for stage in ("classifier", "segmenter"):
        assert load_values(tmp_path / "run" / stage / "best.npz")[1] == 1


def test_the_command_says_what_does_not_fit(cli: Callable[..., Any], phantoms: Any, tmp_path: Path) -> None:
    found = evidence()
    file = save_evidence(found.patients, tmp_path / "evidence.parquet", record=record_of(found))
    start = ["train", "--data", phantoms.data, "-o", tmp_path / "run", "--all"]
    for more, message in (
        (["--recipe", "default"], "--all needs --calibrate-from"),
        (["--recipe", "default", "--split", phantoms.split, "--calibrate-from", file], "exclude each other"),
        (["--resume", "--calibrate-from", file], "--all belongs to a new run"),
        (["--calibrate-from", file], "a new run needs --split (or --all) and --recipe"),
    ):
        result = cli(*start, *more)
        assert result.status == 2
        assert message in " ".join(result.err.replace("│", " ").split())
    result = cli("train", "--data", phantoms.data, "-o", tmp_path / "run", "--resume", "--epochs", "3")
    assert "--steps and --epochs belong to a new run" in " ".join(result.err.replace("│", " ").split())


def test_the_command_hands_everybody_and_the_evidence_on(
    cli: Callable[..., Any], phantoms: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = evidence()
    asked: list[Any] = []

    def stop(*_: Any, evidence: Evidence, lone: Evidence | None, **__: Any) -> None:
        asked.append(evidence)
        assert lone is None
        raise TrainingError("far enough")

    save_evidence(found.patients, tmp_path / "evidence.parquet", record=record_of(found))
    monkeypatch.setattr("gliascope.training.run.train", lambda *given, **_: asked.append(given))
    monkeypatch.setattr(export, "export_run", stop)
    result = cli(
        "train", "--data", phantoms.data, "--recipe", "default", "-o", tmp_path / "run", "--all",
        "--epochs", 3, "--calibrate-from", tmp_path, "--hold-out", "PHANTOM_LS_0001",
    )  # fmt: skip
    assert "far enough" in result.err
    (_, split, recipe, *_), given = asked
    assert split == train_everybody(phantoms.data, ["PHANTOM_LS_0001"])
    assert recipe.training.epochs == 3
    assert record_of(given) == record_of(found)
