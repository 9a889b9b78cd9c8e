from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

import gliascope.pipeline
from gliascope.bundle import Bundle, load_bundle, write_bundle
from gliascope.dataset.split import Split, save_split
from gliascope.engine.fake import FakeEngine
from gliascope.evaluate.plots import PLOTS
from gliascope.evaluate.record import EvaluationRecord
from gliascope.read import pixel_hash
from gliascope.recipe import Clahe, Preparation, Recipe
from gliascope.rules import OperatingPoint

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
        recipe=Recipe(
            assess=False, preparation=Preparation(size=64, crop=False, normalise="unit", clahe=Clahe(enabled=False))
        ),
        operating_points={"balanced": OperatingPoint("balanced", 0.5, 0.5, "all")},
        graphs={"classifier": b"classifier", "segmenter": b"segmenter"},
        seen=[pixel_hash(one) for one in trained],
        summary={},
        card="# Nothing\n",
        licence="Research.\n",
    )


FILES = [
    "MODEL_CARD.md",
    "evaluation.json",
    "evidence.parquet",
    "figures",
    "model_card.json",
    "patients.csv",
    "report.html",
    "slices.csv",
    "worst",
]


def test_a_table_on_standard_output_and_a_folder_of_files(
    cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    result = cli("evaluate", data, "--split", split, "--model", model.path, "-o", out)
    assert result.status == 0, result.err
    assert "small on data, test side: 2 patients, 4 slices, 2 with tumour" in " ".join(result.out.split())
    line = next(one for one in result.out.splitlines() if one.startswith("Dice per patient, mean"))
    assert line.split()[-6:] == ["0.976", "0.952", "to", "1.000", "2", "4"]
    order = [one for one in ("Dice per patient, mean", "HD95 per", "Slice AUC", "Slice F1") if one in result.out]
    assert [result.out.index(one) for one in order] == sorted(result.out.index(one) for one in order)
    assert sorted(one.name for one in out.iterdir()) == FILES
    assert [one.name for one in sorted((out / "worst").iterdir())] == ["01-TCGA_BB_0002.png", "02-TCGA_AA_0001.png"]
    assert sorted(one.stem for one in (out / "figures").iterdir()) == sorted(PLOTS)
    assert all(f"Written: {out / name}" in " ".join(result.err.split()) for name in ("report.html", "MODEL_CARD.md"))
    assert "| Dice per patient, mean | 0.976 |" in (out / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "in-sample" not in result.out.lower()


def test_everything_is_made_again_from_the_evidence(
    cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    assert cli("evaluate", data, "--split", split, "--model", model.path, "-o", first, "--seed", 7, "-q").status == 0
    evidence = first / "evidence.parquet"
    result = cli("evaluate", "--evidence", evidence, "--model", model.path, "-o", second)
    assert result.status == 0, result.err
    assert "small on data, test side: 2 patients, 4 slices" in " ".join(result.out.split())
    assert sorted(one.name for one in second.iterdir()) == [name for name in FILES if name != "worst"]
    for name in FILES:
        if name not in {"worst", "figures", "report.html"}:
            assert (second / name).read_bytes() == (first / name).read_bytes(), name
    assert "No pictures: these tables were made from evidence" in (second / "report.html").read_text(encoding="utf-8")
    assert cli("evaluate", "--evidence", evidence, "--model", model.path, "-o", first, "-q").status == 0
    assert len(list((first / "worst").iterdir())) == 2
    assert "No pictures" not in (first / "report.html").read_text(encoding="utf-8")


def test_evidence_of_another_bundle_is_refused_and_without_its_bundle_the_card_is_short(
    cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path
) -> None:
    assert cli("evaluate", data, "--split", split, "--model", model.path, "-o", tmp_path / "out", "-q").status == 0
    evidence = tmp_path / "out" / "evidence.parquet"
    card = tmp_path / "card.md"
    assert cli("evaluate", "--evidence", evidence, "--card", card).status == 0
    assert "Not told by the evaluation alone" in card.read_text(encoding="utf-8")
    (model.path / "seen.txt").write_text("")
    result = cli("evaluate", "--evidence", evidence, "--model", model.path)
    assert (result.status, result.out) == (1, "")


def test_two_results_are_compared(cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    score = ("evaluate", data, "--split", split, "--model", model.path)
    assert cli(*score, "-o", other, "-q").status == 0
    result = cli(*score, "-o", out, "--against", other)
    assert result.status == 0, result.err
    said = " ".join(result.out.split())
    assert "Dice is higher in this result for 0 patients, in the other for 0, the same for 2." in said
    against = json.loads((out / "against.json").read_text(encoding="utf-8"))
    assert (against["schema"], against["ties"], against["figures"]["dice_mean"]["difference"]) == (
        "gliascope.comparison/1",
        2,
        0.0,
    )
    assert (out / "figures" / "against.png").is_file()
    assert "Against the other result" in (out / "report.html").read_text(encoding="utf-8")
    assert cli("evaluate", "--evidence", out / "evidence.parquet", "--against", other / "evidence.parquet").status == 0


def test_results_of_other_patients_are_refused_before_scoring(
    cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path
) -> None:
    score = ("evaluate", data, "--split", split, "--model", model.path)
    assert cli(*score, "--side", "train", "--allow-seen", "-o", tmp_path / "other", "-q").status == 0
    result = cli(*score, "-o", tmp_path / "out", "--against", tmp_path / "other")
    assert (result.status, result.out) == (1, "")
    assert (
        "received patients only in this: TCGA_AA_0001, TCGA_BB_0002, and only in the other: TCGA_BB_0003"
        in " ".join(result.err.split())
    )
    assert not list((tmp_path / "out").iterdir())
    (tmp_path / "empty").mkdir()
    result = cli(*score, "--against", tmp_path / "empty")
    assert result.status == 1
    assert "a result must hold the file evidence.parquet" in " ".join(result.err.split())


def test_what_is_refused_after_scoring_loses_no_scores(
    cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path
) -> None:
    given = ("evaluate", data, "--split", split, "--model", model.path)
    assert cli(*given, "-o", tmp_path / "other", "-q").status == 0
    assert cli(*given, "--lone-slices", "-o", tmp_path / "lone", "-q").status == 0
    image = data / NAMES[0] / f"{NAMES[0]}_2.tif"
    mask = np.zeros((64, 64), dtype=np.uint8)
    mask[:5, :5] = 255
    tifffile.imwrite(image, tifffile.imread(image) + 1, photometric="rgb")
    tifffile.imwrite(image.with_name(f"{NAMES[0]}_2_mask.tif"), mask)
    out, card = tmp_path / "out", tmp_path / "new" / "folder" / "card.md"
    result = cli(
        *given, "-o", out, "--against", tmp_path / "other", "--lone", tmp_path / "lone", "--card", card, "--stamp"
    )
    said = " ".join(result.err.split())
    assert result.status == 1
    assert "the true outlines must be the same, received 25 px in this and 0 px in the other" in said
    assert "received other slices" in said
    assert "small on data, test side: 2 patients, 4 slices, 3 with tumour" in " ".join(result.out.split())
    assert sorted(one.name for one in out.iterdir()) == FILES
    assert "lone images |" not in card.read_text(encoding="utf-8")
    assert load_bundle(model.path).sha256 == model.sha256


def test_a_stamp_that_is_refused_loses_no_scores(
    cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path
) -> None:
    members = [tuple(f"{name}/{name}_{number}.tif" for name in NAMES) for number in (2, 1)]
    save_split(Split(train=members[0], validation=(), test=members[1], strategy="slice"), split)
    card = tmp_path / "card.md"
    trained = write_bundle(
        tmp_path / "unseen",
        name=model.name,
        wiring=model.wiring,
        recipe=model.recipe,
        operating_points=model.operating_points,
        graphs={"classifier": b"classifier", "segmenter": b"segmenter"},
        seen=[],
        summary={},
        card="# Nothing\n",
        licence="Research.\n",
    )
    result = cli("evaluate", data, "--split", split, "--model", trained.path, "--stamp", "--card", card)
    assert result.status == 1
    assert "received an evaluation marked leaky" in " ".join(result.err.split())
    assert "Dice per patient, mean" in result.out
    assert card.is_file()


def test_what_can_be_known_is_refused_before_scoring(
    cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = ("evaluate", data, "--split", split, "--model", model.path, "-q")
    assert cli(*given, "--lone-slices", "-o", tmp_path / "lone").status == 0
    assert cli(*given, "--lone-slices", "--flips", "-o", tmp_path / "flipped").status == 0
    everybody = ("--side", "train", "--allow-seen")
    monkeypatch.setattr("gliascope.cli.evaluate_run.evaluate_side", None)
    for options, message in (
        (("--lone", tmp_path / "lone", "--lone-slices"), "received lone images twice"),
        (("--lone", tmp_path / "flipped"), "received other way of analysing"),
        (("--lone", tmp_path / "lone", *everybody), "received patients only in this: TCGA_BB_0003"),
        (("--card", tmp_path), "the model card must be written to a file, received a folder"),
    ):
        result = cli(*given, *options, "-o", tmp_path / "out")
        assert (result.status, message in " ".join(result.err.split())) == (1, True), result.err


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


def test_an_interval_needs_more_patients_than_two(
    cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path
) -> None:
    options = ("--split", split, "--model", model.path, "-o", tmp_path / "scores", "-q")
    result = cli("evaluate", data, *options, "--stamp", "--fit-interval")
    assert result.status == 1
    assert "an interval of the volume needs at least 19 volumes" in result.err
    assert (tmp_path / "scores" / "evaluation.json").is_file()  # what was measured is kept
    assert load_bundle(model.path).sha256 == model.sha256


def test_lone_images_are_shown_on_every_card(cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path) -> None:
    given = ("evaluate", data, "--split", split, "--model", model.path, "-q")
    assert cli(*given, "--lone-slices", "-o", tmp_path / "lone").status == 0
    assert cli(*given, "-o", tmp_path / "whole", "--lone", tmp_path / "lone", "--stamp").status == 0
    card = (tmp_path / "whole" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "| figure | whole patients | 95% interval | lone images | 95% interval |" in card
    alone = json.loads((tmp_path / "lone" / "evaluation.json").read_text(encoding="utf-8"))["figures"]
    assert alone["brier"]["low"] is not None
    assert load_bundle(model.path).evaluation["lone_slices"]["figures"] == alone
    assert load_bundle(model.path).card() == card
    result = cli(*given, "-o", tmp_path / "again", "--lone", tmp_path / "whole")
    assert (result.status, "must come from --lone-slices" in result.err) == (1, True)
    assert not (tmp_path / "again").exists()


def test_card_and_stamp(cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    result = cli("evaluate", data, "--split", split, "--model", model.path, "--card", card, "--stamp", "-q")
    assert (result.status, result.out, result.err) == (0, "", "")
    stamped = load_bundle(model.path)
    assert stamped.card() == card.read_text(encoding="utf-8")
    assert "| Dice per patient, mean | 0.976 | 0.952 to 1.000 | 2 | 4 |" in stamped.card()
    assert stamped.evaluation["patients"] == 2


def test_flips_are_recorded_and_told(cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path) -> None:
    result = cli("evaluate", data, "--split", split, "--model", model.path, "--flips", "-o", tmp_path / "out", "-q")
    assert result.status == 0, result.err
    assert json.loads((tmp_path / "out" / "evaluation.json").read_text())["provenance"]["flips"] is True
    (page,) = (tmp_path / "out").glob("*.html")
    assert "with flips at test time." in page.read_text(encoding="utf-8")
    result = cli("evaluate", data, "--split", split, "--model", model.path, "--lone-slices")
    assert result.status == 0, result.err
    assert "every slice as a lone image" in " ".join(result.out.split())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--side", "tset"), "--side must be one of train, validation, test"),
        (("--device", "abacus"), "--device must be auto or one of cpu"),
        (("--stamp",), "--stamp needs --model"),
        (("--fit-interval",), "--fit-interval goes with --stamp"),
        (("--lone", "."), "--lone goes with -o, --card or --stamp"),
        (("--stamp", "--allow-seen", "--model", "somewhere"), "--stamp and --allow-seen exclude each other"),
        (("--stamp", "--flips", "--model", "somewhere"), "--stamp and --flips exclude each other"),
        (("--stamp", "--lone-slices", "--model", "somewhere"), "--stamp and --lone-slices exclude each other"),
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
    assert cli("evaluate", "--split", split).status == 2
    assert cli("evaluate", data, "--split", split, "--against", tmp_path / "none").status == 2
    assert cli("evaluate", "--evidence", tmp_path / "none.parquet").status == 2


def test_evidence_is_not_scored(cli: Cli, data: Path, split: Path) -> None:
    result = cli("evaluate", data, "--evidence", split)
    assert result.status == 2
    assert "--evidence and DATA exclude each other: evidence holds counts and no outlines" in " ".join(
        result.err.split()
    )
    result = cli("evaluate", "--evidence", split, "--split", split, "--fold", 1, "--allow-seen")
    assert result.status == 2
    assert "--evidence and --split, --fold, --allow-seen exclude" in " ".join(result.err.split())
    result = cli("evaluate", "--evidence", split)
    assert (result.status, result.out) == (1, "")
    assert "evidence must be a Parquet file" in " ".join(result.err.split())


def test_a_fold_is_named_for_a_file_of_folds_alone(cli: Cli, data: Path, split: Path, model: Bundle) -> None:
    result = cli("evaluate", data, "--split", split, "--fold", 0, "--model", model.path)
    assert (result.status, result.out) == (1, "")


@pytest.mark.parametrize("sample", ["in-sample", "phantom", "leaky"])
def test_every_table_and_picture_is_stamped(
    cli: Cli, data: Path, split: Path, model: Bundle, tmp_path: Path, sample: str
) -> None:
    out = tmp_path / "out"
    arguments = ["evaluate", data, "--split", split, "--model", model.path, "-o", out]
    if sample == "in-sample":
        arguments += ["--side", "train", "--allow-seen"]
    if sample == "phantom":
        name = "PHANTOM_LS_0001_19000101"
        (data / NAMES[0]).rename(data / name)
        save_split(Split(train=NAMES[2:], validation=(), test=(name,)), split)
    if sample == "leaky":
        members = [[f"{name}/{name}_{number}.tif" for name in NAMES[:2]] for number in (2, 1)]
        save_split(Split(train=tuple(members[0]), validation=(), test=tuple(members[1]), strategy="slice"), split)
    result = cli(*arguments)
    assert result.status == 0, result.err
    stamp = str(EvaluationRecord.model_validate(json.loads((out / "evaluation.json").read_text())).stamp)
    assert stamp.lower().startswith(sample)
    assert stamp.upper() in " ".join(result.out.split())
    page = (out / "report.html").read_text(encoding="utf-8")
    captions = re.findall(r"<(?:caption|figcaption)[^>]*>(.*?)</(?:caption|figcaption)>", page, flags=re.DOTALL)
    assert len(captions) == page.count("<table") + page.count("<img")
    assert all(one.startswith(f'<strong class="mark">{stamp}</strong>') for one in captions)
    assert f'<p class="banner" role="note">{stamp}</p>' in page
    for path in (out / "figures").iterdir():
        with Image.open(path) as picture:
            assert picture.info["Comment"] == stamp
    for path in (out / "worst").iterdir():
        with Image.open(path) as picture:
            assert picture.info["Comment"] == stamp
    card = (out / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert card.count(f"**{stamp}**") == 1 + card.count("| --- |")
    for name in ("patients.csv", "slices.csv"):
        rows = (out / name).read_text(encoding="utf-8").splitlines()
        assert {row.rpartition(",")[2] for row in rows[1:]} == {sample}
    assert json.loads((out / "model_card.json").read_text(encoding="utf-8"))["model_details"]["stamps"][0] == stamp
    refused = cli("evaluate", "--evidence", out / "evidence.parquet", "--model", model.path, "--stamp")
    assert refused.status == 1
    assert f"received an evaluation marked {sample}" in " ".join(refused.err.split())
