from __future__ import annotations

import numpy as np
import pytest

from gliascope.phantom.fields import Points, draw_waves, ellipsoid, inside, tube


def _grid(z: float = 0.0) -> Points:
    y, x = np.mgrid[-40:41, -40:41].astype(np.float32)
    return Points(x, y, np.full_like(x, z))


def test_a_field_has_mean_0_and_deviation_1() -> None:
    waves = draw_waves(np.random.default_rng(0), 8, count=24)
    values = np.stack([waves.at(_grid(z)) for z in range(-20, 20, 4)])
    assert values.dtype == np.float32
    assert values.mean() == pytest.approx(0, abs=0.05)
    assert values.std() == pytest.approx(1, abs=0.1)


def test_the_distance_to_a_ball_is_exact() -> None:
    points = _grid(3)
    ball = ellipsoid(points, (2, -1, 0), (10, 10, 10))
    exact = 10 - np.sqrt((points.x - 2) ** 2 + (points.y + 1) ** 2 + 9)
    assert np.allclose(ball, exact, atol=1e-3)


def test_an_ellipsoid_ends_at_its_radii() -> None:
    distance = ellipsoid(_grid(), (0, 0, 0), (20, 10, 5))
    assert distance[40, 60] == pytest.approx(0, abs=1e-3)
    assert distance[50, 40] == pytest.approx(0, abs=1e-3)
    assert distance[40, 40] >= 0
    assert distance[40, 61] < 0


def test_a_tube_is_as_wide_as_its_balls() -> None:
    distance = tube(_grid(), ((-20, 0, 0, 4), (0, 0, 0, 2), (0, 20, 0, 2)))
    assert distance[40, 20] == pytest.approx(4)
    assert distance[40, 30] == pytest.approx(3)
    assert distance[55, 40] == pytest.approx(2)
    assert distance[40, 60] == pytest.approx(-18)


def test_an_edge_is_half_covered_at_the_surface() -> None:
    cover = inside(np.asarray([-2, 0, 0.3, 2], dtype=np.float32), 1.2)
    assert cover.tolist() == pytest.approx([0, 0.5, 0.75, 1])
