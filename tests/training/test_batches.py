from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

pytest.importorskip("keras")

from gliascope.errors import TrainingError
from gliascope.recipe import Recipe, Sampling
from gliascope.training import batches
from gliascope.training.batches import Batch, epoch_batches, epoch_order, plan_steps
from gliascope.training.table import SliceTable

pytestmark = pytest.mark.train

TableFactory = Callable[..., SliceTable]
RecipeFactory = Callable[..., Recipe]

LABELS = np.arange(100) % 4 == 0  # 25 tumour slices, 75 empty ones


def same(first: list[Batch], second: list[Batch]) -> bool:
    return len(first) == len(second) and all(
        np.array_equal(one.images, other.images)
        and np.array_equal(one.masks, other.masks)
        and np.array_equal(one.labels, other.labels)
        for one, other in zip(first, second, strict=True)
    )


@pytest.mark.parametrize(
    ("sampling", "tumour", "empty"),
    [
        (Sampling(), 25, 25),
        (Sampling(empty_per_tumour=0), 25, 0),
        (Sampling(empty_per_tumour=0.4), 25, 10),
        (Sampling(empty_per_tumour=100), 25, 75),
        (Sampling(tumour=2.0, empty_per_tumour=1.0), 50, 50),
        (Sampling(tumour=0.4, empty_per_tumour=2.0), 10, 20),
        (Sampling(tumour=1.4, empty_per_tumour=0.0), 35, 0),
    ],
)
def test_shares_of_an_epoch(sampling: Sampling, tumour: int, empty: int) -> None:
    order = epoch_order(LABELS, sampling, "joint", 0, 0)
    assert int(LABELS[order].sum()) == tumour
    assert int((~LABELS[order]).sum()) == empty


def test_empty_slices_are_drawn_anew_every_epoch_and_none_twice() -> None:
    drawn = [epoch_order(LABELS, Sampling(), "joint", 0, epoch) for epoch in range(6)]
    for one in drawn:
        assert len(set(one.tolist())) == len(one)
        assert set(np.flatnonzero(LABELS)) <= set(one.tolist())
    assert not np.array_equal(drawn[0], drawn[1])
    seen = {int(row) for one in drawn for row in one if not LABELS[row]}
    assert len(seen) > 50


def test_seed_and_epoch_decide_the_order() -> None:
    first = epoch_order(LABELS, Sampling(), "joint", 3, 7)
    np.testing.assert_array_equal(first, epoch_order(LABELS, Sampling(), "joint", 3, 7))
    assert not np.array_equal(first, epoch_order(LABELS, Sampling(), "joint", 4, 7))


def test_only_the_segmenter_is_kept_to_tumour_slices() -> None:
    sampling = Sampling(segment_tumour_only=True)
    assert LABELS[epoch_order(LABELS, sampling, "segmenter", 0, 0)].all()
    assert not LABELS[epoch_order(LABELS, sampling, "classifier", 0, 0)].all()
    assert not LABELS[epoch_order(LABELS, Sampling(), "segmenter", 0, 0)].all()


def test_no_tumour_slice_is_refused() -> None:
    with pytest.raises(TrainingError, match="must have tumour slices"):
        epoch_order(np.zeros(5, bool), Sampling(), "joint", 0, 0)


def test_batches_hold_what_they_say(make_table: TableFactory, make_recipe: RecipeFactory) -> None:
    table, recipe = make_table(patients=2, slices=5, tumours=3), make_recipe()
    made = list(epoch_batches(table, recipe, "joint", 0))
    assert len(made) == plan_steps(table.labels, recipe, "joint").of_epoch(0).stop == 2
    for one in made:
        assert one.images.shape == (4, 32, 32, 3)
        assert one.masks.shape == (4, 32, 32, 1)
        assert one.labels.shape == (4, 1)
        assert one.images.dtype == one.masks.dtype == one.labels.dtype == np.float32
        assert set(np.unique(one.masks)) <= {0, 1}
    targets = made[0].targets(["slice_logit", "mask_logit", "mask_logit_1"])
    assert targets["slice_logit"] is made[0].labels
    assert targets["mask_logit"] is targets["mask_logit_1"] is made[0].masks


