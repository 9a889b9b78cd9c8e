from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox
from PIL import Image

from gliascope.errors import InputError
from gliascope.present.architecture import (
    Architecture,
    Network,
    Stage,
    architecture_figure,
    draw_architecture,
    quantity,
)


def stages(prefix: str, size: int, count: int, makeup: str) -> tuple[Stage, ...]:
    return tuple(
        Stage(f"{prefix} {level}", makeup, (size >> level, size >> level), 16 << level, 123_456 << level, 654_321_000)
        for level in range(count)
    )


def shared(size: int = 1024) -> Architecture:
    trunk = stages("conv", size // 2, 5, "max pooling, 3 residual blocks")
    up = tuple(reversed(stages("decoder", size // 2, 4, "upsampling, skip, residual block")))
    verdict = Stage("probability", "global average, dense layer", (1, 1), 1, 2049, 2048)
    mask = Stage("mask", "1 x 1 convolution", (size, size), 1, 17, 400_000)
    bottom = Stage("bottleneck", "1 x 1 convolution", (size // 32, size // 32), 128, 262_656, 6_553_600)
    heads = (("ResNet-50 with classification head", "every slice", "23.6 M"), ("decoder", "some", "1 M"))
    return Architecture("shared", (size, size), (Network(heads, trunk, (bottom, *up), verdict, mask, "if suspected"),))


def separate(size: int = 256) -> Architecture:
    trunk = Network(
        (("first", "", ""),), stages("conv", size // 2, 5, "blocks"), verdict=Stage("p", "", (1, 1), 1, 5, 5)
    )
    down, up = stages("encoder", size, 5, "block"), tuple(reversed(stages("decoder", size, 4, "block")))
    second = Network((("second", "", ""), ("", "", "")), down, up, mask=Stage("mask", "", (size, size), 1, 17, 17))
    return Architecture("separate", (size, size), (trunk, second))


@pytest.mark.parametrize("architecture", [shared(), shared(32), separate()], ids=["large", "small", "separate"])
def test_captions_stay_on_the_sheet_and_apart(architecture: Architecture) -> None:
    figure = architecture_figure(architecture)
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [
        (one.get_text(), one.get_window_extent(canvas.get_renderer()))
        for one in figure.axes[0].texts
        if one.get_text().strip()
    ]
    width, height = figure.get_size_inches() * figure.dpi
    for text, box in boxes:
        assert box.x0 >= 0, text
        assert box.y0 >= 0, text
        assert box.x1 <= width, text
        assert box.y1 <= height, text
    for (text, box), (other, second) in combinations(boxes, 2):
        overlap = Bbox.intersection(box, second)
        assert overlap is None or overlap.width < 1 or overlap.height < 3, f"{text!r} lies on {other!r}"


def test_every_stage_is_named(tmp_path: Path) -> None:
    figure = architecture_figure(separate())
    texts = {one.get_text() for one in figure.axes[0].texts}
    assert {f"conv {level}" for level in range(5)} <= texts
    assert {f"encoder {level}" for level in range(5)} <= texts
    assert {"128 px", "256 px", "8 px"} <= texts
    assert sum(one.get_text() == "skip" for one in figure.axes[0].texts) == 4


def test_both_formats_and_the_same_bytes_again(tmp_path: Path) -> None:
    for run in ("one", "two"):
        draw_architecture(separate(), [tmp_path / run / "a.png", tmp_path / run / "a.svg"])
    for name in ("a.png", "a.svg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
        assert (tmp_path / "one" / name).stat().st_size < 300_000
    assert separate().summary in (tmp_path / "one" / "a.svg").read_text(encoding="utf-8")
    with Image.open(tmp_path / "one" / "a.png") as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert (pixels[0, 0] == 255).all()
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) > 20


def test_another_format_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"must be \.png or \.svg, received '\.gif'"):
        draw_architecture(separate(), [tmp_path / "a.png", tmp_path / "a.gif"])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0"),
        (17, "17"),
        (999, "999"),
        (1000, "1.00 k"),
        (2368, "2.37 k"),
        (43_520, "43.5 k"),
        (999_499, "999 k"),
        (999_500, "1.00 M"),
        (14_998_528, "15.0 M"),
        (1_241_513_984, "1.24 G"),
    ],
)
def test_quantities_have_three_figures(count: int, text: str) -> None:
    assert quantity(count) == text
