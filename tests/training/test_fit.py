from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from gliascope.errors import TrainingError  # noqa: E402  after the check that Keras is there
from gliascope.prepare import InverseMap  # noqa: E402
from gliascope.recipe import Network, Preparation, Recipe, Training  # noqa: E402
from gliascope.training import fit  # noqa: E402
from gliascope.training.checkpoint import load_values, snapshot  # noqa: E402
from gliascope.training.fit import StageFiles, StageFitter, learning_rate, predict_table  # noqa: E402
from gliascope.training.networks.classic import small_resunet  # noqa: E402
from gliascope.training.score import validation_scores  # noqa: E402
from gliascope.training.table import Patient, SliceTable, Tables  # noqa: E402

pytestmark = pytest.mark.train

SIZE = 32


class Silent:
    """Ends training after a number of epochs."""

    def __init__(self, epochs: int = 1000) -> None:
        self.left = epochs
        self.lines: list[dict[str, float]] = []
        self.steps = 0

    def start(self, *_: Any) -> None:
        self.steps = 0

    def step(self, _figures: dict[str, float], /) -> None:
        self.steps += 1

    def finish(self, figures: dict[str, float], _best: bool, /) -> None:
        self.left -= 1
        self.lines.append(figures)

    def stopped(self) -> bool:
        return self.left <= 0


def table(seed: int, slices: int = 12) -> SliceTable:
    rng = np.random.default_rng(seed)
    images = rng.normal(0, 0.3, (slices, SIZE, SIZE, 3)).astype(np.float16)
    masks = np.zeros((slices, SIZE, SIZE), dtype=np.uint8)
    for row in range(0, slices, 2):
        top, left = rng.integers(4, 16, 2)
        masks[row, top : top + 10, left : left + 10] = 1
    images[..., 1] += 3 * masks.astype(np.float16)
    labels = np.asarray(masks.any(axis=(1, 2)), dtype=np.bool_)
    inverse = InverseMap((SIZE, SIZE), 0, 0, (SIZE, SIZE), (SIZE, SIZE))
    patient = Patient("A", slice(0, slices), inverse, masks.astype(bool), tuple("0" * slices))
    return SliceTable(images, masks, labels, (patient,))


def recipe(**training: Any) -> Recipe:
    values: dict[str, Any] = {"epochs": 3, "batch_size": 4, "precision": "float32", "learning_rate": 5e-3} | training
    return Recipe(
        preparation=Preparation(size=SIZE),
        network=Network(wiring="separate", filters=(4, 8)),
        training=Training(**values),
    )


def fitter(run: Path, how: Recipe) -> StageFitter:
    keras.utils.set_random_seed(how.training.seed)
    model = small_resunet((SIZE, SIZE), how.network.filters).trained
    return StageFitter(model, "segmenter", how, Tables(table(0), table(1, 8)), run)


def test_training_learns_and_keeps_its_files(tmp_path: Path) -> None:
    how = recipe(epochs=6)
    one, watcher = fitter(tmp_path, how), Silent()
    one.fit(watcher)
    assert watcher.steps == one.steps.per_pass == 3
    assert watcher.lines[-1]["loss"] < 0.8 * watcher.lines[0]["loss"]
    files = StageFiles.under(tmp_path, "segmenter")
    assert [row["epoch"] for row in one.history.rows] == [1, 2, 3, 4, 5, 6]
    best = max(one.history.rows, key=lambda row: row["val_score"])
    assert load_values(files.best)[1] == best["epoch"]
    assert load_values(files.last)[1] == 6


def test_the_last_epoch_is_kept_where_the_recipe_says_so(tmp_path: Path) -> None:
    one = fitter(tmp_path, recipe(epochs=4, keep="last", learning_rate=0.05))
    scores = iter([0.9, 0.1, 0.8, 0.2])
    one._validate = lambda: {"score": next(scores)}  # type: ignore[method-assign]
    watcher = Silent()
    one.fit(watcher)
    best, epoch = load_values(StageFiles.under(tmp_path, "segmenter").best)
    assert epoch == 4
    for kept, live in zip(best, snapshot(one.model.variables), strict=True):
        np.testing.assert_array_equal(kept, live)


