from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gliascope.present.curves import COLOURS, curves_figure

LOSSES = ("loss", "mask_logit_loss", "mask_logit_1_loss", "mask_logit_2_loss", "slice_logit_loss")


def row(epoch: int, score: float) -> dict[str, float]:
    losses = {name: (place + 1) / (epoch + 1) for place, name in enumerate(LOSSES)}
    scores = {"val_auc": score, "val_dice": score / 2, "val_score": 0.75 * score}
    return {"epoch": float(epoch), "learning_rate": 1e-3} | losses | scores


def drawn(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def pixels(picture: NDArray[np.uint8], colour: str) -> int:
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return int((picture == np.array(wanted, np.uint8)).all(axis=-1).sum())


@pytest.mark.parametrize("epochs", [1, 3, 30])
def test_every_loss_has_a_line_of_its_own(epochs: int, tmp_path: Path) -> None:
    path = tmp_path / "curves.png"
    curves_figure([row(epoch, epoch / 40) for epoch in range(1, epochs + 1)], path, title="joint")
    picture = drawn(path)
    assert picture.shape == (400, 1200, 3)
    assert all(pixels(picture[:, :400], colour) > 10 for colour in COLOURS)
    assert len(COLOURS) == len(LOSSES)


def test_figures_that_are_no_number_leave_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "curves.png"
    curves_figure([row(1, math.nan), row(2, 0.5)], path, title="joint")
    assert pixels(drawn(path)[:, 400:800], COLOURS[0]) > 10
