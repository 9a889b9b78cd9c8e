from __future__ import annotations

from collections.abc import Callable
from itertools import permutations, product

import numpy as np
import pytest

from gliascope.geometry import LETTERS, to_world
from gliascope.present.report.frame import Edges, frame_of
from gliascope.present.report.key_slices import Shown

MakeShown = Callable[..., Shown]


def test_images_without_geometry_say_nothing(make_shown: MakeShown) -> None:
    frame = frame_of(make_shown(geometry=False).case.scans[0])
    assert (frame.edges, frame.pixel_mm, frame.tilt) == (None, None, None)
    assert frame.positions == ("",) * 6


def test_axial_slices_show_the_patient_s_right_on_the_left(make_shown: MakeShown) -> None:
    frame = frame_of(make_shown(geometry=True).case.scans[0])
    assert frame.edges == Edges(left="R", right="L", top="A", bottom="P")
    assert frame.edges.sides == {"R": "left", "L": "right"}
    assert frame.pixel_mm == (2.0, 2.0)
    assert frame.tilt == 0
    assert frame.positions[:4] == ("z -10.0 mm", "z -5.0 mm", "z 0.0 mm", "z 5.0 mm")


def test_a_volume_without_orientation_has_a_scale_and_no_sides(make_shown: MakeShown) -> None:
    frame = frame_of(make_shown(geometry=True, oriented=False).case.scans[0])
    assert frame.edges is None
    assert frame.pixel_mm == (2.0, 2.0)
    assert frame.positions[2] == "10.0 mm from the first slice"


@pytest.mark.parametrize("axes", list(permutations(range(3))))
@pytest.mark.parametrize("signs", list(product((-1, 1), repeat=3)))
def test_letters_agree_with_the_world_in_all_48_orientations(
    make_shown: MakeShown, axes: tuple[int, ...], signs: tuple[int, ...]
) -> None:
    affine = np.eye(4)
    affine[:3, :3] = 0
    for index, (world, sign) in enumerate(zip(axes, signs, strict=True)):
        affine[world, index] = sign * 2.0
    scan = make_shown(geometry=True, affine=affine, verdict="not assessable").case.scans[0]
    edges = frame_of(scan).edges
    assert edges is not None
    middle = to_world(scan.affine, (20, 20, 2))
    for letter, place in {
        edges.left: (0, 20, 2),
        edges.right: (39, 20, 2),
        edges.top: (20, 0, 2),
        edges.bottom: (20, 39, 2),
    }.items():
        step = to_world(scan.affine, place) - middle
        world = next(at for at, pair in enumerate(LETTERS) if letter in pair)
        assert abs(step[world]) == np.abs(step).max()
        assert (step[world] > 0) == (letter == LETTERS[world][1])
