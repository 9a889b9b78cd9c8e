"""Fixtures that every test may use: real data where it is at hand, and the command line in this process."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parents[1]
FEW_PATIENTS = 6

os.environ["MPLBACKEND"] = "Agg"
settings.register_profile("gliascope", deadline=None, derandomize=True, max_examples=40)
settings.load_profile("gliascope")

PatientsFactory = Callable[[int | None], Path]
"""Number of patients (None for all) -> folder `kaggle_3m` with exactly these, the first in sorted order."""


@dataclass(frozen=True)
class CliResult:
    """What a call of the command line left behind."""

    status: int
    out: str
    err: str


def _data_folder() -> Path:
    """Folder with `lgg/restore.py` and `external.zip`; skips the test that asks where there is none."""
    named = os.environ.get("GLIASCOPE_DATA")
    folder = Path(named) if named else REPOSITORY.parent / "shared" / "data"
    if not (folder / "lgg" / "restore.py").is_file():
        pytest.skip(f"real data not found: {folder}/lgg/restore.py is missing; set GLIASCOPE_DATA to its folder")
    return folder


def _fill_once(target: Path, fill: Callable[[Path], None]) -> Path:
    """Fill a folder of the cache beside its place and move it there, so that it is whole or absent."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=target.parent))
        fill(fresh)
        try:
            fresh.rename(target)
        except OSError:  # another run was quicker
            shutil.rmtree(fresh)
    return target


@pytest.fixture(scope="session")
def lgg_patients(request: pytest.FixtureRequest) -> PatientsFactory:
    """Restore as many patients of the LGG data set as a test asks for; kept in pytest's cache folder."""
    script = _data_folder() / "lgg" / "restore.py"
    assert request.config.cache is not None
    cache = request.config.cache.mkdir("gliascope-lgg")

    def restore(count: int | None = FEW_PATIENTS) -> Path:
        limit = [] if count is None else ["--patients", str(count)]

        def fill(folder: Path) -> None:
            subprocess.run([sys.executable, script, folder, *limit], check=True, capture_output=True)

        return _fill_once(cache / str(count or "all"), fill) / "kaggle_3m"

    return restore


@pytest.fixture(scope="session")
def lgg_root(lgg_patients: PatientsFactory) -> Path:
    """Folder `kaggle_3m` with the first six patients and `data.csv`."""
    return lgg_patients(FEW_PATIENTS)


@pytest.fixture(scope="session")
def external_root(request: pytest.FixtureRequest) -> Path:
    """Folder with `brats`, `native`, `dicom` and `ood`: other scanners, formats and things that are no brain."""
    archive = _data_folder() / "external.zip"
    if not archive.is_file():
        pytest.skip(f"external cases not found: {archive} is missing")
    assert request.config.cache is not None

    def fill(folder: Path) -> None:
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)

    return _fill_once(Path(request.config.cache.mkdir("gliascope-external")) / "all", fill)


@pytest.fixture
def library_logger() -> Iterator[logging.Logger]:
    """The library's logger, put back as it was after the test."""
    logger = logging.getLogger("gliascope")
    before = (list(logger.handlers), logger.propagate, logger.level)
    yield logger
    logger.handlers[:], logger.propagate = before[0], before[1]
    logger.setLevel(before[2])


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], library_logger: logging.Logger) -> Callable[..., CliResult]:
    """Run the command line in this process: `cli("phantom", "-o", folder)`."""
    del library_logger
    from gliascope.cli.app import main

    def call(*arguments: object) -> CliResult:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(one) for one in arguments])
        captured = capsys.readouterr()
        status = ended.value.code
        return CliResult(status if isinstance(status, int) else int(status is not None), captured.out, captured.err)

    return call
