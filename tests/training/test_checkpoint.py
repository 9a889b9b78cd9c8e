from __future__ import annotations

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gliascope.errors import TrainingError
from gliascope.training.checkpoint import load_values, restore, save_values, snapshot, stage_variables

VALUES: list[NDArray[Any]] = [
    np.arange(12, dtype=np.float32).reshape(3, 4),
    np.array(7, np.int64),
    np.array([1, 2], np.uint32),
    np.zeros((0, 3), np.float16),
]


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes: writing ends with the error of a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_values_come_back_bit_by_bit(tmp_path: Path) -> None:
    path = tmp_path / "joint" / "last.npz"
    save_values(path, VALUES, 12)
    loaded, epoch = load_values(path)
    assert epoch == 12
    for one, other in zip(VALUES, loaded, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    assert [one.name for one in path.parent.iterdir()] == ["last.npz"]


def test_order_is_kept_beyond_ten_values(tmp_path: Path) -> None:
    save_values(tmp_path / "last.npz", [np.array(i) for i in range(1234)], 1)
    assert [int(one) for one in load_values(tmp_path / "last.npz")[0]] == list(range(1234))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.95, 0.999])
def test_a_truncated_file_is_told(tmp_path: Path, share: float) -> None:
    path = tmp_path / "last.npz"
    save_values(path, VALUES, 1)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(TrainingError, match=r"last\.npz: not a readable checkpoint"):
        load_values(path)


def test_a_changed_byte_never_changes_a_value(tmp_path: Path) -> None:
    path = tmp_path / "last.npz"
    save_values(path, VALUES, 1)
    whole = path.read_bytes()
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            loaded, _ = load_values(path)
        except TrainingError:
            continue
        if len(loaded) != len(VALUES):
            continue  # `restore` refuses these
        for one, other in zip(VALUES, loaded, strict=True):
            np.testing.assert_array_equal(one, other)


def test_a_missing_file_and_another_kind_are_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="not a readable checkpoint"):
        load_values(tmp_path / "last.npz")
    np.savez(tmp_path / "other.npz", v0000=np.zeros(3))
    with pytest.raises(TrainingError, match="not a readable checkpoint"):
        load_values(tmp_path / "other.npz")


@pytest.mark.parametrize("room", [0, 1000, 100_000])
def test_a_full_disk_keeps_the_previous_file(tmp_path: Path, room: int) -> None:
    path = tmp_path / "last.npz"
    save_values(path, VALUES, 3)
    before = path.read_bytes()
    with disk_of(room), pytest.raises(TrainingError, match="the previous one is kept"):
        save_values(path, [np.ones(50_000, np.float32)], 4)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["last.npz"]
    assert load_values(path)[1] == 3


@pytest.mark.train
@pytest.mark.usefixtures("plain_keras")
def test_a_network_and_its_optimiser_go_on_where_they_were() -> None:
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dropout(0.5, seed=3)])
    model.compile(optimizer=keras.optimizers.AdamW(0.1), loss="mse")
    rng = np.random.default_rng(0)
    images, targets = rng.standard_normal((8, 4)).astype(np.float32), rng.standard_normal((8, 3)).astype(np.float32)
    model.train_on_batch(images, targets)
    kept = snapshot(stage_variables(model))
    model.train_on_batch(images, targets)
    expected = snapshot(stage_variables(model))
    assert any(not np.array_equal(one, other) for one, other in zip(kept, expected, strict=True))
    restore(stage_variables(model), kept)
    model.train_on_batch(images, targets)
    for one, other in zip(expected, snapshot(stage_variables(model)), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.train
@pytest.mark.usefixtures("plain_keras")
def test_values_of_another_network_are_refused_and_change_nothing() -> None:
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    before = snapshot(model.variables)
    with pytest.raises(TrainingError, match="must hold 2 variables, received 1"):
        restore(model.variables, before[:1])
    with pytest.raises(TrainingError, match=r"shape must be \(3,\), received \(4,\)"):
        restore(model.variables, [np.zeros((4, 3), np.float32), np.zeros(4, np.float32)])
    for one, other in zip(before, snapshot(model.variables), strict=True):
        np.testing.assert_array_equal(one, other)
