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
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
from hypothesis import settings
from numpy.typing import NDArray
from PIL import Image

from tests.orthanc import bright_series, orthanc, orthanc_server, short_waits

if TYPE_CHECKING:
    from gliascope.rules import Components, Holes

__all__ = ["bright_series", "orthanc", "orthanc_server", "short_waits"]  # fixtures are found here

REPOSITORY = Path(__file__).resolve().parents[1]
FEW_PATIENTS = 6

os.environ["MPLBACKEND"] = "Agg"
os.environ["TF_NUM_INTEROP_THREADS"] = "1"  # as the command line sets it: training is repeatable to the bit
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
    from gliascope.cli.app import main

    def call(*arguments: object) -> CliResult:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(one) for one in arguments])
        captured = capsys.readouterr()
        status = ended.value.code
        return CliResult(status if isinstance(status, int) else int(status is not None), captured.out, captured.err)

    return call


BundleFactory = Callable[..., Path]
"""`tiny_bundle(wiring=..., preparation=..., seen=..., components=..., assess=False)` -> folder with tiny graphs."""


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> BundleFactory:
    """Write bundles whose small ONNX graphs call what is bright on FLAIR a tumour; needs no training."""
    pytest.importorskip("onnx")
    from gliascope.bundle import write_bundle
    from gliascope.recipe import Clahe, Preparation, Recipe
    from gliascope.rules import OperatingPoint

    def write(
        wiring: Literal["shared", "separate"] = "shared",
        preparation: Preparation | None = None,
        seen: tuple[str, ...] = (),
        components: Components = "all",
        assess: bool = False,
        holes: Holes = "kept",
    ) -> Path:
        preparation = preparation or Preparation(size=64, clahe=Clahe(enabled=False))
        graphs = _tiny_graphs(preparation.channels)
        chosen = ("trunk", "decoder") if wiring == "shared" else ("classifier", "segmenter")
        return write_bundle(
            tmp_path_factory.mktemp("bundle") / "tiny",
            name="tiny",
            wiring=wiring,
            recipe=Recipe(assess=assess, preparation=preparation),
            operating_points={"balanced": OperatingPoint("balanced", 0.5, 0.5, components, holes=holes)},
            graphs={role: graphs[role] for role in chosen},
            seen=seen,
            summary={"data": "none"},
            card="# Tiny\n\nBright is a tumour.\n",
            licence="None.\n",
        ).path

    return write


def _tiny_graphs(channels: int) -> dict[str, bytes]:
    """Graphs of every role, in the text form of ONNX: smoothed FLAIR over 2 deviations is a tumour."""
    from onnx import parser

    head = '<ir_version: 8, opset_import: ["" : 17]>'
    blurred = """
        to = Constant <value = int64[1] {2}> ()
        start = Constant <value = int64[1] {1}> ()
        last = Constant <value = int64[1] {3}> ()
        one = Slice (images, start, to, last)
        planes = Transpose <perm = [0, 3, 1, 2]> (one)
        kernel = Constant <value = float[1, 1, 3, 3] {0.1, 0.1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.1, 0.1}> ()
        smooth = Conv <pads = [1, 1, 1, 1]> (planes, kernel)
        level = Constant <value = float {2.0}> ()
        above = Sub (smooth, level)
    """
    decide = """
        steep = Constant <value = float {8.0}> ()
        scaled = Mul (above, steep)
        soft = Sigmoid (scaled)
        share = ReduceMean <axes = [1, 2, 3], keepdims = 0> (soft)
        column = Constant <value = int64[2] {-1, 1}> ()
        shares = Reshape (share, column)
        half = Constant <value = float {0.02}> ()
        over = Sub (shares, half)
        slope = Constant <value = float {200.0}> ()
        logit = Mul (over, slope)
        probability = Sigmoid (logit)
    """
    outline = """
        four = Constant <value = float {4.0}> ()
        edge = Mul (rows, four)
        mask = Sigmoid (edge)
    """
    image, rest = (
        f"float[n, s, s, {channels}] images",
        "".join(f", float[n, a, b, 1] feature_{level}" for level in range(1, 5)),
    )
    pyramid = "".join(
        f"""
        small_{level} = MaxPool <kernel_shape = [{step}, {step}], strides = [{step}, {step}]> (above)
        feature_{level} = Transpose <perm = [0, 2, 3, 1]> (small_{level})"""
        for level, step in ((1, 2), (2, 4), (3, 8), (4, 16))
    )
    back = "rows = Transpose <perm = [0, 2, 3, 1]> (above)"
    first = "feature_0 = Transpose <perm = [0, 2, 3, 1]> (above)"
    sources = {
        "trunk": f"trunk ({image}) => (float[n, 1] probability, float[n, s, s, 1] feature_0{rest}) "
        f"{{ {blurred} {decide} {first} {pyramid} }}",
        "decoder": f"decoder (float[n, s, s, 1] feature_0{rest}) => (float[n, s, s, 1] mask) "
        f"{{ rows = Identity (feature_0) {outline} }}",
        "classifier": f"classifier ({image}) => (float[n, 1] probability) {{ {blurred} {decide} }}",
        "segmenter": f"segmenter ({image}) => (float[n, s, s, 1] mask) {{ {blurred} {back} {outline} }}",
    }
    return {role: parser.parse_model(f"{head}\n{source}").SerializeToString() for role, source in sources.items()}


@dataclass(frozen=True)
class Bright:
    """A made-up scan: a grey head on black, and on some slices a bright block.

    Attributes
    ----------
    pixels : ndarray, uint8, shape (slice, row, column)
    truth : ndarray, bool, same shape
    """

    pixels: NDArray[np.uint8]
    truth: NDArray[np.bool_]

    def save(self, folder: Path, suffix: str = ".png", *, masks: bool = False) -> Path:
        """Write `<folder>_<slice>` images, counted from 1, in the LGG data set's manner."""
        folder.mkdir(parents=True, exist_ok=True)
        for number, (image, inside) in enumerate(zip(self.pixels, self.truth, strict=True), start=1):
            stem = f"{folder.name}_{number}"
            Image.fromarray(image).save(folder / f"{stem}{suffix}")
            if masks:
                Image.fromarray(inside.astype(np.uint8) * 255).save(folder / f"{stem}_mask{suffix}")
        return folder


@pytest.fixture(scope="session")
def bright() -> Callable[..., Bright]:
    """Make scans that the tiny bundle finds something on: `bright(slices=6, tumour=(2, 4), shape=(96, 96), seed=0)`."""

    def make(
        slices: int = 6, tumour: tuple[int, int] = (2, 4), shape: tuple[int, int] = (96, 96), seed: int = 0
    ) -> Bright:
        rows, columns = shape
        noise = np.random.default_rng(seed).normal(0, 4, (slices, rows, columns))
        grid = np.hypot(*np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij"))
        values = np.where(grid < 0.85, 95 + noise, 0)
        truth = np.zeros(values.shape, dtype=np.bool_)
        truth[tumour[0] : tumour[1], rows // 3 : rows // 2, columns // 3 : (columns * 3) // 5] = True
        return Bright(np.clip(np.where(truth, values + 90, values), 0, 255).astype(np.uint8), truth)

    return make
