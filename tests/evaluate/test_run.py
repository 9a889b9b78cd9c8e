from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from gliascope.bundle import Bundle
from gliascope.dataset.layout import patients
from gliascope.dataset.split import Split
from gliascope.errors import InputError, SplitError
from gliascope.evaluate.lone import lone_slices
from gliascope.evaluate.run import evaluate_side
from gliascope.evaluate.tables import PROBABILITIES, scored
from gliascope.measure.overlap import dice
from gliascope.pipeline import Analyser, analyse_into
from gliascope.read import find_cases, pixel_hash, read_cases
from gliascope.rules import OperatingPoint

FIRST, SECOND, TRAINED = "TCGA_AA_0001_20000101", "TCGA_BB_0002_20000102", "TCGA_AA_0003_20000103"
MakeBundle = Callable[..., Bundle]
MakeAnalyser = Callable[[Bundle], Analyser]


def hashes(folder: Path) -> list[str]:
    return [pixel_hash(tifffile.imread(one)) for one in sorted(folder.glob("*.tif")) if "_mask" not in one.name]


def test_headline_figures_by_hand(data: Path, split: Split, analyser: Analyser) -> None:
    record = evaluate_side(data, split, analyser).record
    one, two = 2 * 100 / (125 + 100), 2 * 50 / (100 + 116)
    expected = {
        "dice_mean": (one + two) / 2,
        "dice_median": (one + two) / 2,
        "dice_sd": (one - two) / math.sqrt(2),
        "dice_low": 1.0,
        "dice_pooled": 2 * 150 / (225 + 216),
        "dice_slice": (1 + 2 * 50 / 200 + 0) / 3,
        "iou_mean": (100 / 125 + 50 / (100 + 116 - 50)) / 2,
        "iou_pooled": 150 / (225 + 216 - 150),
        "hd95_mean": (0 + 5) / 2,
        "asd_mean": (0 + 2.5) / 2,  # a square of 10 moved by 5: 90 pixels of distance over a border of 36
        "hd95_slices": 2.0,
        "missed_slices": 1.0,
        "empty_slices": 2.0,
        "auc": 8 / 9,
        "pr_auc": (1 + 1 + 3 / 4) / 3,
        "sensitivity": 2 / 3,
        "specificity": 2 / 3,
        "sensitivity_at_96": 2 / 3,
        "precision": 2 / 3,
        "f1": 2 / 3,
        "accuracy": 4 / 6,
        "false_positive_share_median": (25 / 100 + 50 / 116) / 2,
        "false_positive_px": 25.0,
        "false_positive_px_mean": 25 / 3,
        "false_positive_slices": 1.0,
    }
    told = {name: figure.value for name, figure in record.figures.items() if name not in PROBABILITIES}
    assert told == pytest.approx(expected)
    assert all(record.figures[name] == record.figures[f"{name}_raw"] for name in ("brier", "ece", "ece_mass"))
    assert [(p.patient, p.institution) for p in record.patients] == [("TCGA_AA_0001", "AA"), ("TCGA_BB_0002", "BB")]
    assert [p.dice for p in record.patients] == pytest.approx([one, two])
    assert (record.data.patients, record.data.slices, record.data.tumour_slices) == (2, 6, 3)
    assert (record.data.name, record.split.side, record.split.sha256) == ("kaggle_3m", "test", split.sha256)
    assert (record.sample, record.data.seen_slices, record.data.seen_patients) == ("unseen", 0, [])


def test_it_scores_what_analyse_writes(data: Path, split: Split, analyser: Analyser, tmp_path: Path) -> None:
    files = find_cases([data / name for name in split.test])
    written = {one.record["case"]: one.folder for one in analyse_into(analyser, files, tmp_path / "out", figures=False)}
    for one in evaluate_side(data, split, analyser).patients:
        folder = one.folders[0]
        truth = [tifffile.imread(data / folder / f"{Path(s.file).stem}_mask.tif") > 0 for s in one.slices]
        found = [
            np.asarray(Image.open(written[folder] / "masks" / f"{Path(s.file).stem}_mask.png")) for s in one.slices
        ]
        assert one.dice == dice(np.stack(found) > 0, np.stack(truth))


