"""A sound data set, small enough to be broken in many ways."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gliascope.dataset.check import check_data
from gliascope.phantom import make_phantom, write_phantom

CheckRules = Callable[[Path], dict[str, list[tuple[str, str]]]]


@pytest.fixture(scope="session")
def sound_phantoms(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sound") / "kaggle_3m"
    for seed in range(3):
        write_phantom(make_phantom(seed, slices=5, size=96), root)
    (root / "data.csv").write_text("Patient\n", encoding="utf-8")
    return root


@pytest.fixture
def sound(sound_phantoms: Path, tmp_path: Path) -> Path:
    """Three patients, PHANTOM_LS_0000_19000101 to PHANTOM_LS_0002_19000101, of five slices: nothing to remark on."""
    return Path(shutil.copytree(sound_phantoms, tmp_path / "kaggle_3m"))


@pytest.fixture(scope="session")
def check_rules() -> CheckRules:
    """Check a data set: path and received of every remark, by rule."""

    def check(root: Path) -> dict[str, list[tuple[str, str]]]:
        groups = check_data(root).by_rule()
        return {name: [(one.path, one.received) for one in group] for name, group in groups.items()}

    return check
