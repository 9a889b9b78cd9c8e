from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gliascope.findings import SoftAreas
from gliascope.pipeline import Analyser
from gliascope.read import case_from_array
from gliascope.segment.soft import LEAST_SPREAD, soft_areas, spread_of


def test_by_hand() -> None:
    probability = np.array([[0.95, 0.5], [0.1, 0.0]], np.float32)
    mask = np.array([[True, True], [False, False]])
    found = soft_areas(probability, mask)
    assert (found.expected, found.inside) == pytest.approx((1.55, 1.45))
    assert (found.wide, found.narrow) == (3, 1)
    assert spread_of([found, found]) == pytest.approx(math.log(7 / 3))
    assert spread_of([]) == LEAST_SPREAD
    assert spread_of([SoftAreas(500.0, 500.0, 500, 499)]) == LEAST_SPREAD


def test_findings_hold_them_where_a_tumour_was_called(tiny_bundle: Callable[..., Path], bright: Any) -> None:
    finding = Analyser(tiny_bundle(), save_probabilities=True).analyse(case_from_array(bright().pixels))
    called = [one for one in finding.slices if one.verdict == "tumour"]
    assert [one.soft is not None for one in finding.slices] == [one in called for one in finding.slices]
    for one in called:
        assert one.mask_probability is not None
        assert one.soft == soft_areas(one.mask_probability, one.mask)
        assert isinstance(one.soft, SoftAreas)
        assert one.soft.narrow <= one.soft.wide
        assert one.soft.inside <= one.soft.expected
    plain = Analyser(tiny_bundle()).analyse(case_from_array(bright().pixels))
    assert [one.soft for one in plain.slices] == [one.soft for one in finding.slices]
    assert all(one.mask_probability is None for one in plain.slices)
