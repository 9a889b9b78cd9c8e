from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

import gliascope.pipeline
from gliascope.bundle import Bundle, load_bundle, write_bundle
from gliascope.dataset.split import Split, save_split
from gliascope.engine.fake import FakeEngine
from gliascope.findings import OperatingPoint
from gliascope.read import pixel_hash
from gliascope.recipe import Clahe, Preparation, Recipe

Cli = Callable[..., Any]
NAMES = ("TCGA_AA_0001_20000101", "TCGA_BB_0002_20000102", "TCGA_BB_0003_20000103")


@pytest.fixture(autouse=True)
def _fake_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = partial(gliascope.pipeline.Analyser, engine=FakeEngine("separate", level=0.5))
    monkeypatch.setattr(gliascope.pipeline, "Analyser", fake)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    for shift, name in enumerate(NAMES):
        folder = tmp_path / "data" / name
        folder.mkdir(parents=True)
        for number in (1, 2):
            image = rng.integers(20, 90, size=(64, 64, 3), dtype=np.uint8)
            mask = np.zeros((64, 64), dtype=np.uint8)
            if number == 1:
                image[10:20, 10:20, 1] = 200
                mask[10 : 20 + shift, 10:20] = 255
            tifffile.imwrite(folder / f"{name}_{number}.tif", image, photometric="rgb")
            tifffile.imwrite(folder / f"{name}_{number}_mask.tif", mask)
    return tmp_path / "data"


@pytest.fixture
def split(tmp_path: Path) -> Path:
    save_split(Split(train=NAMES[2:], validation=(), test=NAMES[:2]), tmp_path / "split.json")
    return tmp_path / "split.json"


@pytest.fixture
def model(tmp_path: Path, data: Path) -> Bundle:
    trained = [tifffile.imread(one) for one in (data / NAMES[2]).glob(f"{NAMES[2]}_?.tif")]
    return write_bundle(
        tmp_path / "model",
        name="small",
        wiring="separate",
        recipe=Recipe(preparation=Preparation(size=64, crop=False, normalise="unit", clahe=Clahe(enabled=False))),
        operating_points={"balanced": OperatingPoint("balanced", 0.5, 0.5, "all")},
        graphs={"classifier": b"classifier", "segmenter": b"segmenter"},
        seen=[pixel_hash(one) for one in trained],
        summary={},
        card="# Nothing\n",
        licence="Research.\n",
    )


def test_a_table_on_standard_output_and_three_files(
    cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path
) -> None:
    result = cli("evaluate", data, "--split", split, "--model", model.path, "-o", tmp_path / "out")
    assert result.status == 0, result.err
    assert "small on data, test side: 2 patients, 4 slices, 2 with tumour" in " ".join(result.out.split())
    line = next(one for one in result.out.splitlines() if one.startswith("Dice per patient, mean"))
    assert line.split()[-6:] == ["0.976", "0.952", "to", "1.000", "2", "4"]
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == ["evaluation.json", "patients.csv", "slices.csv"]
    assert "in-sample" not in result.out.lower()


def test_json_is_the_record(cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path) -> None:
    result = cli("evaluate", data, "--split", split, "--model", model.path, "-o", tmp_path / "out", "--json")
    assert result.status == 0
    assert result.out == (tmp_path / "out" / "evaluation.json").read_text()
    assert json.loads(result.out)["figures"]["dice_mean"]["value"] == pytest.approx((1 + 200 / 210) / 2)


def test_seen_images_are_refused(cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path) -> None:
    arguments = ("evaluate", data, "--split", split, "--side", "train", "--model", model.path)
    result = cli(*arguments)
    assert (result.status, result.out) == (1, "")
    assert "received 2 such slices of 2, of 1 patients: TCGA_BB_0003 (--allow-seen" in result.err
    card = tmp_path / "card.md"
    allowed = cli(*arguments, "--allow-seen", "--card", card)
    assert allowed.status == 0
    assert "IN-SAMPLE: THE MODEL WAS TRAINED OR CHOSEN ON IMAGES THAT ARE SCORED HERE." in " ".join(allowed.out.split())
    assert "**In-sample: " in card.read_text()


def test_card_and_stamp(cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    result = cli("evaluate", data, "--split", split, "--model", model.path, "--card", card, "--stamp", "-q")
    assert (result.status, result.out, result.err) == (0, "", "")
    stamped = load_bundle(model.path)
    assert stamped.card() == card.read_text(encoding="utf-8")
    assert "| Dice per patient, mean | 0.976 | 0.952 to 1.000 | 2 | 4 |" in stamped.card()
    assert stamped.evaluation["patients"] == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--side", "tset"), "--side must be one of train, validation, test"),
        (("--device", "abacus"), "--device must be auto or one of cpu"),
        (("--stamp",), "--stamp needs --model"),
        (("--stamp", "--allow-seen", "--model", "somewhere"), "--stamp and --allow-seen exclude each other"),
    ],
)
def test_wrong_arguments(cli: Cli, data: Path, split: Path, arguments: tuple[str, ...], message: str) -> None:
    result = cli("evaluate", data, "--split", split, *arguments)
    assert result.status == 2
    assert message in " ".join(result.err.split())


def test_a_missing_folder_or_split_is_a_wrong_argument(cli: Cli, data: Path, split: Path, tmp_path: Path) -> None:
    assert cli("evaluate", tmp_path / "nowhere", "--split", split).status == 2
    assert cli("evaluate", data, "--split", tmp_path / "none.json").status == 2
    assert cli("evaluate", data).status == 2