def test_lone_slices_are_analysed_as_images_of_their_own(data: Path, split: Split, analyser: Analyser) -> None:
    lone, whole = evaluate_side(data, split, analyser, lone=True), evaluate_side(data, split, analyser)
    assert lone.record.provenance == whole.record.provenance | {"lone_slices": True}
    assert scored(lone.record) == f"{scored(whole.record)}, every slice as a lone image"
    for patient in lone.patients:
        files = [data / patient.folders[0] / one.file for one in patient.slices]
        alone = [finding for case in read_cases(files) for finding in [analyser.analyse(case)]]
        told = {finding.slices[0].source.sha256: finding.slices[0] for finding in alone}
        for one in patient.slices:
            mine = told[one.sha256]
            assert (one.probability, one.predicted_px, one.verdict) == (mine.probability, mine.area_px, mine.verdict)


def test_the_run_of_every_slice_is_the_one_that_decided(
    data: Path, split: Split, make_bundle: MakeBundle, make_analyser: MakeAnalyser
) -> None:
    points = {"balanced": OperatingPoint("balanced", 0.5, 0.5, "all", 3)}
    analyser = make_analyser(make_bundle("runs", operating_points=points))
    for lone, run in ((False, 3), (True, 1)):
        evaluation = evaluate_side(data, split, analyser, lone=lone, resamples=0)
        assert {one.run for patient in evaluation.patients for one in patient.slices} == {run}
        called = [any(one.predicted_px for one in patient.slices) for patient in evaluation.patients]
        assert evaluation.record.operating_results[0].case_sensitivity.value == sum(called) / len(called) == float(lone)


def test_lone_slices_keep_order_and_truths(data: Path, split: Split) -> None:
    (case,) = read_cases([data / split.test[0]])
    apart = lone_slices(case)
    assert (apart.sources, apart.truths, apart.name) == (case.sources, case.truths, case.name)
    assert [(len(one), one.is_volume) for one in apart.scans] == [(1, False)] * len(case)
    np.testing.assert_array_equal(np.concatenate([one.pixels for one in apart.scans]), case.scans[0].pixels)


def test_the_same_evaluation_gives_the_same_bytes(data: Path, split: Split, analyser: Analyser) -> None:
    first, second = (evaluate_side(data, split, analyser).record.text() for _ in range(2))
    assert first == second
    other = evaluate_side(data, split, analyser, seed=1).record
    assert other.figures["dice_mean"].value == evaluate_side(data, split, analyser).record.figures["dice_mean"].value


def test_progress_is_told(data: Path, split: Split, analyser: Analyser) -> None:
    told: list[tuple[int, int, str]] = []
    evaluate_side(data, split, analyser, advance=lambda *what: told.append(what))
    assert told == [(1, 2, f"{FIRST} Dice 0.889"), (2, 2, f"{SECOND} Dice 0.463")]


def test_seen_images_are_refused_by_number_and_patient(
    data: Path, split: Split, make_bundle: MakeBundle, make_analyser: MakeAnalyser
) -> None:
    seen = [*hashes(data / FIRST)[:2], *hashes(data / TRAINED)]
    analyser = make_analyser(make_bundle(seen=seen))
    with pytest.raises(InputError, match=r"received 2 such slices of 6, of 1 patients: TCGA_AA_0001 \(--allow-seen"):
        evaluate_side(data, split, analyser)
    record = evaluate_side(data, split, analyser, allow_seen=True).record
    assert (record.sample, record.data.seen_slices) == ("in-sample", 2)
    assert (record.data.seen_patients, [p.seen_slices for p in record.patients]) == (["TCGA_AA_0001"], [2, 0])


def test_a_seen_image_is_known_under_another_name_and_in_another_container(
    data: Path, split: Split, make_bundle: MakeBundle, make_analyser: MakeAnalyser
) -> None:
    analyser = make_analyser(make_bundle(seen=hashes(data / SECOND)))
    for path in (data / SECOND).glob(f"{SECOND}_?.tif"):
        Image.fromarray(tifffile.imread(path)).save(path.with_suffix(".png"))
        path.unlink()
    with pytest.raises(InputError, match="TCGA_BB_0002"):
        evaluate_side(data, split, analyser)


def test_padding_is_nobodys(data: Path, split: Split, make_bundle: MakeBundle, make_analyser: MakeAnalyser) -> None:
    blank = np.zeros((64, 64, 3), np.uint8)
    tifffile.imwrite(data / FIRST / f"{FIRST}_2.tif", blank, photometric="rgb")
    record = evaluate_side(data, split, make_analyser(make_bundle(seen=[pixel_hash(blank)]))).record
    assert (record.sample, record.data.seen_slices) == ("unseen", 0)


def test_allowing_what_was_not_seen_changes_nothing(data: Path, split: Split, analyser: Analyser) -> None:
    assert evaluate_side(data, split, analyser, allow_seen=True).record.sample == "unseen"


