from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from gliascope.prepare.clahe import enhance
from gliascope.prepare.clahe_trace import trace_tiles
from gliascope.prepare.quality import Quality, quality
from gliascope.present.canvas import NOTICE, PREDICTION, TRUTH, Layout
from gliascope.present.enhancement_figure import HEIGHT, WIDTH, enhancement_figure
from gliascope.recipe import Clahe

PANELS = {
    "original",
    "enhanced",
    "original_histogram",
    "enhanced_histogram",
    "tile_histogram",
    "tile_cumulative",
    "tile_mapping",
}


def draw(image: NDArray[np.uint8], path: Path, clahe: Clahe, **more: Any) -> tuple[Layout, Quality, Quality]:
    enhanced = enhance(image, clahe)
    inside = image > 20
    before, after = quality(image, inside), quality(enhanced, inside)
    options = {"title": "scan_7.tif", "note": "256 x 256 px, FLAIR"} | more
    tiles = trace_tiles(image, clahe)
    layout = enhancement_figure(
        image, enhanced, tiles, inside, before=before, after=after, clahe=clahe, path=path, **options
    )
    return layout, before, after


def test_everything_is_on_it(head: Any, tmp_path: Path, check_layout: Callable[[Layout], None]) -> None:
    path = tmp_path / "figures" / "a.png"
    layout, before, after = draw(head.image[..., 1], path, Clahe())
    check_layout(layout)
    assert set(layout.panels) == PANELS
    words = [text.content for text in layout.texts]
    assert {"scan_7.tif", "256 x 256 px, FLAIR", NOTICE, "CLAHE: clip limit 2, 8 x 8 tiles"} <= set(words)
    for one in (before, after):
        assert {f"{one.contrast:.3f}", f"{one.entropy:.2f}", f"{one.noise:.2f}"} <= set(words)
    with Image.open(path) as image:
        assert image.size == (WIDTH, HEIGHT)
        assert image.info["Disclaimer"] == NOTICE
        shown = np.asarray(image.convert("RGB")).astype(int)
    for name, colour in (("original", PREDICTION), ("enhanced", PREDICTION), ("original_histogram", TRUTH)):
        left, top, right, bottom = layout.panels[name]
        distance = np.abs(shown[top:bottom, left:right] - colour).max(axis=2)
        assert (distance < 40).sum() > 50, name


def test_the_pictures_are_the_images(head: Any, tmp_path: Path) -> None:
    image = head.image[..., 1]
    layout, _, _ = draw(image, tmp_path / "a.png", Clahe(tile_grid=1))
    with Image.open(tmp_path / "a.png") as picture:
        for name, expected in (("original", image), ("enhanced", enhance(image, Clahe(tile_grid=1)))):
            small = picture.convert("L").crop(layout.panels[name]).resize((16, 16), Image.Resampling.BOX)
            wanted = Image.fromarray(expected).resize((16, 16), Image.Resampling.BOX)
            difference = np.abs(np.asarray(small).astype(int) - np.asarray(wanted))[1:-1, 1:-1]
            assert difference.max() < 6, name


@pytest.mark.parametrize("shape", [(1, 1), (40, 300), (300, 40), (257, 199)])
@pytest.mark.parametrize("grid", [1, 8])
def test_any_shape_and_long_names_fit(
    tmp_path: Path, check_layout: Callable[[Layout], None], shape: tuple[int, int], grid: int
) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    layout, _, _ = draw(image, tmp_path / "a.png", Clahe(tile_grid=grid), title="$x^2$ " * 60, note="n" * 400)
    check_layout(layout)


def test_a_black_image_can_be_drawn(tmp_path: Path, check_layout: Callable[[Layout], None]) -> None:
    layout, _, _ = draw(np.zeros((64, 64), dtype=np.uint8), tmp_path / "a.png", Clahe())
    check_layout(layout)
    assert "no noise" in [text.content for text in layout.texts]


def test_two_threads_draw_at_once(head: Any, tmp_path: Path) -> None:
    paths = [tmp_path / f"{n}.png" for n in range(2)]
    threads = [threading.Thread(target=draw, args=(head.image[..., 1], path, Clahe())) for path in paths]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert paths[0].read_bytes() == paths[1].read_bytes()
