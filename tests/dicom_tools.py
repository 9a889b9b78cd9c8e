"""Other people's DICOM programs, found or asked for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

REQUIRED: Final = "GLIASCOPE_REQUIRE_TOOLS"
"""Environment variable that turns a missing program into a failure; continuous integration sets it."""
PACKAGES: Final = {
    "dciodvfy": "dicom3tools",
    "dcentvfy": "dicom3tools",
    "dcmdump": "dcmtk",
    "dsrdump": "dcmtk",
    "openssl": "openssl",
}
"""Debian's package of each program."""
SLICER: Final = "segimage2itkimage"
SLICER_REPORT: Final = "tid1500reader"
"""Programs by which 3D Slicer imports segmentations and reports; the extra `dev` brings them to Linux on x86-64."""


def run_tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a program on files; skip the test, or fail it where that is asked for, without the program."""
    found = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if found is None:
        package = "pip install dcmqi" if name in {SLICER, SLICER_REPORT} else f"apt-get install {PACKAGES[name]}"
        message = f"{name} not found: {package}"
        if os.environ.get(REQUIRED):
            pytest.fail(message)
        pytest.skip(message)
    return subprocess.run([found, *arguments], capture_output=True, text=True, check=False, errors="replace")


def complaints(path: Path) -> list[str]:
    """What dciodvfy calls errors."""
    done = run_tool("dciodvfy", path)
    return [line for line in done.stderr.splitlines() if line.startswith("Error")]
