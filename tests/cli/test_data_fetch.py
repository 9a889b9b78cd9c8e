from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gliascope.dataset.fetch import PAGE
from gliascope.phantom import make_phantom, write_phantom

Cli = Callable[..., Any]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = write_phantom(make_phantom(0, slices=3, size=64), tmp_path / "kaggle_3m")
    path = tmp_path / "archive.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for one in sorted(folder.iterdir()):
            opened.write(one, one.relative_to(tmp_path))
    return path


def test_a_file_is_taken(cli: Cli, archive: Path, tmp_path: Path) -> None:
    result = cli("data", "fetch", "-o", tmp_path / "lgg", "--from", archive)
    assert result.status == 0, result.err
    first, licence, cite = result.out.splitlines()
    assert first == f"{tmp_path}/lgg/kaggle_3m: 1 patients, 3 slices, from archive.zip"
    assert "not for commercial use" in licence
    assert "10.1016/j.compbiomed.2019.05.002" in cite
    assert "The public data set has 110 patients and 3929 slices" in result.err
    assert f"gliascope data check {tmp_path}/lgg/kaggle_3m" in result.err
    again = cli("data", "fetch", "-o", tmp_path / "lgg", "--from", archive)
    assert again.out.splitlines()[0].endswith("from archive.zip (already there)")
    assert cli("data", "check", tmp_path / "lgg").status == 0


def test_json_and_quiet(cli: Cli, archive: Path, tmp_path: Path) -> None:
    result = cli("data", "fetch", "-o", tmp_path / "lgg", "--from", archive, "--json")
    assert (result.status, result.err) == (0, "")
    said = json.loads(result.out)
    assert said["path"] == str(tmp_path / "lgg" / "kaggle_3m")
    assert (said["schema"], said["patients"], said["slices"]) == ("gliascope.fetched/1", 1, 3)
    assert (said["new"], said["origin"], said["left_out"]) == (True, "archive.zip", [])
    quiet = cli("data", "fetch", "-o", tmp_path / "lgg", "--from", archive, "-q")
    assert (quiet.status, quiet.out, quiet.err) == (0, "", "")


def test_wrong_inputs(cli: Cli, tmp_path: Path) -> None:
    missing = cli("data", "fetch", "-o", tmp_path / "lgg", "--from", tmp_path / "no.zip")
    assert missing.status == 1
    assert "received a path that does not exist" in missing.err
    (tmp_path / "no.zip").write_text("no", encoding="utf-8")
    damaged = cli("data", "fetch", "-o", tmp_path / "lgg", "--from", tmp_path / "no.zip")
    assert damaged.status == 1
    assert "must be a whole zip archive" in damaged.err
    assert cli("data", "fetch").status == 2


def test_without_the_extra_the_way_by_hand_is_told(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kagglehub", None)
    result = cli("data", "fetch", "-o", tmp_path / "lgg")
    assert result.status == 1
    assert PAGE in result.err
    assert "gliascope data fetch -o DIR --from archive.zip" in result.err


def test_a_file_is_taken_without_any_extra(archive: Path, tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from gliascope.cli.app import main\n"
        f"try: main(['data', 'fetch', '-o', {str(tmp_path / 'lgg')!r}, '--from', {str(archive)!r}, '-q'])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "print([one for one in ('pandas', 'requests', 'kagglehub', 'matplotlib') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