def test_a_slice_without_truth_is_refused(data: Path, split: Split, analyser: Analyser) -> None:
    (data / FIRST / f"{FIRST}_2_mask.tif").unlink()
    with pytest.raises(InputError, match=rf"{FIRST}_2.tif: a slice must have a true mask"):
        evaluate_side(data, split, analyser)


def test_a_damaged_image_is_refused(data: Path, split: Split, analyser: Analyser) -> None:
    (data / FIRST / f"{FIRST}_2.tif").write_bytes(b"II*\0")
    with pytest.raises(InputError, match=rf"{FIRST}_2.tif"):
        evaluate_side(data, split, analyser)


@pytest.mark.parametrize(
    ("changes", "side", "message"),
    [
        ({}, "validation", "the validation side of the split must have patients, received none"),
        ({}, "tset", "side must be one of train, validation, test, received 'tset'"),
        ({"test": (FIRST, "TCGA_CC_0009_20000109")}, "test", "1 of 2 are not: TCGA_CC_0009"),
    ],
)
def test_a_split_that_does_not_fit_is_refused(
    data: Path, split: Split, analyser: Analyser, changes: dict[str, Any], side: str, message: str
) -> None:
    with pytest.raises(SplitError, match=message):
        evaluate_side(data, replace(split, **changes), analyser, side=side)


def test_a_phantom_is_no_evidence(data: Path, split: Split, analyser: Analyser) -> None:
    name = "PHANTOM_LS_0001_19000101"
    (data / FIRST).rename(data / name)
    record = evaluate_side(data, replace(split, test=(name, SECOND)), analyser).record
    assert (record.sample, record.data.seen_slices) == ("phantom", 0)
    assert record.stamp is not None
    assert "drawn by a program. The figures are no evidence" in record.stamp


def test_a_split_by_slice_leaks_and_says_so(data: Path, split: Split, analyser: Analyser) -> None:
    slices = [f"{name}/{name}_{number}.tif" for name in (FIRST, SECOND) for number in (1, 2, 3)]
    leaky = replace(split, strategy="slice", train=tuple(slices[1::2]), test=tuple(slices[::2]))
    record = evaluate_side(data, leaky, analyser).record
    assert (record.sample, record.split.strategy, record.data.slices) == ("leaky", "slice", 3)
    assert [one.dice for one in record.patients] == pytest.approx([2 * 100 / 225, 0.0])
    assert record.stamp is not None
    assert "other slices of the patients scored here. The figures are no evidence" in record.stamp


def test_two_folders_of_one_patient_are_one_patient(data: Path, split: Split, analyser: Analyser) -> None:
    (data / SECOND).rename(data / "TCGA_AA_0001_20020202")
    for path in (data / "TCGA_AA_0001_20020202").iterdir():
        path.rename(path.with_name(path.name.replace(SECOND, "TCGA_AA_0001_20020202")))
    assert len(patients(data)) == 3
    evaluation = evaluate_side(data, replace(split, test=(FIRST, "TCGA_AA_0001_20020202")), analyser)
    assert (evaluation.record.data.patients, evaluation.record.data.slices) == (1, 6)
    assert evaluation.record.figures["dice_mean"].value == pytest.approx(2 * 150 / (225 + 216))
    assert evaluation.record.figures["dice_mean"].low is None


@pytest.mark.realdata
def test_real_patients_are_counted_as_their_masks_say(
    lgg_root: Path, make_bundle: MakeBundle, make_analyser: MakeAnalyser
) -> None:
    names = tuple(sorted(one.name for one in lgg_root.iterdir() if one.is_dir())[:2])
    split = Split(train=("TCGA_ZZ_0000_20000101",), validation=(), test=names)
    evaluation = evaluate_side(lgg_root, split, make_analyser(make_bundle()), resamples=10)
    for name, one in zip(names, evaluation.patients, strict=True):
        masks = {path.name: tifffile.imread(path) > 0 for path in (lgg_root / name).glob("*_mask.tif")}
        counted = {f"{Path(scored.file).stem}_mask.tif": scored.true_px for scored in one.slices}
        assert counted == {file: int(mask.sum()) for file, mask in masks.items()}
    figures = evaluation.record.figures
    assert figures["auc"].slices == evaluation.record.data.slices == sum(len(one.slices) for one in evaluation.patients)
    seen = [pixel_hash(tifffile.imread(lgg_root / names[1] / f"{names[1]}_{number}.tif")) for number in (1, 2, 3)]
    with pytest.raises(InputError, match=f"received 3 such slices of .* of 1 patients: {names[1][:12]} "):
        evaluate_side(lgg_root, split, make_analyser(make_bundle("other", seen=seen)))