def test_augmented_images_are_cut_as_prepared_ones_are(
    make_table: TableFactory, make_recipe: RecipeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enlarged(images: np.ndarray, masks: np.ndarray, *_: object) -> tuple[np.ndarray, np.ndarray]:
        return images.astype(np.float32) * 3000, masks.astype(np.float32)  # as where a nearly even slice is normalised

    monkeypatch.setattr(batches, "augment_batch", enlarged)
    table = make_table(patients=2, slices=5, tumours=3)
    for normalise, is_cut in (("zscore", True), ("zscore_slice", True), ("unit", False)):
        recipe = make_recipe(preparation={"normalise": normalise, "clip": 4.0})
        images = np.concatenate([one.images for one in epoch_batches(table, recipe, "joint", 0)])
        assert (np.abs(images).max() <= 4) == is_cut


@pytest.mark.parametrize("ahead", [0, 1, 20])
def test_reading_ahead_changes_nothing(
    ahead: int, make_table: TableFactory, make_recipe: RecipeFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, recipe = make_table(patients=4), make_recipe(training={"batch_size": 2})
    expected = list(epoch_batches(table, recipe, "joint", 2))
    monkeypatch.setattr(batches, "READ_AHEAD", ahead)
    assert same(list(epoch_batches(table, recipe, "joint", 2)), expected)


@pytest.mark.parametrize("workers", [2, 5])
def test_the_number_of_workers_changes_nothing(
    workers: int, make_table: TableFactory, make_recipe: RecipeFactory
) -> None:
    table, recipe = make_table(patients=6), make_recipe(training={"batch_size": 2})
    expected = list(epoch_batches(table, recipe, "joint", 2))
    assert len(expected) > 2 * workers
    assert same(list(epoch_batches(table, recipe, "joint", 2, workers=workers)), expected)


def test_a_core_is_left_to_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for cores, workers in ((1, 1), (2, 1), (8, 7), (64, batches.MOST_WORKERS)):
        monkeypatch.setattr(batches, "available_cores", lambda cores=cores: cores)
        assert batches.default_workers() == workers


def test_epochs_and_seeds_differ(make_table: TableFactory, make_recipe: RecipeFactory) -> None:
    table = make_table()
    first = list(epoch_batches(table, make_recipe(), "joint", 0))
    assert same(first, list(epoch_batches(table, make_recipe(), "joint", 0)))
    assert not same(first, list(epoch_batches(table, make_recipe(), "joint", 1)))
    other = make_recipe(training={"batch_size": 4, "seed": 1})
    assert not same(first, list(epoch_batches(table, other, "joint", 0)))


def test_an_epoch_smaller_than_a_batch_is_one_batch(make_table: TableFactory, make_recipe: RecipeFactory) -> None:
    table = make_table(patients=1, slices=2, tumours=1)
    (batch,) = epoch_batches(table, make_recipe(), "joint", 0)
    assert len(batch.images) == 2


def test_the_table_is_left_alone_and_an_abandoned_epoch_ends(
    make_table: TableFactory, make_recipe: RecipeFactory
) -> None:
    table = make_table(patients=4)
    kept = table.images.copy(), table.masks.copy()
    running = epoch_batches(table, make_recipe(training={"batch_size": 2}), "joint", 0)
    next(running)
    running.close()  # type: ignore[attr-defined]  # an Iterator by its type, a generator in truth
    np.testing.assert_array_equal(table.images, kept[0])
    np.testing.assert_array_equal(table.masks, kept[1])


@pytest.mark.parametrize(("epochs", "steps"), [(1, 7), (3, 7), (7, 7), (2, 4)])
def test_steps_cut_the_same_batches_into_other_epochs(
    epochs: int, steps: int, make_table: TableFactory, make_recipe: RecipeFactory
) -> None:
    table = make_table(patients=4)
    free = make_recipe(training={"batch_size": 4, "epochs": 10})
    passes = [one for epoch in range(10) for one in epoch_batches(table, free, "joint", epoch)]
    counted = make_recipe(training={"batch_size": 4, "epochs": epochs, "steps": steps})
    cut = [list(epoch_batches(table, counted, "joint", epoch)) for epoch in range(epochs)]
    assert same([one for batch in cut for one in batch], passes[:steps])
    assert max(map(len, cut)) - min(map(len, cut)) <= 1
    assert plan_steps(table.labels, counted, "joint").per_epoch == steps / epochs
