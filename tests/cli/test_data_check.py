from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gliascope.phantom import make_phantom, write_phantom

Cli = Callable[..., Any]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for seed in range(2):
        write_phantom(make_phantom(seed, slices=6, size=96), tmp_path / "kaggle_3m")
    return tmp_path / "kaggle_3m"


def test_a_sound_set_gives_0(cli: Cli, root: Path) -> None:
    result = cli("data", "check", root)
    assert result.status == 0
    assert result.out.splitlines()[0] == f"{root}: 2 patients, 12 slices"
    assert result.out.splitlines()[-1] == "found: 0 broken, 0 warning, 0 information"
    assert result.err == ""


def test_warnings_alone_give_0(cli: Cli, root: Path) -> None:
    for path in sorted(root.glob("*_0000_*/*_3*.tif")):
        path.unlink()
    result = cli("data", "check", root)
    assert result.status == 0
    assert "PHANTOM_LS_0000_19000101: 1 to 6 without 3" in result.out


def test_something_broken_gives_1(cli: Cli, root: Path) -> None:
    for path in sorted(root.glob("*/*_mask.tif"))[:8]:
        path.write_bytes(b"")
    result = cli("data", "check", root)
    assert result.status == 1
    assert "and 5 more" in result.out
    everything = cli("data", "check", root, "-v")
    assert everything.status == 1
    assert everything.out.count("_mask.tif: 0 bytes") == 8
    assert cli("data", "check", root, "-q") == type(result)(1, "", "")


def test_json(cli: Cli, root: Path) -> None:
    (root / "notes.txt").write_text("", encoding="utf-8")
    result = cli("data", "check", root, "--json")
    said = json.loads(result.out)
    assert result.status == 0
    assert said["patients"] == 2
    assert said["remarks"] == [
        {"severity": "information", "rule": "stray-file", "path": "notes.txt", "received": "another file"}
    ]


def test_no_data_set(cli: Cli, tmp_path: Path) -> None:
    result = cli("data", "check", tmp_path / "nowhere")
    assert result.status == 1
    assert result.err == f"gliascope: error: {tmp_path}/nowhere: a data set must be a folder, received none\n"
    assert cli("data", "check").status == 2


def test_no_extra_is_needed(root: Path) -> None:
    """The core installation checks data: nothing of the extras is imported."""
    code = (
        "import sys\n"
        "from gliascope.cli.app import main\n"
        f"try: main(['data', 'check', {str(root)!r}, '-q'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print([one for one in ('pandas', 'pyarrow', 'sklearn', 'kagglehub', 'matplotlib') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.realdata
def test_real_patients(cli: Cli, lgg_root: Path) -> None:
    result = cli("data", "check", lgg_root, "--json")
    said = json.loads(result.out)
    assert result.status == 0
    assert said["patients"] == 6
    assert {one["rule"] for one in said["rules"]} <= {"channel-copy"}
