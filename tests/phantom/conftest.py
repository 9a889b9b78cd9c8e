"""A few phantoms that several tests look at; drawn once."""

from __future__ import annotations

import pytest

from gliascope.phantom import Phantom, make_phantom

PATIENTS = 6


@pytest.fixture(scope="session")
def phantoms() -> list[Phantom]:
    return [make_phantom(seed, slices=16) for seed in range(PATIENTS)]
