from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gliascope.present.report.frame import frame_of
from gliascope.present.report.key_slices import Shown, key_blocks
from gliascope.present.report.slice_drawing import draw_slice

MakeShown = Callable[..., Shown]


def greys(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> list[NDArray[np.uint8]]:
    """What is drawn on each picture."""
    drawn: list[NDArray[np.uint8]] = []

    def watch(picture: Any, frame: Any) -> Any:
        drawn.append(picture.grey)
        return draw_slice(picture, frame)

    with monkeypatch.context() as patch:
        patch.setattr("gliascope.present.report.key_slices.draw_slice", watch)
        key_blocks(shown, {id(scan): frame_of(scan) for scan in shown.case.scans})
    return drawn


def test_bright_fat_does_not_leave_the_brain_dark(make_shown: MakeShown, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rim more than three times as bright as the lesion is white, and the lesion is shown nearly as without it."""
    shown = make_shown(geometry=True, sequences=("flair", "post"))
    (scan,) = shown.case.scans
    pixels = scan.pixels.copy()
    pixels[:, 1:3, 10:30] = 700
    case = replace(shown.case, scans=(replace(scan, pixels=pixels),))
    plain = greys(shown, monkeypatch)
    fat = greys(replace(shown, case=case), monkeypatch)
    assert len(plain) == len(fat) == 5
    lesion = next(one.mask for one in shown.finding.slices if one.mask.any())
    for one, two in zip(plain, fat, strict=True):
        assert (two[1:3, 10:30] == 255).all()
        assert one[lesion].mean() > 200
        assert two[lesion].mean() > 120, "without a window of its own: 45"


def test_the_lesion_keeps_its_texture(make_shown: MakeShown, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = make_shown(geometry=True)
    masks = [one.mask for one in shown.finding.slices if one.mask.any()]
    for one, mask in zip(greys(shown, monkeypatch), masks, strict=True):
        assert np.mean(one[mask] == 255) < 0.1
        assert len(np.unique(one[mask])) > 5


def test_without_an_outline_the_window_is_the_volume_s(make_shown: MakeShown, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = make_shown(geometry=True, verdict="no tumour")
    assert max(one.max() for one in greys(shown, monkeypatch)) == 255
