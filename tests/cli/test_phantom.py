from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from gliascope.read import read_cases


def test_patients_are_written_and_named(cli: Callable[..., Any], tmp_path: Path) -> None:
    result = cli("phantom", "-o", tmp_path, "--patients", 2, "--slices", 3, "--seed", 6, "--lesion-radius", 20)
    assert result.status == 0
    names = ["PHANTOM_HC_0007_19000101", "PHANTOM_LS_0006_19000101"]
    assert sorted(one.name for one in tmp_path.iterdir()) == names
    assert [case.name for case in read_cases([tmp_path])] == names
    lines = result.out.splitlines()
    assert lines[0].startswith(f"{tmp_path / names[1]}: 3 slices, lesion in ")
    assert lines[1] == f"{tmp_path / names[0]}: 3 slices, healthy"
    masks = [tifffile.imread(one) for one in (tmp_path / names[1]).glob("*_mask.tif")]
    assert abs(max(np.count_nonzero(mask) for mask in masks) / (np.pi * 400) - 1) < 0.15


def test_quiet_says_nothing(cli: Callable[..., Any], tmp_path: Path) -> None:
    result = cli("phantom", "-o", tmp_path, "--patients", 1, "--healthy", 1, "--slices", 1, "-q")
    assert (result.status, result.out, result.err) == (0, "", "")


def test_more_healthy_than_patients_is_a_wrong_argument(cli: Callable[..., Any], tmp_path: Path) -> None:
    result = cli("phantom", "-o", tmp_path, "--patients", 1, "--healthy", 2)
    assert result.status == 2
    assert "--healthy must be at most --patients" in " ".join(result.err.replace("│", " ").split())
    assert not any(tmp_path.iterdir())


def test_a_lesion_too_large_for_the_brain_ends_with_status_1(cli: Callable[..., Any], tmp_path: Path) -> None:
    result = cli("phantom", "-o", tmp_path, "--patients", 1, "--healthy", 0, "--slices", 2, "--lesion-radius", 99)
    assert result.status == 1
    assert "gliascope: error: a lesion must fit into one hemisphere" in result.err


def test_volumes_are_analysed_and_measured(cli: Callable[..., Any], tmp_path: Path) -> None:
    result = cli("phantom", "-o", tmp_path, "--patients", 1, "--healthy", 0, "--slices", 5, "--format", "nifti")
    assert result.status == 0
    (case,) = read_cases([tmp_path])
    assert case.scans[0].has_geometry
    assert case.scans[0].sequences == ("pre", "flair", "post")