@pytest.mark.parametrize(
    "training", [{}, {"ema": 0.9, "precision": "mixed_float16"}, {"optimiser": "sgd", "precision": "mixed_bfloat16"}]
)
def test_resuming_gives_the_uninterrupted_run_bit_by_bit(
    training: dict[str, Any], tmp_path: Path, plain_keras: None
) -> None:
    how = recipe(**training)
    keras.mixed_precision.set_global_policy(how.training.precision)
    fitter(tmp_path / "whole", how).fit(Silent())
    fitter(tmp_path / "parts", how).fit(Silent(epochs=1))
    again = fitter(tmp_path / "parts", how)
    assert again.resume()
    assert again.epoch == 1
    again.fit(Silent())
    for name in ("last", "best"):
        whole, parts = (
            load_values(getattr(StageFiles.under(tmp_path / run, "segmenter"), name)) for run in ("whole", "parts")
        )
        assert whole[1] == parts[1]
        assert all(np.array_equal(a, b) for a, b in zip(whole[0], parts[0], strict=True))
    histories = [(tmp_path / run / "segmenter" / "history.csv").read_bytes() for run in ("whole", "parts")]
    assert histories[0] == histories[1]


def test_an_epoch_that_was_recorded_but_not_saved_is_done_again(tmp_path: Path) -> None:
    how = recipe(epochs=2)
    first = fitter(tmp_path, how)
    first.fit(Silent(epochs=1))
    first.history.add(2, {name: 9.0 for name in first.history.rows[0] if name != "epoch"})
    second = fitter(tmp_path, how)
    second.resume()
    assert [row["epoch"] for row in second.history.rows] == [1]
    second.fit(Silent())
    assert [row["epoch"] for row in second.history.rows] == [1, 2]
    assert second.history.best("val_score") <= 1


def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path: Path) -> None:
    assert not fitter(tmp_path, recipe()).resume()


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_state_that_is_gone_is_not_mistaken_for_a_new_run(epochs: int, tmp_path: Path) -> None:
    first = fitter(tmp_path, recipe())
    for epoch in range(1, epochs + 1):
        first.history.add(epoch, {"val_score": 0.5})
    again = fitter(tmp_path, recipe())
    if epochs == 1:  # killed between the first row and its checkpoint
        assert not again.resume()
        assert again.history.rows == []
        return
    with pytest.raises(TrainingError, match="the state after 2 epochs must be there to go on, received none"):
        again.resume()


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    how = recipe(epochs=1)
    fitter(tmp_path, how).fit(Silent())
    last = StageFiles.under(tmp_path, "segmenter").last
    last.write_bytes(last.read_bytes()[:500])
    with pytest.raises(TrainingError, match=r"last\.npz: not a readable checkpoint"):
        fitter(tmp_path, how).resume()


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path) -> None:
    fitter(tmp_path, recipe(epochs=1)).fit(Silent())
    other = recipe(epochs=1).model_copy(update={"network": Network(wiring="separate", filters=(4, 12))})
    with pytest.raises(TrainingError, match="shape must be"):
        fitter(tmp_path, other).resume()


def test_averaged_weights_are_what_is_kept_as_best(tmp_path: Path) -> None:
    one = fitter(tmp_path, recipe(epochs=1, ema=0.9))
    one.fit(Silent())
    best, _ = load_values(StageFiles.under(tmp_path, "segmenter").best)
    live = snapshot(one.model.variables)
    assert any(not np.array_equal(a, b) for a, b in zip(best, live, strict=True))


