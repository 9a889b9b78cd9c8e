from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gliascope.errors import InputError
from gliascope.present.canvas import INK, NOTICE, TRUTH, Layout
from gliascope.present.scan_grid import SIDE, Tile, scan_grid


def drawn(path: Path, box: tuple[int, int, int, int]) -> Any:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB").crop(box))


def test_a_grid_holds_all_tiles_and_covers_nothing(
    head: Any, tmp_path: Path, check_layout: Callable[[Layout], None]
) -> None:
    flair = head.image[..., 1]
    rows = [
        [Tile(flair, "AA_1, slice 7: 1,234 px", head.truth), Tile(None, ""), Tile(flair, "", head.truth, show="mask")],
        [Tile(flair[:100], "a very long caption that has no room under a tile of this size")],
    ]
    path = tmp_path / "grid.png"
    layout = scan_grid(rows, path, title="Scans", note="of two patients", columns=["image", "missing", "mask"])
    check_layout(layout)
    assert set(layout.panels) == {"tile_0_0", "tile_0_2", "tile_1_0"}
    words = [one.content for one in layout.texts]
    assert {"Scans", "of two patients", "image", "true outline", "missing or a copy", NOTICE} <= set(words)
    box = layout.panels["tile_0_0"]
    assert (box[2] - box[0], box[3] - box[1]) == (SIDE, SIDE)
    blue = (np.abs(drawn(path, box).astype(int) - TRUTH).sum(axis=-1) < 60).sum()
    assert blue > 50
    white = (drawn(path, layout.panels["tile_0_2"]) == INK).all(axis=-1).mean()
    assert white == pytest.approx(head.truth.mean(), abs=0.01)


def test_a_pair_shares_its_window(head: Any, tmp_path: Path) -> None:
    flair = head.image[..., 1]
    path = tmp_path / "grid.png"
    layout = scan_grid(
        [[Tile(flair, "", window=(0.0, 255.0)), Tile(flair // 2, "", window=(0.0, 255.0))]], path, title="t", note=""
    )
    one, other = (drawn(path, layout.panels[f"tile_0_{place}"]).astype(int) for place in (0, 1))
    assert np.abs(one // 2 - other).max() <= 2


def test_no_legend_without_an_outline(head: Any, tmp_path: Path) -> None:
    empty = np.zeros_like(head.truth)
    layout = scan_grid([[Tile(head.image[..., 1], "", empty)]], tmp_path / "grid.png", title="t", note="n")
    assert "true outline" not in [one.content for one in layout.texts]


def test_an_empty_grid_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least one tile"):
        scan_grid([[]], tmp_path / "grid.png", title="Scans", note="")
