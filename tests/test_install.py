"""What is installed: no framework among the dependencies, the data files in the wheel, and not too large."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import gliascope

REPOSITORY = Path(__file__).resolve().parents[1]
FRAMEWORKS = {"flax", "jax", "jaxlib", "keras", "tensorflow", "tensorflow-cpu", "tf2onnx", "torch"}
LARGEST = 90 * 2**20
"""Bytes that the installed package may take, its bundle included, its dependencies not."""


def requirements(distribution: str) -> set[str]:
    """Names of what a distribution needs in every case: without extras."""
    lines = [line for line in metadata.requires(distribution) or [] if "extra ==" not in line]
    return {re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in lines}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    pytest.importorskip("hatchling", reason="hatchling builds the wheel; the extra `dev` has it")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_no_framework_is_required() -> None:
    pending, seen = {"gliascope"}, set[str]()
    while pending:
        name = pending.pop()
        seen.add(name)
        try:
            pending |= requirements(name) - seen
        except metadata.PackageNotFoundError:
            continue  # needed on another system only
    assert "onnxruntime" in seen
    assert not seen & FRAMEWORKS


def test_one_version_everywhere() -> None:
    citation = (REPOSITORY / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {gliascope.__version__}\n" in citation
    assert metadata.version("gliascope") == gliascope.__version__


def test_the_wheel_carries_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    source = REPOSITORY / "src" / "gliascope"
    expected = {
        f"gliascope/{one.relative_to(source).as_posix()}"
        for one in source.rglob("*")
        if one.is_file() and "__pycache__" not in one.parts
    }
    assert {"gliascope/recipes/default.toml", "gliascope/models/LICENSE-WEIGHTS"} <= expected
    assert expected == {one for one in wheel.namelist() if one.startswith("gliascope/")}


def test_the_wheel_carries_both_licences(wheel: zipfile.ZipFile) -> None:
    names = [one for one in wheel.namelist() if ".dist-info/licenses/" in one]
    assert {Path(one).name for one in names} == {"LICENSE", "LICENSE-WEIGHTS"}


def test_the_installed_package_is_not_too_large(wheel: zipfile.ZipFile) -> None:
    assert sum(one.file_size for one in wheel.infolist()) < LARGEST


def test_no_image_of_a_patient_travels(wheel: zipfile.ZipFile) -> None:
    images = (".dcm", ".jpg", ".nii", ".nii.gz", ".png", ".tif", ".tiff", ".webp")
    assert [one for one in wheel.namelist() if one.endswith(images)] == []
