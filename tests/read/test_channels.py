from __future__ import annotations

import numpy as np
import pytest

from gliascope.errors import InputError
from gliascope.read.channels import all_channels_equal, sequences_of


def test_the_rule_for_channels() -> None:
    assert sequences_of(1, None) == ("flair",)
    assert sequences_of(3, None) == ("pre", "flair", "post")
    assert sequences_of(2, ("post", "flair")) == ("post", "flair")
    with pytest.raises(InputError, match="1 or 3 channels, received 2"):
        sequences_of(2, None)


def test_channels_are_equal_on_every_page_or_not_at_all() -> None:
    grey = np.random.default_rng(0).integers(0, 255, (4, 5, 1)).astype(np.uint8)
    tripled = np.repeat(grey, 3, axis=2)
    other = tripled.copy()
    other[3, 4, 2] ^= 1
    assert all_channels_equal([tripled, tripled])
    assert not all_channels_equal([tripled, other])
    assert not all_channels_equal([tripled, grey])
