from __future__ import annotations

import math
from pathlib import Path

import pytest

from gliascope.errors import TrainingError
from gliascope.training.history import History


def test_rows_come_back(tmp_path: Path) -> None:
    history = History(tmp_path / "joint" / "history.csv")
    history.add(1, {"loss": 0.1 + 0.2, "val_auc": float("nan")})
    history.add(2, {"loss": 1e-17, "val_auc": 0.75})
    again = History(history.path)
    assert again.rows[1] == {"epoch": 2.0, "loss": 1e-17, "val_auc": 0.75}
    assert again.rows[0]["loss"] == 0.1 + 0.2
    assert math.isnan(again.rows[0]["val_auc"])
    assert history.path.read_text().splitlines()[0] == "epoch,loss,val_auc"


def test_best_passes_over_what_is_no_number(tmp_path: Path) -> None:
    history = History(tmp_path / "history.csv")
    assert history.best("val_score") == float("-inf")
    for epoch, value in enumerate((0.4, float("nan"), 0.9, 0.6), start=1):
        history.add(epoch, {"val_score": value})
    assert history.best("val_score") == 0.9


def test_epochs_after_the_last_checkpoint_are_forgotten(tmp_path: Path) -> None:
    history = History(tmp_path / "history.csv")
    for epoch in (1, 2, 3):
        history.add(epoch, {"val_score": epoch / 10})
    history.keep(2)
    assert history.best("val_score") == 0.2
    history.add(3, {"val_score": 0.25})
    assert [row["val_score"] for row in History(history.path).rows] == [0.1, 0.2, 0.25]


def test_a_file_that_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    history = History(tmp_path / "history.csv")
    history.path.mkdir()
    with pytest.raises(TrainingError, match="history could not be written"):
        history.add(1, {"loss": 1.0})
    assert [one.name for one in tmp_path.iterdir()] == ["history.csv"]


@pytest.mark.parametrize("text", ["epoch,loss\n1,low\n", "epoch,loss\n1\n", "epoch\n1,2,3\n", "epoch\n\udcff\n"])
def test_a_damaged_file_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "history.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(TrainingError, match="not a readable history"):
        History(path)