def test_a_loss_that_is_no_number_ends_training_and_keeps_whole_epochs(tmp_path: Path) -> None:
    one = fitter(tmp_path, recipe(epochs=2))
    one.fit(Silent(epochs=1))
    one.tables.train.images[:] = np.nan
    with pytest.raises(TrainingError, match=r"the loss must stay a number.*epoch 2, step \d.*last\.npz"):
        one.fit(Silent())
    assert load_values(one.files.last)[1] == 1


def test_running_out_of_memory_says_what_to_lower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = fitter(tmp_path, recipe())

    def explode(*_: Any, **__: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(one.model, "train_on_batch", explode)
    with pytest.raises(TrainingError, match=r"batch of 4 slices does not fit .*training\.batch_size"):
        one.fit(Silent())


def test_running_out_of_memory_while_validating_is_told_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = fitter(tmp_path, recipe())

    def explode(*_: Any, **__: Any) -> None:
        raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory")

    monkeypatch.setattr(one.model, "predict_on_batch", explode)
    with pytest.raises(TrainingError, match=r"batch of 4 slices does not fit"):
        one.fit(Silent())


def test_the_best_epoch_predicts_again_what_it_was_chosen_for(tmp_path: Path) -> None:
    one = fitter(tmp_path, recipe(ema=0.9))
    one.fit(Silent())
    figures = validation_scores(one.tables.validation, one.best_predictions())
    assert figures["score"] == one.history.best("val_score")


def test_other_faults_are_not_mistaken_for_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = fitter(tmp_path, recipe())

    def explode(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(one.model, "train_on_batch", explode)
    with pytest.raises(ZeroDivisionError):
        one.fit(Silent())


def test_a_full_disk_keeps_the_previous_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = fitter(tmp_path, recipe(epochs=2))
    one.fit(Silent(epochs=1))

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(TrainingError, match="No space left on device"):
        one.fit(Silent())
    monkeypatch.undo()
    assert load_values(one.files.last)[1] == 1
    assert not list(one.files.last.parent.glob(".*")), "nothing unfinished is left behind"


@pytest.mark.parametrize("schedule", ["cosine", "poly", "constant"])
def test_the_learning_rate_warms_up_and_decays(schedule: str) -> None:
    how = Training(epochs=10, learning_rate=0.1, warmup_epochs=1, schedule=schedule)
    rates = [learning_rate(how, step, 20) for step in range(200)]
    assert all(b > a for a, b in pairwise(rates[:20]))
    assert max(rates) <= 0.1
    if schedule == "constant":
        assert set(rates[20:]) == {0.1}
    else:
        assert all(b < a for a, b in pairwise(rates[21:]))
        assert rates[-1] < 0.002


def test_cosine_is_half_way_down_in_the_middle() -> None:
    how = Training(epochs=10, learning_rate=0.1, warmup_epochs=0, schedule="cosine")
    assert math.isclose(learning_rate(how, 100, 20), 0.05)


@pytest.mark.parametrize("name", ["adamw", "adam", "sgd"])
def test_each_optimiser_is_built_with_clipping(name: str) -> None:
    optimiser = fit.build_optimiser(Training(optimiser=name, clip_norm=0.5))
    assert optimiser.global_clipnorm == 0.5
    assert type(optimiser).__name__.lower() == name


def test_predictions_are_probabilities_in_the_tables_order(tmp_path: Path) -> None:
    one = fitter(tmp_path, recipe())
    predictions = predict_table(one.model, one.tables.validation)
    assert predictions.slices is None
    assert predictions.masks is not None
    assert predictions.masks.shape == (8, SIZE, SIZE)
    assert 0 <= predictions.masks.min() < predictions.masks.max() <= 1
    logit = one.model.predict_on_batch(one.tables.validation.images[3:4].astype(np.float32))["mask_logit"]
    assert np.allclose(predictions.masks[3], 1 / (1 + np.exp(-logit[0, ..., 0])), atol=2e-3)
